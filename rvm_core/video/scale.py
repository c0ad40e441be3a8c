"""What ``--scale`` means."""

from __future__ import annotations

import math
import re

from rvm_core.errors import VideoError

_SIDES = re.compile(r"([1-9]\d*)?x([1-9]\d*)?")
_LARGEST_PX = 16384


def scaled(text: str, width: int, height: int, *, even: bool) -> tuple[int, int]:
    """(W, H) that `text` makes of `width` x `height`.

    ``1280x720`` is both sides, ``1280x`` or ``x720`` one of them, the other keeps the shape; ``0.5`` is a
    factor.  even: whether sides must be even; then each is brought to the nearest that is.
    Raises VideoError.
    """
    sides = _SIDES.fullmatch(text.strip())
    size: tuple[float, float]
    if sides and (sides[1] or sides[2]):
        across, down = (int(side) if side else 0 for side in sides.groups())
        size = across or down * width / height, down or across * height / width
    else:
        factor = _number(text)
        size = factor * width, factor * height
    unit = 2 if even else 1
    w, h = (max(round(side / unit) * unit, unit) if 0 < side <= _LARGEST_PX else 0 for side in size)
    if not w or not h:
        raise VideoError(
            f"The scale {text!r} makes {size[0]:g} x {size[1]:g} of {width} x {height}.",
            f"Give sides of 1 to {_LARGEST_PX} pixels, as in 1280x720, x720 or 0.5.",
        )
    return w, h


def _number(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not math.isfinite(factor):
        raise VideoError(f"There is no scale {text!r}.", "Give one as 1280x720, x720 or 0.5.")
    return factor
