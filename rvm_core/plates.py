"""Clean plates: pictures of the room without the person, captured, written and read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvm_core import atomic_write, backdrop
from rvm_core.errors import PlateError
from rvm_core.kernels.blocks import block_means

FRAMES = 30
"""Pictures in a clean plate: a second, in which a camera's noise falls to a fifth."""

_BLOCKS_ACROSS, _LEAST_BLOCK_PX = 40, 8
_MOVED = 12.0
"""Of 255, in the mean of a block.

Measured on the plates of the reference clips, the third most changed block of 30 pictures: 5 under bands of
10 % that a lamp draws through the picture, 4 with noise of 10 of 255, 9 with JPEG of quality 30 besides.
A camera that shakes by 2 of 640 pixels: 19.  A talking head, a juggler and dancers: 47 and more.
"""
_MOVED_BLOCKS = 3


class PlateCapture:
    """Gathers FRAMES consecutive pictures into their mean.  One thread.

    The mean, not the median: it leaves the least noise and keeps no pictures.  What lasts long enough to
    show in it is noticed as movement, so nothing is gained by leaving extremes out.
    What stands as still as the room does becomes part of the plate, a person too.
    """

    def __init__(self) -> None:
        self.frames = 0
        """Pictures gathered so far."""
        self._sum = np.zeros((0, 0, 3), np.uint16)  # holds 257 pictures
        self._first = np.zeros((0, 0, 3), np.float32)
        self._has_moved = False

    @property
    def is_complete(self) -> bool:
        """Whether ``result`` may be asked."""
        return self.frames == FRAMES

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Gather the next `picture`, uint8 [h, w, 3|4] sRGB; one of another size begins anew.

        Pictures after the last are left out.  Raises PictureError for another shape or dtype.
        """
        if self.is_complete:
            return
        means = block_means(picture, max(picture.shape[1] // _BLOCKS_ACROSS, _LEAST_BLOCK_PX))
        colours = picture[..., :3]
        if colours.shape != self._sum.shape:
            self.frames, self._has_moved = 0, False
            self._sum, self._first = np.zeros(colours.shape, np.uint16), means
        self._sum += colours
        self.frames += 1
        self._has_moved = self._has_moved or _has_moved(self._first, means)

    def result(self) -> NDArray[np.uint8]:
        """The clean plate, uint8 [h, w, 3] sRGB.

        Raises PlateError: pictures are missing, or something moved while they were gathered.
        """
        if not self.is_complete:
            raise PlateError(
                f"The clean plate is not complete: {self.frames} of {FRAMES} pictures.",
                "Capture it while the camera runs.",
            )
        if self._has_moved:
            raise PlateError(
                "Something moved while the clean plate was captured.",
                "Leave the picture, let the camera stand still, and capture it again.",
            )
        return ((self._sum + np.uint16(FRAMES // 2)) // np.uint16(FRAMES)).astype(np.uint8)


def read(path: str) -> NDArray[np.uint8]:
    """The clean plate in the image file `path`: uint8 [H, W, 3] sRGB; its alpha, if any, is left out.

    Raises PlateError.
    """
    if not path:
        raise PlateError("No clean plate was captured.", "Press Capture clean plate and leave the picture.")
    return np.ascontiguousarray(backdrop.decoded(path, "clean plate", PlateError)[..., :3])


def write(picture: NDArray[np.uint8], path: Path) -> None:
    """Keep `picture`, uint8 [H, W, 3] sRGB, as the PNG file `path`, which appears whole or not at all.

    Its folder is made.  Raises PlateError.
    """
    from rvm_core.opencv import cv2

    content = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write.write(path, content)
    except OSError as cause:
        raise PlateError(
            f"The clean plate {path} cannot be written ({cause.strerror}).",
            "Make room on the disk, or choose a folder that you may write to.",
        ) from cause


def _has_moved(first: NDArray[np.float32], now: NDArray[np.float32]) -> bool:
    """Whether more than the light differs between two pictures' block means, float32 [rows, columns, 3].

    A lamp's flicker reaches a camera that reads line by line as bands across the picture: each row of
    blocks has its own light, but not all of it needs to come from that lamp.
    """
    lit = first * np.median((now + 1.0) / (first + 1.0), axis=1, keepdims=True)
    beyond = np.maximum(np.minimum(first, lit) - now, now - np.maximum(first, lit))
    return int(np.count_nonzero(beyond.max(axis=2) > _MOVED)) >= _MOVED_BLOCKS
