"""A clean plate for the filter: a countdown, some pictures, a file."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvm_core import paths, plates
from rvm_core.obs_filter.language import tr

COUNTDOWN_S = 5.0
_numbers = itertools.count(1)


class PlateTaking:
    """Counts down while somebody leaves the picture, then gathers pictures.  The worker's, but ``begin``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begins_at: float | None = None
        self._capture = plates.PlateCapture()

    def begin(self) -> None:
        """Count down, again if it does already.  Any thread."""
        self._capture = plates.PlateCapture()  # or what was gathered so far would go into this one
        self._begins_at = self._clock() + COUNTDOWN_S

    def cancel(self) -> None:
        """No plate is wanted any more."""
        self._begins_at = None
        self._capture = plates.PlateCapture()

    @property
    def text(self) -> str:
        """What to do now, for people; empty when no plate is being taken."""
        begins_at = self._begins_at
        if begins_at is None:
            return ""
        left = math.ceil(begins_at - self._clock())
        if left > 0:
            return tr("Leave the picture: {seconds} …", seconds=left)
        return tr("Stay out of the picture …")

    @property
    def wants_pictures(self) -> bool:
        """Whether the countdown is over."""
        begins_at = self._begins_at
        return begins_at is not None and self._clock() >= begins_at

    def add(self, picture: NDArray[np.uint8]) -> Path | None:
        """Gather the next `picture`, uint8 [h, w, 3|4] sRGB; the file of the plate once it is complete.

        Raises PlateError: something moved, or the file cannot be written.  Either way the taking ends.
        """
        capture = self._capture
        capture.add(picture)
        if not capture.is_complete:
            return None
        self.cancel()
        file = paths.plates_dir() / f"{time.strftime('%Y-%m-%d %H-%M-%S')} {next(_numbers)}.png"
        plates.write(capture.result(), file)
        return file
