"""The best matte of a network that sees one small picture at a time and remembers nothing.

Such networks (MediaPipe's selfie segmentation: https://ai.google.dev/edge/mediapipe, model cards) learnt from
pictures that a person fills.  Shown a whole room they see furniture as people and lose arms.  So:

- They look at the person, who fills the crop but for a margin.  The crop is never narrower than NARROWEST for
  its height, whatever the shape of the network's input: the network bears a stretched person better than an
  empty scene.  It grows at once where the person or anything else moves, and closes in every few pictures.
- A person newly found is looked at again, from near, in the same picture.
- What the network is hardly ever sure of is nobody: a hallucination fades, and nothing is looked at closer.
- Loose islands, small beside the person, are dropped.
- What remains open is judged by what the place looks like without the person (:mod:`rvm_core.kernels.place`).
- ``balanced`` also looks at each crop in a mirror and takes the mean; ``fine`` does so from even nearer too.

Measured on the reference composites (a person half filling the picture, and one standing far off) at
640 x 360, 120 pictures, through the full-size path: MAD and dtSSD over those of the whole picture shown to
the network as it is, alpha enlarged bilinearly.  In brackets MAD without the empty room at the beginning::

    input         fast                                 fine (mirrored, from two distances)
    256 x 256     0.16 0.54 (0.23), 0.14 0.53 (0.25)   0.12 0.40 (0.17), 0.14 0.51 (0.25)
    256 x 144     0.44 0.73 (0.56), 0.49 0.64 (0.36)   0.28 0.53 (0.37), 0.48 0.56 (0.32)
    multiclass    0.38 0.55, 0.29 0.62                 (balanced no better than fast)

What a part does, MAD without it over that with it: the place 1.1 to 1.7; looking closer at once 1.0 to 1.9;
fading 4.5 where a network sees people in an empty park, 0.7 to 1.0 elsewhere.  Least remains where the camera
swings: 0.6 to 0.8.  A tall picture before a wide input may err more than as it is (0.7 and 1.3).

Tried and left out: mirroring every other look and blending it with the last one where the picture stands
still (0.95 and 1.09 for two models); crops of the input's own shape (up to 1.7 for a standing person and a
wide input); the whole picture letterboxed (0.95 to 1.4); overlapping tiles while searching (twice the cost;
looking closer does more); a third look from farther away (nothing); the gain and the calm of
:mod:`rvm_core.matting.light` (dim 0.7 to 0.9, but once 2.5; noisy 1.0 to 1.6); a larger picture (nothing:
the input is the limit).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import PictureError, SettingsError
from rvm_core.kernels.blocks import block_means
from rvm_core.kernels.place import against_place
from rvm_core.kernels.planes import to_planes
from rvm_core.matting.size import resized
from rvm_core.matting.window import Window

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Planes float32 [1, 3, h, w], RGB 0..1, to alpha float32 [h, w], 0..1."""

BUDGET_PX = {"fast": 320 * 180, "balanced": 384 * 216, "fine": 448 * 252}
"""Pixels of the picture from which the looks are cut, at each level; cheapest first."""


class Look(NamedTuple):
    """margin: around the person, of the person's longer side.  mirrored: left and right changed."""

    margin: float
    mirrored: bool


LOOKS: Mapping[str, tuple[Look, ...]] = {
    "fast": (Look(0.05, False),),
    "balanced": (Look(0.05, False), Look(0.05, True)),
    "fine": (Look(0.05, False), Look(0.05, True), Look(0.0, False), Look(0.0, True)),
}
"""Each costs a run of the network; alpha is their mean."""
ONE_LOOK: Mapping[str, tuple[Look, ...]] = dict.fromkeys(LOOKS, LOOKS["fast"])
"""For a network that gains nothing by more: MediaPipe's multiclass one."""

NARROWEST, WIDEST = 0.75, 2.0
"""Width over height of what a look shows."""
_LEAST_SHARE = 1 / 6
"""Of the picture's sides: a look shows no less."""
_PERSON = 0.3
"""Alpha that the crop holds."""
_LEAST_PERSON = 0.002
"""Of the picture: fewer pixels of person are none."""
_SEEN, _SURE = 0.1, 0.9
"""Alpha."""
_FADE_BELOW, _GONE_BELOW, _CLOSER_FROM = 0.4, 0.2, 0.43
"""How much of what is seen is sure: a hallucination 0 to 0.4 (but 0.7 for a bed), people 0.4 to 0.95."""
_ISLAND = 0.03
"""Of the largest region: a smaller one is no person."""
_HOLD_PICTURES = 4
_BLOCK_PX, _CHANGE = 8, 8.0
_LEAST_CHANGED = 2
"""Blocks whose mean changed by more than so many of 255, and how many of them are no chance."""
_CAMERA_MOVED = 0.1
"""Of the blocks that are not looked at: where more changed, the camera moves, and none is worth a look."""
_GLANCE_EVERY = 15
"""Pictures of a moving camera."""
_STEP_PX, _LEAST_SIDE_PX = 4, 16


