"""Edges moved and softened, by amounts that a slider can change without a jump.

A shift is grey-level morphology with a disc: each pixel takes the highest alpha within the radius (or, of
room instead of person, the lowest).  The disc is looked at on rings a pixel apart, bilinearly, so the radius
need not be a whole number.

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
from rvm_core.kernels._arguments import check
from rvm_core.kernels._jit import kernel
from rvm_core.kernels._scratch import Scratch

DIRECTIONS = 32
"""Places looked at on the outermost ring, and half as many on each within, which serve what is thin."""
MAX_REACH_PX = 64.0

# In an order in which any few of them look everywhere: that ends most searches early.
_ORDER = [int(f"{number:05b}"[::-1], 2) for number in range(DIRECTIONS)]
_TURNS = 2 * np.pi * np.array(_ORDER) / DIRECTIONS
_PLACES = np.stack([np.sin(_TURNS), np.cos(_TURNS)], axis=1)


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
def _dilate(
    alpha: NDArray[np.float32],
    highest: NDArray[np.float32],
    radius: float,
    places: NDArray[np.float64],
    out: NDArray[np.float32],
) -> None:
    """The highest alpha within `radius`; `highest` is that of the square around it, which ends a search."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            best, limit = alpha[y, x], highest[y, x]
            ring, step = radius, 1
            while ring > 0.0 and best < limit:
                for i in range(0, places.shape[0], step):
                    v = min(max(y + ring * places[i, 0], 0.0), height - 1.0)
                    u = min(max(x + ring * places[i, 1], 0.0), width - 1.0)
                    y0, x0 = int(v), int(u)
                    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
                    tall, wide = np.float32(v - y0), np.float32(u - x0)
                    upper = alpha[y0, x0] + wide * (alpha[y0, x1] - alpha[y0, x0])
                    lower = alpha[y1, x0] + wide * (alpha[y1, x1] - alpha[y1, x0])
                    best = max(best, upper + tall * (lower - upper))
                    if best >= limit:
                        break
                ring, step = ring - 1.0, 2
            out[y, x] = best


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
    rows, highest, turned = (
        scratch.floats(f"edges {name}", *alpha.shape) for name in ("rows", "all", "turned")
    )
    if shift_px < 0:
        np.subtract(1, alpha, out=turned)
        alpha = turned
    free = np.zeros(int(np.ceil(abs(shift_px))) + 1, np.float32)
    _spread_rows(alpha, free, rows)
    _spread_columns(rows, free, highest)
    _dilate(alpha, highest, abs(shift_px), _PLACES, out)
    if shift_px < 0:
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
