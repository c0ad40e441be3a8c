"""Ending a network's work from another thread: its runs, the opening of its session, its trial."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_POLL_S = 0.1


class Interrupted(BaseException):
    """Somebody ended the work early; nobody waits for its result.

    No Exception: what handles failures of a network or of a provider must not take it for one.
    """


class Interruption:
    """Asks the work that runs under it to end early.  Any thread.

    ::

        with interruption.applied():  # the thread that works
            session.run(feeds)        # raises Interrupted once another thread has called `interruption.set()`
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._actions: list[Callable[[], object]] = []
        self._is_set = False

    def set(self) -> None:
        """Run what :func:`ending_by` registered.  Returns at once; the work may still take a while to end."""
        with self._lock:  # so that no action runs once its block has ended
            actions, self._actions, self._is_set = self._actions, [], True
            for action in actions:
                action()

    def check(self) -> None:
        """Raises Interrupted if this is set."""
        if self._is_set:
            raise Interrupted

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Whatever the calling thread does in this block can be ended by this object."""
        before = _current.set(self)
        try:
            yield
        finally:
            _current.reset(before)

    @contextmanager
    def calling(self, action: Callable[[], object], *, first: Callable[[], object]) -> Iterator[None]:
        """See :func:`ending_by`."""
        with self._lock:
            self.check()
            first()
            self._actions.append(action)
        try:
            yield
        except Exception as consequence:
            if self._is_set:
                raise Interrupted from consequence
            raise
        finally:
            with self._lock:
                if action in self._actions:
                    self._actions.remove(action)
        self.check()


_current: ContextVar[Interruption | None] = ContextVar("interruption", default=None)


def _nothing() -> None:
    """Where there is nothing to do first."""


@contextmanager
def ending_by(action: Callable[[], object], *, first: Callable[[], object] = _nothing) -> Iterator[None]:
    """A block of work that can be interrupted.  `action` is called then, on any thread, while the block runs.

    action: ends the work early, or undoes `first`.  first: called before the block.  Neither is called where
    the thread is interrupted already.  Raises Interrupted, whatever the block did, once it is interrupted.
    """
    interruption = _current.get()
    if interruption is None:
        first()
        yield
        return
    with interruption.calling(action, first=first):
        yield


@contextmanager
def acquired(lock: threading.Lock) -> Iterator[None]:
    """`lock`, held in this block.  Raises Interrupted while it waits for it."""
    interruption = _current.get()
    while not lock.acquire(timeout=_POLL_S):
        if interruption is not None:
            interruption.check()
    try:
        yield
    finally:
        lock.release()
