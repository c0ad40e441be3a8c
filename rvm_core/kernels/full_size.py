"""Alpha and the person's own colour at the picture's full size, in one pass over its pixels.

The small matte and its detail come up bilinearly, between pixel centres.  Alpha then follows the picture
(:mod:`rvm_core.kernels.upscale`) and edges take the person's colour (:mod:`rvm_core.kernels.foreground`).
The shader of the OBS filter computes the same, at most one step of 255 apart (``obs_filter/effect.py``).

Most of a picture is all person or all room: where the small matte says so on all sides, nothing is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import DEPTHS, check, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.foreground import PICTURE_FROM, diffused_foreground
from rvm_core.kernels.srgb import tables
from rvm_core.kernels.upscale import LEAST_ALPHA, fit_detail


@kernel
def _enlarged_row(small: NDArray[np.float32], at: float, out: NDArray[np.float32]) -> None:
    """Write the row at height `at` of `small` [h, w, 4] into `out` [w + 2, 4], its ends repeated."""
    height, width = small.shape[:2]
    above = int(np.floor(at))
    share = np.float32(at - above)
    y0, y1 = min(max(above, 0), height - 1), min(max(above + 1, 0), height - 1)
    for x in range(width):
        for c in range(4):
            out[x + 1, c] = small[y0, x, c] + share * (small[y1, x, c] - small[y0, x, c])
    out[0] = out[1]
    out[width + 1] = out[width]


@kernel
def _full_size(
    picture: NDArray[Any],
    matte: NDArray[np.float32],
    detail: NDArray[np.float32],
    light: NDArray[np.float32],
    root: NDArray[np.float32],
    encoded: NDArray[Any],
    alpha: NDArray[np.float32],
    foreground: NDArray[Any],
) -> None:
    height, width = picture.shape[:2]
    rows, columns = matte.shape[:2]
    steps = encoded.size - 1
    front, slope = np.empty((columns + 2, 4), np.float32), np.empty((columns + 2, 4), np.float32)
    colour = np.empty(3, np.float32)
    scale = columns / width
    for y in range(height):
        at = (y + 0.5) * rows / height - 0.5
        _enlarged_row(matte, at, front)
        _enlarged_row(detail, at, slope)
        x = 0
        for u in range(columns + 1):
            # the pixels that lie between the small ones `u` - 1 and `u`
            end = width if u == columns else min(width, int(np.ceil((u + 0.5) / scale - 0.5)))
            low, high = front[u, 3], front[u + 1, 3]
            if not (low > 0.0 or high > 0.0):
                for i in range(x, end):
                    alpha[y, i] = 0.0
                    for c in range(3):
                        foreground[y, i, c] = 0
                x = max(x, end)
                continue
            if low >= 1.0 and high >= 1.0:
                for i in range(x, end):
                    alpha[y, i] = 1.0
                    for c in range(3):
                        foreground[y, i, c] = picture[y, i, c]
                x = max(x, end)
                continue
            for i in range(x, end):
                part = np.float32((i + 0.5) * scale + 0.5 - u)
                a = low + part * (high - low)
                change = slope[u, 3] + part * (slope[u + 1, 3] - slope[u, 3])
                for c in range(3):
                    colour[c] = front[u, c] + part * (front[u + 1, c] - front[u, c])
                    steep = slope[u, c] + part * (slope[u + 1, c] - slope[u, c])
                    change += steep * root[picture[y, i, c]]
                # what is surely person or surely room stays so
                room = a * (np.float32(1.0) - a)
                shown = a + min(max(change, -room), room)
                alpha[y, i] = shown
                share = min(max((shown - PICTURE_FROM) / (1.0 - PICTURE_FROM), 0.0), 1.0)
                share = share * share * (3.0 - 2.0 * share)
                for c in range(3):
                    own = colour[c] / max(a, np.float32(LEAST_ALPHA))
                    seen = light[picture[y, i, c]]
                    mixed = min(max(own + (seen - own) * share, 0.0), 1.0)
                    foreground[y, i, c] = encoded[int(np.sqrt(mixed) * steps + 0.5)]
            x = max(x, end)


def small_matte(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    foreground: NDArray[np.float32],
    enlargement: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(matte, detail), each float32 [h, w, 4]: what :func:`full_size` and the shader make the whole of.

    picture: uint8 [h, w, 3|4] sRGB, as the network saw it.  alpha: float32 [h, w] and foreground: float32
    [3, h, w] sRGB, 0..1, as it gave them.  enlargement: how many times wider the full-size picture is.
    Any thread, no GIL in the kernels.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    matte, detail = np.empty((2, height, width, 4), np.float32)
    diffused_foreground(alpha, foreground, matte)
    fit_detail(picture, alpha, enlargement, detail)
    return matte, detail


def full_size(
    picture: NDArray[Any],
    matte: NDArray[np.float32],
    detail: NDArray[np.float32],
    alpha: NDArray[np.float32],
    foreground: NDArray[Any],
) -> None:
    """Write the alpha and the straight colour of the person in `picture`.

    picture: uint8 or uint16 [H, W, 3|4] sRGB; may be a strided view.
    matte, detail: float32 [h, w, 4], of :func:`small_matte` for the picture reduced by area means.
    alpha: float32 [H, W], written, 0..1.  foreground: [H, W, 3] of the picture's dtype, written, sRGB; black
    where alpha is 0.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture, DEPTHS)
    rows, columns = matte.shape[:2] if matte.ndim == 3 and 0 not in matte.shape else (1, 1)
    check("The matte", matte, np.float32, (rows, columns, 4))
    check("The detail", detail, np.float32, (rows, columns, 4))
    check("The alpha", alpha, np.float32, (height, width))
    check("The foreground", foreground, picture.dtype, (height, width, 3))
    known = tables(picture.dtype)
    _full_size(picture, matte, detail, known.light, known.root, known.encoded, alpha, foreground)
