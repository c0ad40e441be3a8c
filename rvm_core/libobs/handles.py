"""Lifetimes across the boundary: what must never be freed, and what we own."""

from __future__ import annotations

import ctypes
from typing import Any

from rvm_core.libobs import api
from rvm_core.libobs.constants import OS_EVENT_TYPE_AUTO

_immortal: list[Any] = []


def immortal(thing: Any) -> Any:
    """`thing`, never freed, not even when the interpreter ends: libobs keeps its address."""
    _immortal.append(thing)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return thing


class Event:
    """An `os_event` (util/threading.h) that resets itself: native code signals, a thread waits."""

    def __init__(self) -> None:
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
