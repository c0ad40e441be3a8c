"""Stages of a pipeline side by side: each in a thread of its own, a few items ahead of the next one."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

STAGE = "obs-rvm video"
"""The name of each thread."""


class _Handover:
    """A short queue between two threads that either of them can end."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._items: deque[Any] = deque()
        self._changed = threading.Condition()
        self._is_full_stop = False  # the reader wants no more
        self._is_over = False  # the writer has no more
        self._fault: BaseException | None = None

    def fill(self, source: Iterable[Any]) -> None:
        """The writer's thread: hand over all of `source`, or the fault that it ended with."""
        iterator = iter(source)
        try:
            for item in iterator:
                with self._changed:
                    self._changed.wait_for(lambda: self._is_full_stop or len(self._items) < self._depth)
                    if self._is_full_stop:
                        return
                    self._items.append(item)
                    self._changed.notify_all()
        except BaseException as fault:  # whatever it is, the reader must hear of it
            self._fault = fault
        finally:
            # in this thread: a generator must not be closed by another one while it runs
            close = getattr(iterator, "close", None)
            with contextlib.suppress(Exception):
                if close is not None:
                    close()
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def items(self) -> Iterator[Any]:
        """The reader's thread."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._is_over)
                if not self._items:
                    if self._fault is not None:
                        raise self._fault
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
            del item  # or it would live until the next one comes

    def stop(self) -> None:
        with self._changed:
            self._is_full_stop = True
            self._items.clear()
            self._changed.notify_all()


def ahead(source: Iterable[T], depth: int) -> Generator[T, None, None]:
    """The items of `source`, made in a thread of its own that stays up to `depth` of them ahead.

    A fault of `source` is raised here, after the items before it.  Closing this generator ends the thread
    after the item in the making and closes `source` there; it returns when that is done.  For several in a
    row use :class:`Stages`.
    """
    handover = _Handover(depth)
    thread = threading.Thread(target=handover.fill, args=(source,), name=STAGE, daemon=True)
    thread.start()
    try:
        yield from handover.items()
    finally:
        handover.stop()
        thread.join()


class Stages(contextlib.ExitStack):
    """A row of stages, all of which have ended when the ``with`` block has, however it did.

    They end from the last to the first, since each thread takes from the one before.  Explicitly, because a
    fault keeps the generators alive that it went through: threads that nobody ended would go on in files that
    are closed.  One thread.
    """

    def __init__(self, depth: int) -> None:
        """depth: how many items each stage stays ahead of the next one."""
        super().__init__()
        self._depth = depth

    def ahead(self, source: Iterable[T]) -> Iterator[T]:
        """See :func:`ahead`; `source` may take from a stage that was made before."""
        return self.enter_context(contextlib.closing(ahead(source, self._depth)))
