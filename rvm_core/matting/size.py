"""How large the network looks, and which level this computer can hold."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import PictureError, SettingsError

CELL_PX = 16
"""The network halves its picture four times, so it works in squares of this side."""

BUDGET_PX = {"fast": 256 * 144, "balanced": 288 * 160, "fine": 416 * 240}
"""Pixels that the network works on at each level, in whole cells; cheapest first."""

WHITE = {"fast": 0.9, "balanced": 0.9, "fine": 0.95}
"""The network's alpha that counts as 1.  The smaller its picture, the less sure it is of what it finds.

Measured on the reference composites (a person half filling the picture, and one standing far off): error
0.89 and 0.99 of that without at `fast`, 0.91 and 1.00 at `balanced`, 0.96 and 1.03 at `fine`; 0.9 at
`fine` gives 0.95 and 1.08.
"""

BUDGET_MS = 33.0
"""The time of one matte at 30 mattes a second."""

LEVELS = tuple(BUDGET_PX)

_STEP_PX = 4
_MIN_SIDE_PX = 16
# A shape that is off by so much costs as much as as many fewer pixels; the double costs four times that.
_SHAPE_ERROR_WORTH_ITSELF = 0.0125


@lru_cache(maxsize=64)
def internal_size(width: int, height: int, level: str) -> tuple[int, int]:
    """(w, h) that the network sees of a `width` x `height` picture at `level`.

    Sides are multiples of 4, at least 16; otherwise never larger than the picture.  The cells that they
    touch stay within the level's budget.  Wherever such sides allow it, the shape is kept within 2 %.
    Raises PictureError for sides below 1, SettingsError for an unknown level (``auto`` is not one).
    """
    if width < 1 or height < 1:
        raise PictureError(f"A picture cannot be {width} x {height}.", "Give at least one pixel.")
    if level not in BUDGET_PX:
        raise SettingsError(f"There is no level {level!r}.", f"Use one of: {', '.join(BUDGET_PX)}.")
    budget, shape = BUDGET_PX[level], width / height
    widest = max(width // _STEP_PX * _STEP_PX, _MIN_SIDE_PX)
    highest = max(height // _STEP_PX * _STEP_PX, _MIN_SIDE_PX)
    best, best_loss = (_MIN_SIDE_PX, _MIN_SIDE_PX), float("inf")
    for w in range(_MIN_SIDE_PX, min(widest, budget // _MIN_SIDE_PX) + 1, _STEP_PX):
        below = int(w / shape) // _STEP_PX * _STEP_PX
        for near in (below, below + _STEP_PX):
            h = min(max(near, _MIN_SIDE_PX), highest)
            if in_cells(w) * in_cells(h) > budget:
                continue
            error = max(w / h / shape, shape / (w / h)) - 1.0
            loss = error**2 / _SHAPE_ERROR_WORTH_ITSELF + (1.0 - w * h / budget)
            if loss < best_loss:
                best, best_loss = (w, h), loss
    return best


def resized(array: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """`array` [H, W, ...] at `size` (w, h), itself where it is: area means to shrink, bilinear to enlarge."""
    height, width = array.shape[:2]
    if size == (width, height):
        return array
    from rvm_core.opencv import cv2

    is_shrunk = size[0] <= width and size[1] <= height
    found: Any = cv2.resize(array, size, interpolation=cv2.INTER_AREA if is_shrunk else cv2.INTER_LINEAR)
    return np.asarray(found)


def in_cells(side: int) -> int:
    """`side` pixels, rounded up to whole cells."""
    return -(-side // CELL_PX) * CELL_PX


def level_for(ms_at_fast: float, costs: Mapping[str, float] = BUDGET_PX, budget_ms: float = BUDGET_MS) -> str:
    """The finest level whose matte takes at most `budget_ms`, from the time of one at ``fast``.

    costs: of each level, cheapest first; only their ratios mean something.  A network is convolutional: its
    time goes with its pixels.  ``fast`` when nothing fits.
    """
    fitting = [level for level, cost in costs.items() if ms_at_fast * cost / costs["fast"] <= budget_ms]
    return fitting[-1] if fitting else "fast"
