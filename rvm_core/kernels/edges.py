"""Edges moved and softened, by amounts that a slider can change without a jump.

A shift is grey-level morphology with a disc: each pixel takes the highest alpha within the radius (or, of
room instead of person, the lowest).  The disc is a stack of chords at heights between the rows, bilinear like
their ends, so the radius need not be a whole number.

A feather adds a ramp and takes nothing away: alpha becomes max(alpha, P ** 2), where P is the dilation by a
parabola,

    P(p) = max over q of alpha(q) - |p - q| ** 2 / feather ** 2,

which is separable (van den Boomgaard, Dorst, Makram-Ebeid, Schavemaker, Quadratic structuring functions in
mathematical morphology, 1996).  Beside a straight edge that is (1 - (d / feather) ** 2) ** 2 at the distance
d: level at both of its ends.  Below 0 the same happens to 1 - alpha, so the ramp lies inside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels._scratch import Scratch
from rvm_core.kernels.srgb import DECODE

MAX_REACH_PX = 64.0
_LEAST_CHORDS = 4
"""To each side of the middle one: the disc is round to a fiftieth of its radius."""
_CHORDS_PER_PX = 1.6
"""Of radius: no two of them are further than a pixel apart."""


def chords(radius_px: float) -> NDArray[np.float32]:
    """(height below the middle, half the length) of each chord of a disc, float32 [n, 2]."""
    count = max(_LEAST_CHORDS, int(np.ceil(_CHORDS_PER_PX * radius_px)))
    turns = np.linspace(-np.pi / 2, np.pi / 2, 2 * count + 1)
    return (radius_px * np.stack([np.sin(turns), np.cos(turns)], axis=1)).astype(np.float32)


@kernel
def _spread_rows(source: NDArray[np.float32], costs: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """out[y, x] = max over k of source[y, x + k] - costs[abs(k)]."""
    height, width = source.shape
    for y in range(height):
        line, best = source[y], out[y]
        for x in range(width):
            best[x] = line[x]
        for k in range(1, min(costs.size, width)):
            cost = costs[k]
            left, right = line[: width - k], line[k:]
            below, above = best[: width - k], best[k:]
            for x in range(left.size):
                value = left[x] - cost
                above[x] = value if value > above[x] else above[x]
            for x in range(right.size):
                value = right[x] - cost
                below[x] = value if value > below[x] else below[x]


@kernel
def _spread_columns(
    source: NDArray[np.float32], costs: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """out[y, x] = max over k of source[y + k, x] - costs[abs(k)]."""
    height, width = source.shape
    for y in range(height):
        best = out[y]
        for x in range(width):
            best[x] = source[y, x]
        for v in range(max(y - costs.size + 1, 0), min(y + costs.size, height)):
            cost = costs[abs(v - y)]
            line = source[v]
            for x in range(width):
                value = line[x] - cost
                best[x] = value if value > best[x] else best[x]


@kernel
def _raise(
    best: NDArray[np.float32], line: NDArray[np.float32], other: NDArray[np.float32], part: np.float32
) -> None:
    """Raise `best` to what lies `part` of the way from `line` to `other`, where that is more."""
    for x in range(best.size):
        value = line[x] + part * (other[x] - line[x])
        best[x] = value if value > best[x] else best[x]


@kernel
def _dilate(alpha: NDArray[np.float32], disc: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """The highest alpha within the `disc` around each pixel; the picture's edge is repeated."""
    height, width = alpha.shape
    pad = int(disc[:, 1].max()) + 1
    line = np.empty(width + 2 * pad, np.float32)
    middle = line[pad : pad + width]
    for y in range(height):
        best = out[y]
        best[:] = 0.0
        for i in range(disc.shape[0]):
            at = min(max(y + disc[i, 0], np.float32(0.0)), np.float32(height - 1))
            above = int(at)
            part = np.float32(at - above)
            upper, lower = alpha[above], alpha[min(above + 1, height - 1)]
            for x in range(width):
                middle[x] = upper[x] + part * (lower[x] - upper[x])
            line[:pad], line[pad + width :] = line[pad], line[pad + width - 1]
            whole = int(disc[i, 1])
            for k in range(pad - whole, pad + whole + 1):
                _raise(best, line[k:], line[k:], np.float32(0.0))
            part = np.float32(disc[i, 1] - whole)
            _raise(best, line[pad - whole :], line[pad - whole - 1 :], part)
            _raise(best, line[pad + whole :], line[pad + whole + 1 :], part)