def internal_size(width: int, height: int, level: str) -> tuple[int, int]:
    """(w, h) of the picture that ``Segmenter.see`` wants of a `width` x `height` one at `level`.

    Sides are multiples of 4, at least 16, of the picture's shape as near as those allow; otherwise never
    larger than the picture or the level's budget.
    Raises PictureError for sides below 1, SettingsError for an unknown level (``auto`` is not one).
    """
    if width < 1 or height < 1:
        raise PictureError(f"A picture cannot be {width} x {height}.", "Give at least one pixel.")
    _check_level(level)
    scale = min((BUDGET_PX[level] / (width * height)) ** 0.5, 1.0)
    w, h = (max(int(side * scale) // _STEP_PX * _STEP_PX, _LEAST_SIDE_PX) for side in (width, height))
    return w, h


class Segmenter:
    """Turns consecutive pictures of one source into alpha.  One thread.

    run: one look of the network at planes of `input_size` (w, h).  After what it raises, call ``reset``.
    looks: LOOKS or ONE_LOOK.
    """

    def __init__(
        self, run: Run, input_size: tuple[int, int], looks: Mapping[str, tuple[Look, ...]] = LOOKS
    ) -> None:
        self._run = run
        self._looks_of = looks
        self._planes = np.empty((1, 3, input_size[1], input_size[0]), np.float32)
        self.begin(_LEAST_SIDE_PX, _LEAST_SIDE_PX, "fast")

    def begin(self, width: int, height: int, level: str) -> None:
        """Pictures of this size, which ``internal_size`` gave, from here on; forgets.

        Raises SettingsError for an unknown level.
        """
        _check_level(level)
        self._size = width, height
        self._looks = self._looks_of[level]
        self.reset()

    def reset(self) -> None:
        """The next picture is of another scene."""
        width, height = self._size
        self._focus = _Focus(width, height)
        self._place = np.zeros((height, width, 3), np.float32)
        self._age = np.zeros((height, width), np.uint8)

    def see(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The alpha of the next picture: float32 [h, w], 0..1, the caller's own.

        picture: uint8 [h, w, 3|4] RGB of the size begun with; may be a strided view.
        Raises PictureError for another size, and whatever the network raises.
        """
        if picture.shape[:2] != self._size[::-1]:
            raise PictureError(f"The picture is {picture.shape}.", f"Give one of {self._size}.")
        person = self._focus.look(picture)
        if self._focus.wants_glance:
            person = self._focus.glance(_found(self._seen(picture, None)))
        alpha = self._seen(picture, person)
        sure = _sureness(alpha)
        if person is None and sure >= _CLOSER_FROM:
            person = _person(alpha)
            if person is not None:
                alpha = self._seen(picture, person)
                sure = _sureness(alpha)
        if sure < _FADE_BELOW:
            alpha *= np.float32(max((sure - _GONE_BELOW) / (_FADE_BELOW - _GONE_BELOW), 0.0))
        against_place(picture, self._place, self._age, alpha)
        _drop_islands(alpha)
        self._focus.learn(_person(alpha) if person is not None or sure >= _CLOSER_FROM else None)
        return alpha

    def _seen(self, picture: NDArray[np.uint8], person: Window | None) -> NDArray[np.float32]:
        """The mean of all looks at `person`, or at the whole picture."""
        alpha = np.zeros(picture.shape[:2], np.float32)
        whole = Window(0, 0, *self._size)
        looks = self._looks if person is not None else self._looks[:1]
        for look in looks:
            window = whole if person is None else _framed(person, look.margin, self._size)
            shown = resized(picture[window.top : window.bottom, window.left : window.right], self._input_size)
            to_planes(shown, 0, 0, self._planes)
            side = slice(None, None, -1 if look.mirrored else 1)
            found = self._run(np.ascontiguousarray(self._planes[..., side]))[:, side]
            part = alpha[window.top : window.bottom, window.left : window.right]
            part += np.clip(resized(np.ascontiguousarray(found), window.size), 0.0, 1.0)
        alpha /= np.float32(len(looks))
        return alpha

    @property
    def _input_size(self) -> tuple[int, int]:
        return self._planes.shape[3], self._planes.shape[2]


class _Focus:
    """Where the person is, and whatever else moves: what the looks are framed around."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self._now: Window | None = None
        self._needed: Window | None = None
        self._pictures = 0
        self._known: NDArray[np.float32] | None = None
        self._moving = 0

    @property
    def wants_glance(self) -> bool:
        """Whether it is time to look at everything, since changes no longer tell where something moves."""
        return self._now is not None and self._moving > 0 and self._moving % _GLANCE_EVERY == 0

    def glance(self, person: Window | None) -> Window | None:
        """What to look at, given whom a look at everything found."""
        if person is not None:
            self._grow(person)
        return self._now

    def look(self, picture: NDArray[np.uint8]) -> Window | None:
        """What to look at in the next picture; None: there is nobody yet, look at everything."""
        means = block_means(picture, _BLOCK_PX)
        if self._known is None or self._now is None:
            self._known = means
            return self._now
        looked_at = _framed(self._now, 0.0, self._size)
        inside = (
            slice(looked_at.top // _BLOCK_PX, -(-looked_at.bottom // _BLOCK_PX)),
            slice(looked_at.left // _BLOCK_PX, -(-looked_at.right // _BLOCK_PX)),
        )
        changed = np.abs(means - self._known).max(axis=2) > _CHANGE
        outside = changed.size - changed[inside].size
        changed[inside] = False
        count = np.count_nonzero(changed)
        if count > _CAMERA_MOVED * outside:
            self._known = means
            self._moving += 1
            return self._now
        self._known[inside] = means[inside]
        self._moving = 0
        if count >= _LEAST_CHANGED:
            left, top, right, bottom = (_BLOCK_PX * side for side in _around(changed))
            self._grow(Window(left, top, min(right, self._size[0]), min(bottom, self._size[1])))
        return self._now

    def learn(self, person: Window | None) -> None:
        """Follow the person that was found: outwards at once, inwards after a few pictures."""
        if person is None or self._now is None or self._needed is None:
            self._now = self._needed = person
            self._pictures = 0
            return
        self._now, self._needed = self._now.hull(person), self._needed.hull(person)
        self._pictures += 1
        if self._pictures >= _HOLD_PICTURES:
            self._now, self._needed = self._needed, person
            self._pictures = 0

    def _grow(self, wanted: Window) -> None:
        self._now = wanted if self._now is None else self._now.hull(wanted)
        self._pictures = 0


def _check_level(level: str) -> None:
    if level not in BUDGET_PX:
        raise SettingsError(f"There is no level {level!r}.", f"Use one of: {', '.join(BUDGET_PX)}.")


def _around(mask: NDArray[np.bool_]) -> Window:
    """The smallest window around all that is true, which something is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Window(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _framed(person: Window, margin: float, size: tuple[int, int]) -> Window:
    """`person` with a margin, in a shape that the network bears, inside a picture of `size` (w, h)."""
    width, height = size
    reach = margin * max(person.size)
    left, right = max(person.left - reach, 0.0), min(person.right + reach, width)
    top, bottom = max(person.top - reach, 0.0), min(person.bottom + reach, height)
    w, h = max(right - left, width * _LEAST_SHARE), max(bottom - top, height * _LEAST_SHARE)
    w, h = min(max(w, h * NARROWEST), width), min(max(h, w / WIDEST), height)
    x, y = (
        min(max((first + last - side) / 2, 0.0), whole - side)
        for first, last, side, whole in ((left, right, w, width), (top, bottom, h, height))
    )
    return Window(round(x), round(y), round(x + w), round(y + h))


def _sureness(alpha: NDArray[np.float32]) -> float:
    """How much of what is seen is sure, 0..1."""
    seen = int(np.count_nonzero(alpha > _SEEN))
    return int(np.count_nonzero(alpha > _SURE)) / max(seen, 1)


def _person(alpha: NDArray[np.float32]) -> Window | None:
    mask = alpha > _PERSON
    return _around(mask) if np.count_nonzero(mask) >= max(_LEAST_PERSON * mask.size, 1) else None


def _found(alpha: NDArray[np.float32]) -> Window | None:
    """Where a look at everything surely saw a person."""
    return _person(alpha) if _sureness(alpha) >= _CLOSER_FROM else None


def _drop_islands(alpha: NDArray[np.float32]) -> None:
    from rvm_core.opencv import cv2

    mask: Any = (alpha > _SEEN).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count > 2 and (small := areas < _ISLAND * areas.max()).any():
        alpha[np.concatenate([[False], small])[labels]] = 0.0
