"""Zones of the picture that always stay or always go, whatever the network says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.srgb import DECODE
from rvm_core.settings import Zone


def coverage(
    zones: Sequence[Zone], softness: float, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(keep, remove), each float32 [h, w], 0..1: how much of a pixel always stays, and always goes.

    zones: in shares of the picture's sides.  softness: width of their edges, percent of its height; a side
    at or beyond the picture's own does not fade.  size: (w, h).  Where zones overlap, both count.
    Any thread.
    """
    width, height = size
    kept, removed = np.ones((2, height, width), np.float32)
    for zone in zones:
        across = _ramp(zone.left, zone.right, width, softness / 100 * height / width)
        down = _ramp(zone.top, zone.bottom, height, softness / 100)
        rest = kept if zone.keeps else removed
        rest *= 1 - np.outer(down, across).astype(np.float32)
    return 1 - kept, 1 - removed


def _ramp(start: float, end: float, count: int, soft: float) -> NDArray[np.float64]:
    """How far each of `count` pixels lies between two edges, in shares of the side, `soft` wide."""
    at = (np.arange(count) + 0.5) / count
    soft = max(soft, 1 / count)  # narrower than a pixel is a pixel that is partly covered
    inside = np.ones(count)
    for edge, sign, is_border in ((start, 1, start <= 0), (end, -1, end >= 1)):
        if not is_border:
            part = np.clip(sign * (at - edge) / soft + 0.5, 0, 1)
            inside *= part * part * (3 - 2 * part)
    return inside


@kernel
def _apply(
    picture: NDArray[np.uint8],
    keep: NDArray[np.float32],
    remove: NDArray[np.float32],
    light: NDArray[np.float32],
    matte: NDArray[np.float32],
    detail: NDArray[np.float32],
    person: NDArray[np.float32],
    edge: NDArray[np.float32],
) -> None:
    has_edge = edge.shape[0] > 0
    for y in range(keep.shape[0]):
        for x in range(keep.shape[1]):
            k, rest = keep[y, x], np.float32(1.0) - keep[y, x]
            left = np.float32(1.0) - remove[y, x]
            if k == 0.0 and left == 1.0:
                continue
            for c in range(3):
                matte[y, x, c] = (matte[y, x, c] * rest + light[picture[y, x, c]] * k) * left
            matte[y, x, 3] = (matte[y, x, 3] * rest + k) * left
            person[y, x] = (person[y, x] * rest + k) * left
            for c in range(4):
                detail[y, x, c] *= rest * left
                if has_edge:
                    edge[y, x, c] *= rest


_NO_EDGE = np.empty((0, 0, 4), np.float32)


def apply_zones(
    picture: NDArray[np.uint8],
    keep: NDArray[np.float32],
    remove: NDArray[np.float32],
    matte: NDArray[np.float32],
    detail: NDArray[np.float32],
    person: NDArray[np.float32],
    edge: NDArray[np.float32] | None = None,
) -> None:
    """Have a matte show `picture` as it is where zones keep, and nothing where they remove; in place.

    picture: uint8 [h, w, 3|4] sRGB; may be a strided view.
    keep, remove: float32 [h, w], of :func:`coverage`.
    matte, detail, edge: float32 [h, w, 4].  person: float32 [h, w], an alpha that goes with them.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    for name, share in (("What zones keep", keep), ("What zones remove", remove), ("The person", person)):
        check(name, share, np.float32, (height, width))
    for name, small in (("The matte", matte), ("The detail", detail), ("The edge", edge)):
        if small is not None:
            check(name, small, np.float32, (height, width, 4))
    _apply(picture, keep, remove, DECODE, matte, detail, person, _NO_EDGE if edge is None else edge)
