"""OBS comes first: what the worker leaves it of the processor.

Measured where it matters most, OBS drawing and encoding on the two threads of one core: of 900 frames it
missed 41 without all this and 10 with either rests or the idle lane; with both 0 of 3001, as without the
filter.  In hours when others share the core and OBS alone needs most of it, a few more than without.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from rvm_core.obs_filter.ending import working

T = TypeVar("T")

_NICE = 10
_PATIENCE_S = 0.25
_FIRST_CLOSED_S, _LONGEST_CLOSED_S = 10.0, 320.0

_REST_FOR_ONE = 0.5
_HALF_LIFE_S = 20.0
_SLOWEST_S = 0.2
"""No rest makes mattes rarer than one in this time."""


def yield_to_obs() -> None:
    """Lower this thread's priority; threads that it starts, the network's too, inherit that on Linux."""
    if sys.platform == "win32":
        kernel32 = ctypes.windll.kernel32
        kernel32.SetThreadPriority(kernel32.GetCurrentThread(), -1)  # THREAD_PRIORITY_BELOW_NORMAL
    elif sys.platform.startswith("linux"):
        # On Linux a thread has a nice value of its own.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


class IdleLane:
    """Runs one call at a time on a thread that only gets processor time which nobody else wants.

    On Linux alone, where a processor busy with such a thread counts as free (SCHED_IDLE, sched(7)): OBS's
    threads go there at once instead of queueing behind each other.  Where nothing is left for it, as while a
    game loads, a call would never end: after a quarter of a second the caller repeats it itself, and the
    lane stays closed for a while that doubles.  A thread cannot leave SCHED_IDLE again without privileges,
    so the lane is a thread of its own; it runs hardly any Python, for while it starves it may hold the GIL.
    Elsewhere the caller runs everything, and anywhere while somebody waits (``hurries``).  Called by one
    thread.

    The work runs in the caller's context (`contextvars`), so whoever interrupts the caller interrupts it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._attempt: Future[Any] | None = None
        self._closed_s = _FIRST_CLOSED_S
        self.hurries = False
        self._opens_at = clock() if sys.platform.startswith("linux") else float("inf")

    def __call__(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises.  It may run twice at a time, and must bear that."""
        is_free = self._attempt is None or self._attempt.done()
        if self.hurries or not is_free or self._clock() < self._opens_at:
            return work()
        if self._thread is None:
            self._thread = threading.Thread(
                target=_serve, args=(self._queue,), name="obs-rvm idle", daemon=True
            )
            self._thread.start()
        attempt: Future[T] = Future()
        self._queue.put((attempt, partial(copy_context().run, work)))
        self._attempt = attempt
        if wait([attempt], _PATIENCE_S).done:
            return attempt.result()
        self._opens_at = self._clock() + self._closed_s
        self._closed_s = min(2 * self._closed_s, _LONGEST_CLOSED_S)
        return work()

    def close(self) -> None:
        """Let the thread end after the call that may be running.

        Nobody waits for that: it may starve, and all that it holds is the network and a picture.
        """
        self._queue.put(None)
        if self._thread is not None and self._thread.native_id is not None:
            with contextlib.suppress(OSError):  # without privileges it starves on
                os.sched_setscheduler(self._thread.native_id, os.SCHED_OTHER, os.sched_param(0))


class Rest:
    """How long the worker rests after a matte, so that OBS catches up.  One thread.

    Every frame that OBS misses adds half of the matte's own time, up to all of it; that halves every
    20 seconds.  A slow computer gets no rest: five mattes a second come first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock()
        self._share = 0.0

    def after(self, busy_s: float, missed_frames: int) -> float:
        """Seconds of rest after a matte of `busy_s`, during which OBS missed so many frames."""
        now = self._clock()
        self._share *= 0.5 ** ((now - self._at) / _HALF_LIFE_S)
        self._at = now
        self._share = min(self._share + _REST_FOR_ONE * missed_frames, 1.0)
        return min(self._share * busy_s, max(_SLOWEST_S - busy_s, 0.0))


def _serve(queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    # A sandbox may forbid it; then the thread is like any other.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(threading.get_native_id(), os.SCHED_IDLE, os.sched_param(0))
    while (wanted := queue.get()) is not None:
        attempt, work = wanted
        with working():
            try:
                result = work()
            except BaseException as fault:
                attempt.set_exception(fault)
            else:
                attempt.set_result(result)
                del result
        del wanted, attempt, work  # the network, which may be closed
