"""The level of ``auto``: the finest that this computer holds beside its other work, watched meanwhile."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Mapping

from rvm_core.matting.size import BUDGET_MS, BUDGET_PX, LEVELS

_MATTES = 30
"""So many mattes are looked at before a step, and anew after it."""
_TOO_SLOW = 1.2
_MISSED = 3
"""Of the host's frames, while it looked at so many mattes: it starves."""
_ROOM_LEFT = 0.8
_FIRST_WAIT_S, _LONGEST_WAIT_S = 10.0, 320.0


class Pace:
    """Steps between levels so that a matte takes about `budget_ms` at most.  One thread.

    Down when the median of the last mattes is a fifth over the budget, or when the host missed frames
    meanwhile.  Up when it missed none and the finer level, whose time is expected to go with its cost,
    would stay a fifth below the budget, and not sooner than a wait after the last step; each step down
    doubles that wait, so that a computer on the border does not swing.
    """

    def __init__(
        self,
        level: str,
        costs: Mapping[str, float] = BUDGET_PX,
        budget_ms: float = BUDGET_MS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.level = level
        self._costs = costs
        self._budget_ms = budget_ms
        self._clock = clock
        self._ms: deque[float] = deque(maxlen=_MATTES)
        self._missed: deque[int] = deque(maxlen=_MATTES)
        self._wait_s = _FIRST_WAIT_S
        self._stepped_at = clock()

    def note(self, ms: float, missed_frames: int = 0) -> None:
        """A matte took `ms` milliseconds, and the host missed so many frames since the last one.

        ms: together with what others, who share the time, need meanwhile: where the time for one matte is
        for three of the same cost, three times its own.
        ``level`` may be another one afterwards.
        """
        self._ms.append(ms)
        self._missed.append(missed_frames)
        if len(self._ms) < _MATTES:
            return
        median, missed, place = statistics.median(self._ms), sum(self._missed), LEVELS.index(self.level)
        if (median > _TOO_SLOW * self._budget_ms or missed >= _MISSED) and place > 0:
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            self._step(LEVELS[place - 1])
        elif not missed and place + 1 < len(LEVELS) and self._clock() - self._stepped_at > self._wait_s:
            finer = LEVELS[place + 1]
            if median * self._costs[finer] / self._costs[self.level] < _ROOM_LEFT * self._budget_ms:
                self._step(finer)

    def _step(self, level: str) -> None:
        self.level = level
        self._ms.clear()
        self._stepped_at = self._clock()
