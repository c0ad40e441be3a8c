"""Where one shot ends and the next begins, seen from picture to picture.

A seek is announced too early.  OBS's media source tells the time of the frame that it has decoded, not of
the one on screen (``mp_media_get_base_pts`` in deps/media-playback; a flush sets it to 0 at once), and
libobs first shows the frames that wait before it (``async_tick`` in libobs/obs-source.c).  So the first
pictures of the epoch that a seek begins may still be of before the seek, and what is made of them would
stay as a ghost.  The frame sought is shown as a cut, which the detector expects and so sees more keenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels import cut

SEEK_NS = 2_500_000_000
"""How long after a seek its picture may appear.

Measured in OBS 29: mostly one frame later, 10 frames with as many waiting, and 1.03 s after a seek of 1.5 s
forward.  libobs lets a frame wait until its time if that is less than 2 s away (MAX_TS_VAR), or until 30 do.
"""


class Cuts:
    """Compares each picture with the one before it.  One thread."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._expected_until_ns = 0

    def forget(self) -> None:
        """Whatever the next picture shows, it is no cut."""
        self._before = None

    def expect(self, sought_ns: int) -> None:
        """A seek was told at `sought_ns` [ns]: for SEEK_NS its picture is awaited."""
        self._expected_until_ns = sought_ns + SEEK_NS

    def is_cut(self, picture: Any, captured_ns: int) -> bool:
        """Whether `picture`, uint8 [h, w, 3|4] sRGB, captured at `captured_ns`, begins another shot."""
        before, self._before = self._before, cut.histogram(picture)
        if before is None:
            return False
        is_expected = captured_ns < self._expected_until_ns
        if cut.distance(before, self._before) <= (cut.SEEK_THRESHOLD if is_expected else cut.THRESHOLD):
            return False
        # One seek, one cut: what moves a lot after it must not begin anew with every picture.
        self._expected_until_ns = 0
        return True