@kernel
def _add_picture(
    picture: NDArray[np.uint8],
    shown: NDArray[np.float32],
    light: NDArray[np.float32],
    matte: NDArray[np.float32],
) -> None:
    for y in range(shown.shape[0]):
        for x in range(shown.shape[1]):
            added = shown[y, x] - matte[y, x, 3]
            if added > 0.0:
                for c in range(3):
                    matte[y, x, c] += added * light[picture[y, x, c]]
                matte[y, x, 3] = shown[y, x]


def add_picture(picture: NDArray[np.uint8], shown: NDArray[np.float32], matte: NDArray[np.float32]) -> None:
    """Bring a matte up to the alpha `shown` by colours of the `picture` as it is; in place.

    What an edge that moves outward adds is a part of the room, asked for, and no part of the person.
    picture: uint8 [h, w, 3|4] sRGB; may be a strided view.  shown: float32 [h, w], 0..1.
    matte: float32 [h, w, 4], premultiplied linear light.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    check("The alpha", shown, np.float32, (height, width))
    check("The matte", matte, np.float32, (height, width, 4))
    _add_picture(picture, shown, DECODE, matte)


@kernel
def _feather(
    alpha: NDArray[np.float32], spread: NDArray[np.float32], is_inward: bool, out: NDArray[np.float32]
) -> None:
    """out = max(alpha, spread ** 2), turned round where alpha stands for room."""
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            ramp = spread[y, x] * spread[y, x]
            found = ramp if ramp > alpha[y, x] else alpha[y, x]
            out[y, x] = np.float32(1.0) - found if is_inward else found


def edit_alpha(
    alpha: NDArray[np.float32],
    shift_px: float,
    feather_px: float,
    out: NDArray[np.float32],
    scratch: Scratch | None = None,
) -> None:
    """Write `alpha` with its edges moved by `shift_px` and then softened over `feather_px` into `out`.

    alpha: float32 [h, w], 0..1.  out: the same, another array.
    shift_px, feather_px: pixels of alpha, outward above 0 and inward below, held to 64.
    scratch: memory that is kept from one picture to the next.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes, or values that are not finite.
    """
    height, width = alpha.shape if isinstance(alpha, np.ndarray) and alpha.ndim == 2 else (0, 0)
    check("The alpha", alpha, np.float32, (height, width))
    check("The result", out, np.float32, (height, width))
    if not (np.isfinite(shift_px) and np.isfinite(feather_px)):
        raise PictureError(f"Shift {shift_px} and feather {feather_px}.", "Give finite numbers.")
    scratch = scratch or Scratch()
    shift_px, feather_px = (min(max(v, -MAX_REACH_PX), MAX_REACH_PX) for v in (shift_px, feather_px))
    shifted = alpha
    if shift_px:
        shifted = scratch.floats("edges shifted", height, width)
        _shift(alpha, shift_px, shifted, scratch)
    if feather_px:
        _soften(shifted, feather_px, out, scratch)
    else:
        out[...] = shifted


def _shift(alpha: NDArray[np.float32], shift_px: float, out: NDArray[np.float32], scratch: Scratch) -> None:
    disc = chords(abs(shift_px))
    if shift_px > 0:
        _dilate(alpha, disc, out)
        return
    turned = scratch.floats("edges turned", *alpha.shape)
    np.subtract(1, alpha, out=turned)
    _dilate(turned, disc, out)
    np.subtract(1, out, out=out)


def _soften(
    alpha: NDArray[np.float32], feather_px: float, out: NDArray[np.float32], scratch: Scratch
) -> None:
    rows, spread, turned = (
        scratch.floats(f"edges {name}", *alpha.shape) for name in ("rows", "all", "turned")
    )
    if feather_px < 0:
        np.subtract(1, alpha, out=turned)
        alpha = turned
    reach = np.arange(int(np.ceil(abs(feather_px))), dtype=np.float64)
    costs = ((reach / feather_px) ** 2).astype(np.float32)
    _spread_rows(alpha, costs, rows)
    _spread_columns(rows, costs, spread)
    _feather(alpha, spread, feather_px < 0, out)
