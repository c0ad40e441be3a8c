"""Procedures that a part of OBS offers to others by name."""

from __future__ import annotations

import ctypes
from typing import Any

from rvm_core.libobs import api


class Calldata(ctypes.Structure):
    """`struct calldata` of callback/calldata.h: named values on a growing stack; zeros are an empty one."""

    _fields_ = [
        ("stack", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("fixed", ctypes.c_bool),
    ]


def call(handler: int, procedure: str, wanted: str, kind: Any, **given: int | str) -> Any:
    """The value `wanted`, of the ctypes type `kind`, that a procedure of `handler` sets.

    `given` are its arguments: pointers as int, texts as str.  None where the handler has no such procedure,
    or the procedure sets no such value.
    """
    data, found = Calldata(), kind()
    address = ctypes.byref(data)
    try:
        for name, value in given.items():
            cell: Any = ctypes.c_void_p(value) if isinstance(value, int) else _text(value)
            api.function("calldata_set_data")(address, name.encode(), ctypes.byref(cell), ctypes.sizeof(cell))
        if not api.function("proc_handler_call")(handler, procedure.encode(), address):
            return None
        size = ctypes.sizeof(found)
        is_set = api.function("calldata_get_data")(address, wanted.encode(), ctypes.byref(found), size)
        return found.value if is_set else None
    finally:
        api.function("bfree")(data.stack)


def _text(value: str) -> Any:
    """The text itself lies in the calldata, its closing zero with it."""
    return ctypes.create_string_buffer(value.encode())
