"""From interleaved bytes to the planes that a network reads, in the light and the calm that it knows.

The noise is taken out by a Wiener filter of 3 x 3 pixels, as in Lim, Two-Dimensional Signal and Image
Processing, 1990: towards the mean of the neighbours, as far as noise explains how much they differ.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel


@kernel
def _to_planes(
    picture: NDArray[np.uint8], left: int, top: int, gain: float, out: NDArray[np.float32]
) -> None:
    scale = np.float32(gain / 255.0)
    one = np.float32(1.0)
    last_x, last_y = picture.shape[1] - 1, picture.shape[0] - 1
    for y in range(out.shape[2]):
        from_y = min(top + y, last_y)
        for x in range(out.shape[3]):
            from_x = min(left + x, last_x)
            out[0, 0, y, x] = min(picture[from_y, from_x, 0] * scale, one)
            out[0, 1, y, x] = min(picture[from_y, from_x, 1] * scale, one)
            out[0, 2, y, x] = min(picture[from_y, from_x, 2] * scale, one)


@kernel
def _to_calm_planes(
    picture: NDArray[np.uint8], left: int, top: int, gain: float, variance: float, out: NDArray[np.float32]
) -> None:
    scale = np.float32(gain / 255.0)
    one = np.float32(1.0)
    last_x, last_y = picture.shape[1] - 1, picture.shape[0] - 1
    mean = np.zeros(3, np.float32)
    for y in range(out.shape[2]):
        from_y = min(top + y, last_y)
        for x in range(out.shape[3]):
            from_x = min(left + x, last_x)
            spread = np.float32(0.0)
            for c in range(3):
                total, squares = 0, 0
                for v in range(-1, 2):
                    near_y = min(max(from_y + v, 0), last_y)
                    for u in range(-1, 2):
                        value = int(picture[near_y, min(max(from_x + u, 0), last_x), c])
                        total += value
                        squares += value * value
                mean[c] = np.float32(total) / np.float32(9.0)
                spread += np.float32(9 * squares - total * total) / np.float32(3.0 * 81.0)
            kept = max(spread - np.float32(variance), np.float32(0.0)) / max(spread, np.float32(1e-3))
            for c in range(3):
                value = mean[c] + (picture[from_y, from_x, c] - mean[c]) * kept
                out[0, c, y, x] = min(np.float32(value) * scale, one)


def to_planes(
    picture: NDArray[np.uint8],
    left: int,
    top: int,
    out: NDArray[np.float32],
    gain: float = 1.0,
    noise: float = 0.0,
) -> None:
    """Write RGB 0..1 of a rectangle of `picture`, times `gain`, into `out`.

    Beyond the picture's last row and column those repeat; nothing exceeds 1.  What differs from its
    neighbours by no more than `noise`, a standard deviation of 255, is taken for noise and smoothed.

    picture: uint8 [h, w, 3|4] RGB(A), may be a strided view; a fourth channel is ignored.
    left, top: pixels >= 0.  out: float32 [1, 3, oh, ow], any size.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    size_of("The picture", picture)
    check("The planes", out, np.float32, (1, 3, *out.shape[2:]))
    if left < 0 or top < 0:
        raise PictureError(f"The rectangle begins at {left}, {top}.", "Begin inside the picture.")
    if noise > 0.0:
        _to_calm_planes(picture, left, top, float(gain), float(noise) ** 2, out)
    else:
        _to_planes(picture, left, top, float(gain), out)
