"""Pictures of 8 and of 16 bits a channel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def in_8_bits(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """`picture`, uint8 or uint16, as uint8; itself where it is."""
    return np.asarray(picture if picture.dtype == np.uint8 else picture >> 8, np.uint8)


def in_depth(picture: NDArray[np.uint8], dtype: DTypeLike) -> NDArray[Any]:
    """`picture` as `dtype`, uint8 or uint16: white stays white."""
    return picture if picture.dtype == dtype else picture.astype(dtype) * np.asarray(257, dtype)


def steps(unit: NDArray[np.float32], dtype: DTypeLike) -> NDArray[Any]:
    """0..1 in whole steps of `dtype`."""
    return np.asarray(np.rint(unit * np.float32(np.iinfo(dtype).max)), dtype)
