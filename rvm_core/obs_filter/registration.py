"""Bring the filter into OBS, once per process, and end it in order.

libobs has no way to unregister, so everything handed to it lives for ever, and this module outlives
reloads of the script.
"""

from __future__ import annotations

import atexit
import ctypes
import traceback
from collections.abc import Callable
from typing import Any

from numba import carray, types

from rvm_core import __version__, outside, upgrades
from rvm_core.errors import HostError
from rvm_core.libobs import api, log
from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import immortal
from rvm_core.libobs.native import external
from rvm_core.libobs.structs import ObsSourceInfo
from rvm_core.obs_filter import (
    atomics,
    callbacks,
    clearing,
    ending,
    exit_guard,
    instance,
    properties,
    scenes,
    values,
    vendor,
)
from rvm_core.obs_filter._native import callback
from rvm_core.obs_filter.state import POINTER

__all__ = ["register", "shutdown"]

FILTER_ID = b"rvm_background_filter"
FILTER_NAME = b"RVM Background"
_P = ctypes.c_void_p
_FRONTEND_EVENT = ctypes.CFUNCTYPE(None, ctypes.c_int, _P)

_registered: ObsSourceInfo | None = None
_END_S = 1.0 if exit_guard.IS_AVAILABLE else ending.LONGEST_WAIT_S
"""The longest wait for the workers as OBS ends: shorter where one that is late does no harm."""
_followed: list[Any] = []
"""Our callback, while the frontend has it."""


def _guarded(kind: Any, on_error: Any, body: Callable[..., Any]) -> Any:
    """`body` as a C function of `kind`, for ever; an exception is logged and gives `on_error`."""

    def trampoline(*arguments: Any) -> Any:
        try:
            return body(*arguments)
        except BaseException:
            log.error(traceback.format_exc())
            return on_error

    return immortal(kind(trampoline))


def _address(function: Any) -> int:
    found = ctypes.cast(function, _P).value
    assert found is not None
    return found


_python_destroy = external(
    "obs_rvm_python_destroy",
    types.void(types.intp),
    _address(_guarded(ctypes.CFUNCTYPE(None, _P), None, instance.destroy)),
)


@callback(types.void(POINTER))
def _destroy(state: Any) -> None:
    """libobs may free a source that somebody leaked after the interpreter has ended."""
    s = carray(state, 1)[0]
    if atomics.load(s.alive) != 0:
        _python_destroy(s.self)


def register() -> bool:
    """Register the filter with libobs; False if this process has it already.

    UI thread, inside the script's `script_load`: later, and OBS has dropped the saved filters.
    Raises HostError where libobs is missing or too old, or the script had to register one that hides.
    """
    global _registered
    if _registered is not None:
        return False
    if api.function("obs_source_get_display_name")(FILTER_ID):
        raise HostError(
            "RVM Background could not start when OBS did, and hides its sources until OBS starts again.",
            "Start OBS again.",
        )
    native = callbacks.callbacks()
    update = ctypes.CFUNCTYPE(None, _P, _P)(native["update"])
    name = immortal(ctypes.create_string_buffer(FILTER_NAME))
    info = immortal(ObsSourceInfo())
    info.id = _address(immortal(ctypes.create_string_buffer(FILTER_ID)))
    info.type = c.OBS_SOURCE_TYPE_FILTER
    info.output_flags = c.OBS_SOURCE_VIDEO | c.OBS_SOURCE_SRGB
    python: dict[str, tuple[Any, Any, Callable[..., Any]]] = {
        "get_name": (ctypes.CFUNCTYPE(_P, _P), None, lambda _: ctypes.addressof(name)),
        "create": (
            ctypes.CFUNCTYPE(_P, _P, _P),
            None,
            lambda settings, source: instance.create(source, settings, update),
        ),
        "get_defaults": (ctypes.CFUNCTYPE(None, _P), None, values.set_defaults),
        "get_properties": (ctypes.CFUNCTYPE(_P, _P), None, properties.build),
    }
    for field, (kind, on_error, body) in python.items():
        setattr(info, field, _address(_guarded(kind, on_error, body)))
    for field, address in native.items():
        setattr(info, field, address)
    info.destroy = immortal(_destroy).address
    api.function("obs_register_source_s")(ctypes.byref(info), ctypes.sizeof(info))
    _registered = info
    upgrades.guard()
    log.follow("rvm_core")
    _follow_frontend()
    vendor.register(instance.ALIVE)
    outside.appear()
    atexit.register(shutdown)
    version = api.function("obs_get_version_string")().decode()
    log.info(f"obs-rvm {__version__} registered “{FILTER_NAME.decode()}” with libobs {version}")
    return True


def shutdown() -> None:
    """End every worker before the interpreter ends: an inference that is cut off there aborts OBS.

    Returns in time, whatever happens; then what still runs is made harmless.
    """
    _begin_to_end()
    outside.disappear()
    instance.interpreter_ends()
    ending.wait_until(vendor.is_idle)
    threads = ending.wait_for_work()
    if threads:
        log.warning(
            f"{len(threads)} of the filter's threads did not end within {_END_S:g} s. OBS ends without them."
        )
        if not exit_guard.guard(threads):
            log.warning("This system has no way to keep that from ending OBS with a crash.")


def _begin_to_end() -> None:
    """Ask every worker to end before one is waited for."""
    ending.begin(_END_S)
    instance.stop_all()


def _follow_frontend() -> None:
    add = api.frontend_function("obs_frontend_add_event_callback")
    if add is None:
        return
    _followed.append(_guarded(_FRONTEND_EVENT, None, _on_frontend_event))
    add(_followed[0], None)
    atexit.register(_leave_frontend)


def _leave_frontend() -> None:
    """Hear of no more frontend events.  Since OBS 30 the frontend takes that until its EXIT event only."""
    remove = api.frontend_function("obs_frontend_remove_event_callback")
    if _followed and remove is not None:
        remove(_followed.pop(), None)


def _on_frontend_event(event: int, _data: int) -> None:
    """UI thread."""
    clearing.on_event(event)
    if event == c.OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN:  # the first sign that OBS ends
        _begin_to_end()
    elif event == c.OBS_FRONTEND_EVENT_EXIT:
        _leave_frontend()
    elif event == c.OBS_FRONTEND_EVENT_FINISHED_LOADING:  # whatever was loaded after us
        vendor.register(instance.ALIVE)
    scenes.on_event(event)
