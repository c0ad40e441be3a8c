"""How the filter's threads end with OBS.

They are daemon threads, and most of what they do may be cut off at any moment.  Native code that returns to
Python after the interpreter has ended may not (:mod:`rvm_core.obs_filter.exit_guard`): such work is marked,
asked to end (:mod:`rvm_core.interruption`), awaited for a bounded time, and made harmless if it still runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONGEST_WAIT_S = 2.0
"""For everything that has to end, together."""
_POLL_S = 0.01

_at_work: set[int] = set()


@contextmanager
def working() -> Iterator[None]:
    """Work that must not be cut off by the interpreter's end, on the calling thread."""
    # No lock: a thread that starves must not hold one.  Adding and removing are atomic under the GIL.
    thread = threading.get_ident()
    _at_work.add(thread)
    try:
        yield
    finally:
        _at_work.discard(thread)


def begin(longest_wait_s: float) -> None:
    """OBS is about to end: all waits from here on are over `longest_wait_s` from now."""
    _deadline.begin_last(longest_wait_s)


def wait_for_work() -> tuple[int, ...]:
    """Wait until nothing is :func:`working`; the threads that still are at the common deadline (`ident`)."""
    wait_until(lambda: not _at_work)
    return tuple(_at_work)


def wait_until(holds: Callable[[], bool]) -> bool:
    """Whether `holds` comes true before the common deadline.  Any thread but the graphics thread."""

    def wait(longest_s: float) -> bool:
        last = time.monotonic() + longest_s
        while not (answer := holds()) and time.monotonic() < last:
            time.sleep(_POLL_S)
        return answer

    return _deadline.wait(wait)


class CommonDeadline:
    """One bound for all waits that follow each other, so that many hanging filters cost no more than one.

    What is waited is taken from it, and comes back with the time in which nobody waits.
    """

    def __init__(self, length_s: float = LONGEST_WAIT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._length_s, self._clock = length_s, clock
        self._left_s, self._last_at = length_s, clock()
        self._ends_at: float | None = None

    def begin_last(self, length_s: float) -> None:
        """`length_s` from now is the bound of all waits from here on.  Only the first call counts."""
        if self._ends_at is None:
            self._ends_at = self._clock() + length_s

    def wait(self, wait: Callable[[float], bool]) -> bool:
        """What ``wait(seconds)`` answers, given the seconds that are left.  Any thread."""
        now = self._clock()
        if self._ends_at is not None:
            return wait(max(self._ends_at - now, 0.0))
        self._left_s = min(self._left_s + now - self._last_at, self._length_s)
        answer = wait(self._left_s)
        self._last_at = self._clock()
        self._left_s = max(self._left_s - (self._last_at - now), 0.0)
        return answer


_deadline = CommonDeadline()
