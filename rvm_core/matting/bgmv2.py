"""Background Matting V2: the person is what differs from the clean plate.

Source: Lin, Ryabtsev, Sengupta, Curless, Seitz, Kemelmacher-Shlizerman, Real-Time High-Resolution Background
Matting, 2021.  A coarse matte is made at a quarter of the picture's sides, then the SAMPLED_PATCHES patches
of 4 x 4 pixels in which most errors are expected are refined at full size.

The network learnt with plates that are a little off (the authors' train_base.py: shifted by up to 1 % of the
sides, turned by up to 1 degree, brightness and contrast up to 18 % apart), so it needs no aligned plate.
It does not forgive a camera that was moved (``watch``).
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import PictureError, PlateError, SettingsError
from rvm_core.kernels._arguments import size_of
from rvm_core.kernels.planes import to_planes
from rvm_core.matting.size import resized
from rvm_core.matting.watch import PlateWatch

Run = Callable[[NDArray[np.float32], NDArray[np.float32]], tuple[NDArray[Any], NDArray[Any]]]
"""Picture and clean plate, float32 [1, 3, h, w] RGB 0..1, to alpha [1, 1, h, w] and colour [1, 3, h, w]."""

BUDGET_PX = {"fast": 512 * 288, "balanced": 768 * 432, "fine": 1280 * 720}
"""Pixels of the network's picture at each level; cheapest first.

A sixteenth of them go through the backbone, and no more than 80000 through the refiner.  `fine` is what the
authors' webcam demo begins with; below `fast` the backbone would see fewer pixels than 128 x 72.
"""

SAMPLED_PATCHES = 80_000 // 16
"""Patches that the published HD graphs choose: of a picture that has fewer they choose none and fail."""

_PATCH_PX = 4
_LEAST_PX = SAMPLED_PATCHES * _PATCH_PX**2
_SHAPE_TOLERANCE = 0.02


def internal_size(width: int, height: int, level: str) -> tuple[int, int]:
    """(w, h) at which the network sees a `width` x `height` picture at `level`.

    Sides are multiples of 4, of the picture's shape as near as those allow.  Never larger than the picture
    or the level's budget, but for pictures of less than about 80000 pixels, which are enlarged to as many.
    Raises PictureError for sides below 1, SettingsError for an unknown level (``auto`` is not one).
    """
    if width < 1 or height < 1:
        raise PictureError(f"A picture cannot be {width} x {height}.", "Give at least one pixel.")
    if level not in BUDGET_PX:
        raise SettingsError(f"There is no level {level!r}.", f"Use one of: {', '.join(BUDGET_PX)}.")
    scale = min(sqrt(BUDGET_PX[level] / (width * height)), 1.0)
    w, h = (int(side * scale) // _PATCH_PX * _PATCH_PX for side in (width, height))
    if w * h >= _LEAST_PX:
        return w, h
    scale = sqrt(_LEAST_PX / (width * height))
    w, h = (ceil(side * scale / _PATCH_PX) * _PATCH_PX for side in (width, height))
    return w, h


class BackgroundMatting:
    """Mattes of pictures before a clean plate, given the network.  One thread.

    run: calls the network.  Nothing is remembered from picture to picture, but for the watch over the plate.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._plate: NDArray[np.uint8] | None = None
        self._watch: PlateWatch | None = None
        self._picture_planes = self._plate_planes = np.empty((1, 3, 0, 0), np.float32)

    @property
    def problem(self) -> str:
        """Why the plate no longer fits, one sentence; empty while it does.  See :class:`PlateWatch`."""
        return "" if self._watch is None else self._watch.problem

    @property
    def is_doubtful(self) -> bool:
        """Whether the last picture hints that the plate no longer fits; ``problem`` waits for more."""
        return self._watch is not None and self._watch.is_doubtful

    def set_plate(self, plate: NDArray[np.uint8] | None) -> None:
        """The room without the person, uint8 [H, W, 3] sRGB of any size; None: there is none.

        It is kept, not copied.  Raises PictureError for another shape or dtype.
        """
        self._watch = None if plate is None else PlateWatch(plate)
        self._plate = plate
        self._plate_planes = np.empty((1, 3, 0, 0), np.float32)

    def see(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Alpha float32 [h, w] and the person's own colour float32 [3, h, w] of the next picture, 0..1.

        picture: uint8 [h, w, 3|4] sRGB of an ``internal_size``; the plate is fitted to it at its first.
        Raises PlateError: there is no plate, or it is of another shape.  PictureError: the network cannot
        see this size.  What `run` raises.
        """
        height, width = size_of("The picture", picture)
        if self._plate is None or self._watch is None:
            raise PlateError("There is no clean plate.", "Give a picture of the room without the person.")
        if self._plate_planes.shape[2:] != (height, width):
            self._fit(self._plate, width, height)
        self._watch.look(picture)
        to_planes(picture, 0, 0, self._picture_planes)
        alpha, foreground = self._run(self._picture_planes, self._plate_planes)
        return (
            np.clip(alpha[0, 0], 0.0, 1.0).astype(np.float32, copy=False),
            np.clip(foreground[0], 0.0, 1.0).astype(np.float32, copy=False),
        )

    def _fit(self, plate: NDArray[np.uint8], width: int, height: int) -> None:
        """Make the planes for pictures of `width` x `height`."""
        if width % _PATCH_PX or height % _PATCH_PX or width * height < _LEAST_PX:
            raise PictureError(
                f"The network cannot see {width} x {height}.",
                f"Give sides in multiples of {_PATCH_PX} and at least {_LEAST_PX} pixels.",
            )
        tall, wide = plate.shape[:2]
        # a rounded side is no other shape
        if abs(width - height * wide / tall) > _SHAPE_TOLERANCE * width + _PATCH_PX:
            raise PlateError(
                f"The clean plate is {wide} x {tall}, which is not the picture's shape ({width}:{height}).",
                "Capture it again with the camera's present format.",
            )
        fitted = np.empty((1, 3, height, width), np.float32)
        to_planes(resized(plate, (width, height)), 0, 0, fitted)
        self._plate_planes, self._picture_planes = fitted, np.empty_like(fitted)
