"""The source that a filter is on, held while somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rvm_core.kernels._jit import kernel
from rvm_core.libobs import api
from rvm_core.libobs.native import symbol

_filter_parent = symbol("obs_filter_get_parent")
_take = symbol("obs_source_get_ref")


@kernel
def _take_parent(source: int) -> int:
    """A reference to the parent of the filter `source`, or 0.

    In one go: Python may be stopped for the GIL between the two calls, and the parent be freed meanwhile.
    """
    if source == 0:
        return 0
    parent = _filter_parent(source)
    return 0 if parent == 0 else _take(parent)


@contextmanager
def parent(source: int) -> Iterator[int]:
    """The source that the living filter `source` is on, or 0 where it is on none.

    Any thread but the graphics thread; that source lives on until the end of the block.
    """
    found = _take_parent(source)
    try:
        yield found
    finally:
        if found:
            api.function("obs_source_release")(found)


def name_of(source: int) -> str:
    """The name of a living source, as the user gave it; empty for 0."""
    return (
        str((api.function("obs_source_get_name")(source) or b"").decode(errors="replace")) if source else ""
    )


def warm() -> None:
    """Compile Python's side into the cache."""
    _take_parent(0)
