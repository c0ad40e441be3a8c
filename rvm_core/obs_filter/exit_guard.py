"""Lets the process end in order though native work of ours still runs in it.  Linux.

Proved on Python 3.11 and onnxruntime 1.32 with an inference that outlives `Py_Finalize`:

- What such a thread refers to is not freed: the interpreter leaks the frames of daemon threads.
- Back from native code, Python ends the thread by `pthread_exit` (up to 3.13; later it blocks the thread).
  That unwinds C++ frames, and a destructor that may not throw makes it `std::terminate`: abort.
  The handler below blocks the thread instead.
- OpenCV asks for the GIL where it allocates its result (`PyGILState_Ensure`).  That reads what the
  interpreter has freed: segmentation fault.  The handler below blocks the thread instead.
- `exit` destroys onnxruntime's static objects while the inference uses them: abort or segmentation fault.
  The handler below ends the process first, with its exit code.  By then `main` has returned: OBS has done all
  that it does, and what is left out is the destructors of libraries.

On other systems neither was tried.  macOS and Windows end a thread without unwinding C++, and Windows ends
other threads before it unloads libraries.
"""

from __future__ import annotations

import ctypes
import faulthandler
import signal
import sys
from collections.abc import Sequence
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.extending import intrinsic

from rvm_core.libobs.handles import immortal
from rvm_core.libobs.native import external
from rvm_core.obs_filter._native import callback, part
from rvm_core.obs_filter.pointers import as_numbers

_MOST_THREADS = 64
_FAULTS = (signal.SIGSEGV, signal.SIGBUS) if sys.platform.startswith("linux") else ()
_ACTION_BYTES = 256
"""More than a `struct sigaction` has."""

_threads = immortal(np.zeros(_MOST_THREADS, np.int64))
"""Those that must not be ended, by `pthread_t`; 0 where there is none."""
_actions = immortal(np.zeros((max(_FAULTS, default=0) + 1, _ACTION_BYTES), np.uint8))
"""What was done before about each signal of _FAULTS, by its number."""


def guard(threads: Sequence[int]) -> bool:
    """From here on `threads`, by `ident`, may do what they do for as long as the process lives.

    The first that would end the process is blocked instead.  Faults of other threads are what they were.

    To be called as the interpreter is about to end.  False where this is not Linux with glibc, or libstdc++
    cannot be had: then the end may be a crash.
    """
    if not IS_AVAILABLE:
        return False
    try:
        set_terminate = ctypes.CDLL("libstdc++.so.6")._ZSt13set_terminatePFvvE
        libc = ctypes.CDLL(None)
        on_exit = libc.on_exit
    except (OSError, AttributeError):
        return False
    _threads[: len(threads)] = threads[:_MOST_THREADS]
    set_terminate.argtypes, set_terminate.restype = [ctypes.c_void_p], ctypes.c_void_p
    on_exit.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    set_terminate(_on_terminate.address)
    on_exit(_on_exit.address, None)
    faulthandler.disable()  # with the interpreter it would end and take the handlers below along
    libc.signal.argtypes, libc.signal.restype = [ctypes.c_int, ctypes.c_void_p], ctypes.c_void_p
    for fault in _FAULTS:
        libc.sigaction(int(fault), None, ctypes.c_void_p(_actions[fault].ctypes.data))
        libc.signal(int(fault), _on_fault.address)
    return True


def _bound(name: str, signature: Any) -> Any:
    """The C library's function `name` for use inside compiled code."""
    address = ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0
    return external(f"obs_rvm_c_{name}", signature, address)


def _address_of(name: str, array: Any) -> Any:
    """`array`'s address inside compiled code, by name, so that the code can be cached."""
    llvm.add_symbol(f"obs_rvm_{name}", array.ctypes.data)

    @intrinsic
    def address(typing_context: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            there = ir.GlobalVariable(builder.module, ir.IntType(64), f"obs_rvm_{name}")
            return builder.ptrtoint(there, ir.IntType(64))

        return types.intp(), generate

    return address


IS_AVAILABLE = sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "on_exit")
"""Whether this is a system on which :func:`guard` works."""

if IS_AVAILABLE:
    _threads_address = _address_of("unended_threads", _threads)
    _actions_address = _address_of("fault_actions", _actions)
    _self = _bound("pthread_self", types.int64())
    _pause = _bound("pause", types.int32())
    _flush = _bound("fflush", types.int32(types.intp))
    _end = _bound("_exit", types.void(types.int32))
    _sigaction = _bound("sigaction", types.int32(types.int32, types.intp, types.intp))

    @part
    def _block_if_unended() -> None:
        """Return only on a thread that is none of `_threads`."""
        threads = carray(as_numbers(_threads_address()), _MOST_THREADS)
        me = _self()
        for k in range(_MOST_THREADS):
            while threads[k] == me:
                _pause()

    @callback(types.void())
    def _terminate() -> None:
        """`std::terminate_handler`: block a thread of `_threads`, let the process abort for another."""
        _block_if_unended()

    @callback(types.void(types.int32))
    def _fault(number: int) -> None:
        """Signal handler: block a thread of `_threads`; another one's fault is left to the handler before."""
        _block_if_unended()
        _sigaction(number, _actions_address() + number * _ACTION_BYTES, 0)

    @callback(types.void(types.int32, types.intp))
    def _leave(status: int, unused: int) -> None:
        """`on_exit` function: end the process now, with its exit code."""
        _flush(0)
        _end(status)

    _on_terminate, _on_fault, _on_exit = immortal(_terminate), immortal(_fault), immortal(_leave)
