"""Lifetimes across the boundary: the graphics lock, and objects that we own."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rvm_core.libobs import api

_immortal: list[Any] = []


def immortal(thing: Any) -> Any:
    """`thing`, never freed, not even when the interpreter ends: libobs keeps its address."""
    _immortal.append(thing)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return thing


@contextmanager
def graphics() -> Iterator[None]:
    """Hold libobs's graphics lock; no `video_render` runs meanwhile.

    Any thread but one that already holds a lock which the graphics thread may wait for.
    """
    api.function("obs_enter_graphics")()
    try:
        yield
    finally:
        api.function("obs_leave_graphics")()


class Owned:
    """Graphics objects that must be destroyed under the graphics lock, newest first."""

    def __init__(self) -> None:
        self._destroyers: list[tuple[Callable[[int], None], int]] = []

    def create(self, kind: str, *arguments: Any) -> int:
        """`kind`_create(*arguments), to be destroyed by :meth:`close`.  Call under the graphics lock."""
        pointer = api.function(f"{kind}_create")(*arguments)
        if not pointer:
            raise MemoryError(f"{kind}_create{arguments} gave nothing")
        self._destroyers.append((api.function(f"{kind}_destroy"), pointer))
        return int(pointer)

    def close(self) -> None:
        """Destroy everything.  Call under the graphics lock; a second call does nothing."""
        while self._destroyers:
            destroy, pointer = self._destroyers.pop()
            destroy(pointer)


class Event:
    """An `os_event` (util/threading.h) that resets itself: native code signals, a thread waits."""

    def __init__(self) -> None:
        from rvm_core.libobs.constants import OS_EVENT_TYPE_AUTO

        pointer = ctypes.c_void_p()
        if api.function("os_event_init")(ctypes.byref(pointer), OS_EVENT_TYPE_AUTO) != 0 or not pointer.value:
            raise MemoryError("os_event_init failed")
        self.address: int = pointer.value

    def signal(self) -> None:
        """Wake the waiting thread.  Any thread."""
        api.function("os_event_signal")(self.address)

    def wait(self, timeout_ms: int) -> bool:
        """True when signalled within `timeout_ms`.  One waiting thread at a time; the GIL is released."""
        return bool(api.function("os_event_timedwait")(self.address, timeout_ms) == 0)

    def close(self) -> None:
        """Free it.  Nobody may signal or wait any more."""
        api.function("os_event_destroy")(self.address)
