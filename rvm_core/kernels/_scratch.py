"""Memory that kernels need for the length of one picture, kept for the next one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Scratch:
    """Arrays by name, made when they are first asked for and again for another size.  One thread."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[np.float32]] = {}

    def floats(self, name: str, *shape: int) -> NDArray[np.float32]:
        """The array `name`, float32 of `shape`, holding whatever was left in it."""
        found = self._arrays.get(name)
        if found is None or found.shape != shape:
            found = self._arrays[name] = np.empty(shape, np.float32)
        return found
