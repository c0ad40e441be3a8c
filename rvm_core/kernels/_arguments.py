"""Checks that every kernel makes of its arguments: a jitted core does not look at bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rvm_core.errors import PictureError

DEPTHS: tuple[DTypeLike, ...] = (np.uint8, np.uint16)
"""Of pictures at their full size; the network and what goes with it sees 8 bits."""


def check(name: str, array: NDArray[Any], dtype: DTypeLike, shape: tuple[int | tuple[int, ...], ...]) -> None:
    """Raise PictureError unless `array` has `dtype` and `shape`; a tuple lists the sizes allowed."""
    wrong = not isinstance(array, np.ndarray) or array.dtype != np.dtype(dtype) or array.ndim != len(shape)
    if not wrong:
        for found, wanted in zip(array.shape, shape, strict=True):
            allowed = wanted if isinstance(wanted, tuple) else (wanted,)
            wrong = wrong or found not in allowed
    if wrong:
        found_text = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise PictureError(f"{name} is {found_text}.", f"Give {np.dtype(dtype)} {shape}.")


def size_of(name: str, picture: NDArray[Any], dtypes: tuple[DTypeLike, ...] = (np.uint8,)) -> tuple[int, int]:
    """(h, w) of a picture [h, w, 3|4] of one of `dtypes` with at least one pixel; raises PictureError."""
    if not isinstance(picture, np.ndarray) or picture.ndim != 3 or 0 in picture.shape:
        found = getattr(picture, "shape", type(picture).__name__)
        raise PictureError(f"{name} is {found}.", "Give a picture of height x width x 3 or 4.")
    height, width = picture.shape[:2]
    check(name, picture, picture.dtype if picture.dtype in dtypes else dtypes[0], (height, width, (3, 4)))
    return height, width


def check_small(name: str, array: NDArray[Any], channels: int) -> tuple[int, int]:
    """(h, w) of `array`, float32 [h, w, channels] with at least one pixel; raises PictureError."""
    found = array.shape[:2] if isinstance(array, np.ndarray) and array.ndim == 3 and array.size else (1, 1)
    check(name, array, np.float32, (*found, channels))
    return found[0], found[1]
