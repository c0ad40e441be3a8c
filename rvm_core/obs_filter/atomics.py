"""Atomic 64-bit fields of the shared record, right on x86 and on ARM.

Each function takes the *address* of an aligned int64.  Usable in callbacks and from Python (nogil).
Memory order: a value published by :func:`store` or :func:`exchange` makes everything written before
it visible to whoever reads it by :func:`load` or :func:`exchange` (C11 acquire and release).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rvm_core.kernels._jit import kernel


def _pointer(context: Any, builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, ir.IntType(64).as_pointer())


@intrinsic
def _load(typing_context: Any, address: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load_atomic(_pointer(context, builder, arguments[0]), "acquire", 8, typ=ir.IntType(64))

    return types.int64(types.intp), generate


@intrinsic
def _store(typing_context: Any, address: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store_atomic(arguments[1], _pointer(context, builder, arguments[0]), "release", 8)
        return context.get_dummy_value()

    return types.void(types.intp, types.int64), generate


def _read_modify_write(operation: str) -> Any:
    def declare(typing_context: Any, address: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = _pointer(context, builder, arguments[0])
            return builder.atomic_rmw(operation, pointer, arguments[1], "acq_rel")

        return types.int64(types.intp, types.int64), generate

    return intrinsic(declare)


_exchange = _read_modify_write("xchg")
_add = _read_modify_write("add")
_or = _read_modify_write("or")


@kernel
def load(address: int) -> int:
    """The value, and all that was written before it was stored."""
    return _load(address)


@kernel
def store(address: int, value: int) -> None:
    """Publish `value` and all that was written before it."""
    _store(address, value)


@kernel
def exchange(address: int, value: int) -> int:
    """Put `value`, give what was there; acquire and release."""
    return _exchange(address, value)


@kernel
def fetch_add(address: int, value: int) -> int:
    """Add `value`, give what was there; acquire and release."""
    return _add(address, value)


@kernel
def fetch_or(address: int, value: int) -> int:
    """Set the bits of `value`, give what was there; acquire and release."""
    return _or(address, value)


def warm() -> None:
    """Compile Python's side into the cache."""
    cell = np.zeros(1, np.int64)
    address = cell.ctypes.data
    store(address, 1)
    load(address)
    exchange(address, 1)
    fetch_add(address, 1)
    fetch_or(address, 1)
