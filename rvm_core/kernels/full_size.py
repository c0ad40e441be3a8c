"""Alpha and the person's own colour at the picture's full size, in one pass over its pixels.

The small matte and its detail come up bilinearly, between pixel centres.  Alpha then follows the picture
(:mod:`rvm_core.kernels.upscale`) and edges take the person's colour (:mod:`rvm_core.kernels.foreground`).
Then the edges may be made harder, and lose the room's colour (:mod:`rvm_core.kernels.spill`).
The shader of the OBS filter computes the same, at most one step of 255 apart (``obs_filter/effect.py``).

Most of a picture is all person or all room: where the small matte says so on all sides, nothing is computed,
but for the room's colour inside the person.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import DEPTHS, check, check_small, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.foreground import PICTURE_FROM, diffused_foreground
from rvm_core.kernels.srgb import tables
from rvm_core.kernels.upscale import LEAST_ALPHA, fit_detail

CONTRAST_SHARE = 0.95
"""Of what would make a step of an edge, at contrast 1."""

_NO_EDGE = np.empty((0, 0, 4), np.float32)


def contrast_gain(contrast: float) -> float:
    """How many times steeper alpha is around one half, at `contrast` 0..1."""
    return 1.0 / (1.0 - CONTRAST_SHARE * contrast)


@kernel
def enlarged_row(small: NDArray[np.float32], at: float, out: NDArray[np.float32]) -> None:
    """Write the row at height `at` of `small` [h, w, 4] into `out` [w + 2, 4], its ends repeated.  Jitted."""
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
def _without_spill(colour: NDArray[np.float64], way: NDArray[np.float32]) -> None:
    """Take from `colour`, linear light, what of its chroma goes the `way` of the room's."""
    luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]
    along = 0.0
    for c in range(3):
        along += (colour[c] - luma) * way[c]
    if along > 0.0:
        for c in range(3):
            colour[c] = min(max(colour[c] - along * way[c], 0.0), 1.0)


@kernel
def _full_size(
    picture: NDArray[Any],
    matte: NDArray[np.float32],
    detail: NDArray[np.float32],
    edge: NDArray[np.float32],
    gain: float,
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
    spill = np.zeros((columns + 2, 4), np.float32)
    colour, way, mixed = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float64)
    has_edge = edge.shape[0] > 0
    scale = columns / width
    for y in range(height):
        at = (y + 0.5) * rows / height - 0.5
        enlarged_row(matte, at, front)
        enlarged_row(detail, at, slope)
        if has_edge:
            enlarged_row(edge, at, spill)
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
            spills = False
            if has_edge:
                for c in range(3):
                    spills = spills or spill[u, c] != 0.0 or spill[u + 1, c] != 0.0
            if low >= 1.0 and high >= 1.0 and not spills:
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
                if gain > 1.0:
                    shown = min(max((shown - np.float32(0.5)) * gain + np.float32(0.5), 0.0), 1.0)
                alpha[y, i] = shown
                if gain > 1.0 and shown == 0.0:
                    for c in range(3):
                        foreground[y, i, c] = 0
                    continue
                share = min(max((shown - PICTURE_FROM) / (1.0 - PICTURE_FROM), 0.0), 1.0)
                share = share * share * (3.0 - 2.0 * share)
                for c in range(3):
                    own = colour[c] / max(a, np.float32(LEAST_ALPHA))
                    seen = light[picture[y, i, c]]
                    mixed[c] = min(max(own + (seen - own) * share, 0.0), 1.0)
                if spills:
                    for c in range(3):
                        way[c] = spill[u, c] + part * (spill[u + 1, c] - spill[u, c])
                    _without_spill(mixed, way)
                for c in range(3):
                    foreground[y, i, c] = encoded[int(np.sqrt(mixed[c]) * steps + 0.5)]
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
    *,
    edge: NDArray[np.float32] | None = None,
    contrast: float = 0.0,
) -> None:
    """Write the alpha and the straight colour of the person in `picture`.

    picture: uint8 or uint16 [H, W, 3|4] sRGB; may be a strided view.
    matte, detail: float32 [h, w, 4], of :func:`small_matte` for the picture reduced by area means.
    alpha: float32 [H, W], written, 0..1.  foreground: [H, W, 3] of the picture's dtype, written, sRGB; black
    where alpha is 0.
    edge: float32 [h, w, 4], of :func:`rvm_core.kernels.spill.spill_and_wrap`; None: the colours stay.
    contrast: 0..1, how much harder the edges become.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture, DEPTHS)
    rows, columns = check_small("The matte", matte, 4)
    check("The detail", detail, np.float32, (rows, columns, 4))
    if edge is None:
        edge = _NO_EDGE
    else:
        check("The edge", edge, np.float32, (rows, columns, 4))
    check("The alpha", alpha, np.float32, (height, width))
    check("The foreground", foreground, picture.dtype, (height, width, 3))
    known = tables(picture.dtype)
    gain = contrast_gain(min(max(contrast, 0.0), 1.0))
    _full_size(picture, matte, detail, edge, gain, known.light, known.root, known.encoded, alpha, foreground)
