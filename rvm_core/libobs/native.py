"""libobs functions as symbols that compiled callbacks call without Python and without the GIL.

A callback that calls a symbol can be cached on disk: the code holds the name, and
:func:`symbol` binds the name to this process's address.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from numba import types

from rvm_core.libobs import api

# C bool comes back in one byte and goes out as an int (System V, Windows x64 and AAPCS64 agree).
_RESULT: dict[Any, Any] = {
    None: types.void,
    ctypes.c_bool: types.uint8,
    ctypes.c_int: types.int32,
    ctypes.c_uint32: types.uint32,
    ctypes.c_int64: types.int64,
    ctypes.c_longlong: types.int64,
    ctypes.c_uint64: types.uint64,
    ctypes.c_double: types.float64,
    ctypes.c_float: types.float32,
    ctypes.c_size_t: types.uintp,
    ctypes.c_void_p: types.intp,
    ctypes.c_char_p: types.intp,
}
_ARGUMENT = _RESULT | {
    ctypes.c_bool: types.int32,
    ctypes.c_uint8: types.int32,
}


@cache
def symbol(name: str) -> Any:
    """The libobs function `name` for use inside compiled code; pointers are `intp`.

    Raises HostError when this process has no libobs or its libobs lacks the function.
    """
    result, arguments = api.declaration(name)
    return external(name, _RESULT[result](*(_ARGUMENT[kind] for kind in arguments)), api.address(name))


def external(name: str, signature: Any, address: int) -> Any:
    """Any C function for use inside compiled code, bound to `name` in this process."""
    llvm.add_symbol(name, address)
    return types.ExternalFunction(name, signature)
