"""The new background's light, which comes around the person's edges as behind a real one it would.

The background is reduced to a handful of pixels and comes up again smoothly (a cubic B-spline), in linear
light: what is left of it is where it is bright, and of which colour.  Where the room is near
(:mod:`rvm_core.kernels.spill`) the person takes a share k of that light, as a screen blend does, which is
never brighter than white:

    c + k * light * max(alpha - c, 0)        of premultiplied colours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.srgb import DECODE

LIGHT_LONG_SIDE = 24
"""Pixels: what is left of the background's longer side."""


def light_of(background: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The light of `background`, uint8 [H, W, 3|4] sRGB: linear, float32 [h, w, 3], of a handful of pixels.

    Area means of the encoded values, in whole steps, as the OBS filter's graphics card makes them.
    Any thread.  Raises PictureError for other shapes or dtypes.
    """
    from rvm_core.opencv import cv2

    height, width = size_of("The background", background)
    long_side = max(width, height)
    size = max(1, width * LIGHT_LONG_SIDE // long_side), max(1, height * LIGHT_LONG_SIDE // long_side)
    reduced = cv2.resize(background, size, interpolation=cv2.INTER_AREA)
    return DECODE[np.asarray(reduced, np.uint8)[..., :3]]


@kernel
def spline(at: float, weights: NDArray[np.float32]) -> int:
    """The first of the four pixels that count at the place `at`; how much each does in `weights`.  Jitted."""
    whole = np.floor(at)
    f = at - whole
    weights[0] = (1.0 - f) ** 3 / 6.0
    weights[1] = (4.0 - 6.0 * f**2 + 3.0 * f**3) / 6.0
    weights[3] = f**3 / 6.0
    weights[2] = 1.0 - weights[0] - weights[1] - weights[3]
    return int(whole) - 1


@kernel
def light_line(
    light: NDArray[np.float32], at: float, weights: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Write the row at height `at` of `light` [h, w, 3] into `out` [w, 3].  Jitted."""
    rows, columns = light.shape[:2]
    first = spline(at, weights)
    for x in range(columns):
        for c in range(3):
            value = np.float32(0.0)
            for k in range(4):
                value += weights[k] * light[min(max(first + k, 0), rows - 1), x, c]
            out[x, c] = value
