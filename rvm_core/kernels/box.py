"""A running mean: the same time whatever the window.  Two of them in each direction are smooth enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._jit import kernel


@kernel
def box(source: NDArray[np.float32], target: NDArray[np.float32], radius: int) -> None:
    """The mean of `source` [h, w, n] along its first axis, transposed into `target` [w, h, n].  Jitted.

    Over 2 * radius + 1 pixels; the window ends at the picture's edge.
    """
    height, width, channels = source.shape
    total = np.zeros((width, channels), np.float64)  # a running sum in single precision drifts
    for y in range(min(radius, height)):
        for x in range(width):
            for c in range(channels):
                total[x, c] += source[y, x, c]
    for y in range(height):
        entering, leaving = y + radius, y - radius - 1
        count = min(entering, height - 1) - max(leaving + 1, 0) + 1
        for x in range(width):
            for c in range(channels):
                value = total[x, c]
                if entering < height:
                    value += source[entering, x, c]
                if leaving >= 0:
                    value -= source[leaving, x, c]
                total[x, c] = value
                target[x, y, c] = value / count
