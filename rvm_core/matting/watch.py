"""Whether the camera still shows the room of the clean plate, seen while a person stands before it.

The plate is known by small squares that look like nothing near them.  Each is looked for around its own
place in the picture, by normalized cross-correlation (Lewis, Fast Template Matching, 1995), which neither
the light nor its colour changes.  Most squares that a person hides are found nowhere; those of a camera
that was moved are found beside their place.  So nobody needs to say where the person is, and that is as
well: the matte of a plate that no longer fits takes the room for a person.

Measured on the reference clips, every picture (a dancer before a room, and one far off).  Squares found in
their place: 0.69 to 1 and 0.75 to 1 of all, 0.12 and 0.14 behind somebody who fills 73 %, 0.06 and 0.04
behind one who fills up to 83 %; found beside it, at most 0.06 and 0.04.  No false alarm in these, nor in
0.8 and 1.2 of the light, with noise of 15 of 255, JPEG of quality 15, other white balance, bands of a lamp,
a blur of 4 pixels, a shift of 0.5 % of the width or a zoom of 1 %.  After a shift of 1, 2 and 10 % of the
width, a zoom of 5 % in or out, a turn of 3 degrees, 0.4 and 0.1 of the light, in another room and in the
dark every picture was doubted, the first one too; with 73 % covered so was it after a shift of 2 %, a zoom
of 5 % and at 0.4 of the light.  A zoom of 3 % is noticed in one of the two rooms.  A look takes 1.6 and
2.4 ms.

A plate is not shifted after a camera: what is not noticed here is within what the network learnt to forgive
(``bgmv2``), and a camera that was knocked turns too.  Capturing the plate again takes a second.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import size_of
from rvm_core.matting.size import resized

HOLD_PICTURES = 15
"""So long must a fault last before it is said, and be gone before it is taken back."""

_WIDTH_PX = 160
"""Of the picture that is looked at."""
_SQUARE_PX, _STEP_PX, _REACH_PX = 16, 8, 6
_PLACE_PX = 1.5
"""Found no further from its place, a square is where it was."""
_ALIKE = 0.8
_MOST_LIKE_NEIGHBOURS = 0.85
"""A square that is more like its surroundings than this tells nothing: a wall, an edge, blinds."""
_LEAST_CONTRAST = 3.0  # of 255
_LEAST_SQUARES, _MOST_SQUARES = 6, 32
"""With fewer the room is too plain to see a camera move; then only colours are compared."""
_LEAST_SHARE = 0.03
"""Fewer of the squares in their place, and it is another room: a person fills all but a little."""
_LEAST_BESIDE, _BESIDE_SHARE = 2, 0.5
"""So many squares beside their place, in all and for each in its place: a zoom leaves the middle there."""
_LIGHT_RATIO = 1.5

_MOVED = "The camera has moved since the clean plate was captured, or the room has changed."
_LIGHT = "The light in the room is no longer that of the clean plate."


class _Square(NamedTuple):
    """A part of the plate, float32 [16, 16] grey, and how to look for it.

    place: where it is in a picture; around: where it is looked for; distance: of what is found there, pixels.
    """

    look: NDArray[np.float32]
    light: float
    place: tuple[slice, slice]
    around: tuple[slice, slice]
    distance: NDArray[np.float64]


class PlateWatch:
    """Compares the pictures of one stream with its clean plate.  One thread.

    plate: uint8 [H, W, 3] sRGB.  Raises PictureError for another shape or dtype.
    """

    def __init__(self, plate: NDArray[np.uint8]) -> None:
        height, width = size_of("The clean plate", plate)
        self._size = _WIDTH_PX, max(round(_WIDTH_PX * height / width), 1)
        self._plate = self._small(plate)
        self._squares = _distinct_squares(_grey(self._plate))
        self.problem = ""
        """What is wrong with the plate, one sentence; empty while all is well."""
        self.is_doubtful = False
        """Whether the last picture looked at, by itself, says that something is wrong."""
        self._looks_against = 0

    def look(self, picture: NDArray[np.uint8]) -> None:
        """See the next `picture`, uint8 [h, w, 3|4] sRGB of the plate's shape, any size; sets `problem`.

        Raises PictureError for another shape or dtype.
        """
        size_of("The picture", picture)
        found = self._fault(self._small(picture))
        self.is_doubtful = bool(found)
        if bool(found) == bool(self.problem):
            self.problem, self._looks_against = found, 0
            return
        self._looks_against += 1
        if self._looks_against >= HOLD_PICTURES:
            self.problem, self._looks_against = found, 0

    def _small(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return resized(picture, self._size)[..., :3]

    def _fault(self, picture: NDArray[np.uint8]) -> str:
        """What is wrong by this picture alone."""
        if len(self._squares) < _LEAST_SQUARES:
            is_lit = _is_light(_ratio(picture, self._plate).astype(np.float64)).all(axis=2)
            return "" if is_lit.mean() >= _LEAST_SHARE else _MOVED
        grey = _grey(picture)
        there, beside = [], 0
        for square in self._squares:
            likeness = _likeness(square, grey)
            best = int(likeness.argmax())
            if likeness.flat[best] < _ALIKE:
                continue
            if square.distance.flat[best] > _PLACE_PX:
                beside += 1
            else:
                there.append(_ratio(grey[square.place].mean(), square.light))
        is_beside = beside >= _LEAST_BESIDE and beside > _BESIDE_SHARE * len(there)
        if is_beside or len(there) < _LEAST_SHARE * len(self._squares):
            return _MOVED
        return "" if _is_light(np.median(there)) else _LIGHT


def _distinct_squares(plate: NDArray[np.float32]) -> list[_Square]:
    """Squares of the grey `plate` that are unlike all around them, the most distinct first; none overlap."""
    candidates = []
    for top in range(0, plate.shape[0] - _SQUARE_PX + 1, _STEP_PX):
        for left in range(0, plate.shape[1] - _SQUARE_PX + 1, _STEP_PX):
            square = _square(plate, left, top)
            if square.look.std() < _LEAST_CONTRAST:
                continue
            like_neighbours = float(_likeness(square, plate)[square.distance > _PLACE_PX + 1].max())
            if like_neighbours < _MOST_LIKE_NEIGHBOURS:
                candidates.append((like_neighbours, left, top, square))
    chosen: list[tuple[float, int, int, _Square]] = []
    for new in sorted(candidates, key=lambda candidate: candidate[0]):
        if all(max(abs(new[1] - old[1]), abs(new[2] - old[2])) >= _SQUARE_PX for old in chosen):
            chosen.append(new)
    return [square for *_, square in chosen[:_MOST_SQUARES]]


def _square(plate: NDArray[np.float32], left: int, top: int) -> _Square:
    place = slice(top, top + _SQUARE_PX), slice(left, left + _SQUARE_PX)
    first_x, first_y = max(left - _REACH_PX, 0), max(top - _REACH_PX, 0)
    last_x = min(left + _REACH_PX, plate.shape[1] - _SQUARE_PX)
    last_y = min(top + _REACH_PX, plate.shape[0] - _SQUARE_PX)
    around = slice(first_y, last_y + _SQUARE_PX), slice(first_x, last_x + _SQUARE_PX)
    rows, columns = np.ogrid[first_y - top : last_y - top + 1, first_x - left : last_x - left + 1]
    look = plate[place]
    return _Square(look, float(look.mean()), place, around, np.hypot(rows, columns))


def _likeness(square: _Square, picture: NDArray[np.float32]) -> NDArray[Any]:
    """How like `square` the grey `picture` is where it is looked for, -1..1."""
    from rvm_core.opencv import cv2

    return np.asarray(cv2.matchTemplate(picture[square.around], square.look, cv2.TM_CCOEFF_NORMED))


def _grey(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    from rvm_core.opencv import cv2

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _ratio(seen: Any, plate: Any) -> Any:
    """Of brightness; what is black tells little."""
    return (seen + 1.0) / (plate + 1.0)


def _is_light(ratio: Any) -> Any:
    return (ratio > 1.0 / _LIGHT_RATIO) & (ratio < _LIGHT_RATIO)
