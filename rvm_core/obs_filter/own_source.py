"""What a filter's worker asks of the filter's own source, which libobs may be destroying meanwhile.

Each function takes the instance's weak reference.  It holds the source, asks, and lets go without Python in
between: a thread that waits for the GIL must not keep a source alive that OBS is removing.  Any thread but
the graphics thread.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import carray

from rvm_core.kernels._jit import kernel
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter.pointers import as_bytes

_MOST_BYTES = 512
"""Of a name; what is longer is cut off."""

_get_source = symbol("obs_weak_source_get_source")
_release = symbol("obs_source_release")
_get_ref = symbol("obs_source_get_ref")
_get_name = symbol("obs_source_get_name")
_filter_parent = symbol("obs_filter_get_parent")
_update_properties = symbol("obs_source_update_properties")


class Place(NamedTuple):
    """Where a filter is: its name, and its parent's address (0: none, do not dereference) and name."""

    name: str
    parent: int
    parent_name: str


@kernel
def _copy_name(source: int, into: Any) -> None:
    """The name of a living `source`, with a NUL behind it, into uint8 [n]."""
    address = _get_name(source)
    length = 0
    if address != 0:
        text = carray(as_bytes(address), into.size)
        while length < into.size - 1 and text[length] != 0:
            into[length] = text[length]
            length += 1
    into[length] = 0


@kernel
def _find(weak: int, name: Any, parent_name: Any) -> int:
    """Fill in both names; the parent's address, 0 without one, -1 where the source is being destroyed."""
    source = _get_source(weak)
    if source == 0:
        return -1
    _copy_name(source, name)
    parent_name[0] = 0
    found = _filter_parent(source)
    parent = 0 if found == 0 else _get_ref(found)
    if parent != 0:
        _copy_name(parent, parent_name)
        _release(parent)
    _release(source)
    return parent


@kernel
def update_properties(weak: int) -> None:
    """Have OBS rebuild the filter's settings window if it is open."""
    source = _get_source(weak)
    if source != 0:
        _update_properties(source)
        _release(source)


def place(weak: int) -> Place | None:
    """Where the filter is; None where its source is being destroyed."""
    names = np.zeros((2, _MOST_BYTES), np.uint8)
    parent = _find(weak, names[0], names[1])
    if parent == -1:
        return None
    name, parent_name = (one.tobytes().partition(b"\0")[0].decode(errors="replace") for one in names)
    return Place(name, parent, parent_name)


def warm() -> None:
    """Compile into the cache."""
    place(0)
    update_properties(0)
