"""When OBS is asked to build an open settings window anew, so that what it shows stays true."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

_EVERY_S = 1.0
_REST_S = 2.0
"""After a change of the user's: a window built anew tears a slider from the hand."""


class Refresher:
    """Follows what a window shows.  One thread, the worker's.

    rebuild: asks for the window.  clock: seconds.
    """

    def __init__(self, rebuild: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._rebuild, self._clock = rebuild, clock
        self._shown: Hashable = None
        self._is_wanted = False
        self._looked_at = self._touched_at = float("-inf")

    def turn(self, shown: Callable[[], Hashable], *, is_wanted: bool, settings_changed: bool) -> None:
        """To be called often.  `shown` tells what the window would show, where it `is_wanted` at all.

        settings_changed: since the last turn, by the user.
        """
        now = self._clock()
        if is_wanted and not self._is_wanted:  # a switch is not dragged
            self._is_wanted, self._looked_at, self._touched_at = True, now, float("-inf")
            self._show(shown())
            return
        self._is_wanted = is_wanted
        if not is_wanted:
            self._shown = None
        if settings_changed:
            self._touched_at = now
        if is_wanted and now - self._looked_at >= _EVERY_S and now - self._touched_at >= _REST_S:
            self._looked_at = now
            self._show(shown())

    def _show(self, shown: Hashable) -> None:
        if shown != self._shown:
            self._shown = shown
            self._rebuild()
