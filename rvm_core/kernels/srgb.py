"""The sRGB transfer curve as tables (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._jit import kernel

ENCODE_STEPS = 4096


def _eotf(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    low = encoded / 12.92
    high = ((encoded + 0.055) / 1.055) ** 2.4
    return np.where(encoded <= 0.04045, low, high)


DECODE = _eotf(np.linspace(0.0, 1.0, 256)).astype(np.float32)
"""Linear light of each 8-bit value, float32 [256]."""

DECODE_FINE = _eotf(np.linspace(0.0, 1.0, 1025)).astype(np.float32)
"""Linear light at 1025 even steps, float32: interpolated, the error stays below 1e-6."""

# Finer near black, where the curve is steep: entry k stands for linear (k / ENCODE_STEPS)^2.
_linear = np.linspace(0.0, 1.0, ENCODE_STEPS + 1) ** 2
_encoded = np.where(_linear <= 0.0031308, _linear * 12.92, 1.055 * _linear ** (1 / 2.4) - 0.055)
ENCODE_ROOT = np.rint(_encoded * 255.0).astype(np.uint8)
"""8-bit value of linear light by its square root, uint8 [ENCODE_STEPS + 1]."""


@kernel
def decode(encoded: float, table: NDArray[np.float32]) -> float:
    """Linear light 0..1 of an sRGB value (clamped to 0..1, NaN is 0) by DECODE_FINE.  Jitted."""
    # Written so that NaN, which no comparison holds for, cannot become an index.
    position = (min(encoded, 1.0) if encoded > 0.0 else 0.0) * (table.size - 1)
    index = min(int(position), table.size - 2)
    part = position - index
    value: float = table[index] * (1.0 - part) + table[index + 1] * part
    return value
