"""What the network remembers of the pictures before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rvm_core.matting import session


class RecurrentState:
    """r1..r4 of one stream of pictures, kept as onnxruntime's own values so that no frame copies them.

    States of another size, ratio or model are worthless: whoever changes one resets.  One thread.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._zero = np.zeros((1, 1, 1, 1), dtype)
        self._values: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        """Forget everything: zeros [1, 1, 1, 1], which the graph broadcasts."""
        self._values = {name: session.value(self._zero) for name in session.STATE_INPUTS}

    def feeds(self) -> Mapping[str, Any]:
        """The four inputs by name."""
        return self._values

    def advance(self, outputs: Mapping[str, Any]) -> None:
        """Take the four states out of the network's `outputs`."""
        self._values = {
            into: outputs[out] for into, out in zip(session.STATE_INPUTS, session.STATE_OUTPUTS, strict=True)
        }
