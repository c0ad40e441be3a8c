"""The sRGB transfer curve as tables (IEC 61966-2-1)."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rvm_core.kernels._jit import kernel


def _eotf(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    low = encoded / 12.92
    high = ((encoded + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high)


DECODE_FINE = _eotf(np.linspace(0.0, 1.0, 1025)).astype(np.float32)
"""Linear light at 1025 even steps, float32: interpolated, the error stays below 1e-6."""


LUMA = (0.2126, 0.7152, 0.0722)
"""Shares of red, green and blue in the luminance of linear light (ITU-R BT.709)."""


class Tables(NamedTuple):
    """The curve for pictures of one depth, whose brightest value is the last index.

    light: float32, linear light of each value.  root: float32, its root.
    encoded: the value of linear light by its root, in even steps: finer near black, where the curve is steep.
    """

    light: NDArray[np.float32]
    root: NDArray[np.float32]
    encoded: NDArray[Any]


@cache
def tables(dtype: DTypeLike) -> Tables:
    """The tables for pictures of `dtype`: uint8 or uint16."""
    brightest = int(np.iinfo(dtype).max)
    light = _eotf(np.linspace(0.0, 1.0, brightest + 1))
    linear = np.linspace(0.0, 1.0, 16 * 256 + 1 if brightest < 256 else brightest + 1) ** 2
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return Tables(
        light.astype(np.float32),
        np.sqrt(light).astype(np.float32),
        np.rint(encoded * brightest).astype(dtype),
    )


DECODE, _, ENCODE_ROOT = tables(np.uint8)
"""Those of 8-bit pictures: float32 [256] and uint8 [4097]."""


@kernel
def decode(encoded: float, table: NDArray[np.float32]) -> float:
    """Linear light 0..1 of an sRGB value (clamped to 0..1, NaN is 0) by DECODE_FINE.  Jitted."""
    # Written so that NaN, which no comparison holds for, cannot become an index.
    position = (min(encoded, 1.0) if encoded > 0.0 else 0.0) * (table.size - 1)
    index = min(int(position), table.size - 2)
    part = position - index
    value: float = table[index] * (1.0 - part) + table[index + 1] * part
    return value
