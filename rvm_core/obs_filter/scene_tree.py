"""The scenes of OBS, and the sources in each of them.  UI thread.

While libobs goes through a scene it holds the scene's lock, for which its graphics thread may be waiting:
what it calls meanwhile is compiled and needs no GIL.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from rvm_core.libobs import api
from rvm_core.libobs.handles import immortal
from rvm_core.libobs.native import symbol
from rvm_core.libobs.structs import ObsFrontendSourceList
from rvm_core.obs_filter._native import callback

_HEAD, _ROOM, _COUNT = 2, 0, 1
_FIRST_ROOM = 1024
_get_ref = symbol("obs_source_get_ref")


@callback(types.void(types.intp, types.intp, types.CPointer(types.int64)))
def _hold(_parent: int, child: int, found: Any) -> None:
    """Note `child` and hold it, or only count it where there is no room left."""
    count = found[_COUNT]
    if count < found[_ROOM]:
        found[_HEAD + count] = _get_ref(child)
    found[_COUNT] = count + 1


_on_child = immortal(_hold).address


@contextmanager
def scenes() -> Iterator[dict[int, str]]:
    """Every scene that the user sees, by its order, and its name; they live on for the ``with`` block."""
    listed = ObsFrontendSourceList()
    get_scenes = api.frontend_function("obs_frontend_get_scenes")
    if get_scenes is not None:
        get_scenes(ctypes.byref(listed))
    sources = [listed.array[place] for place in range(listed.num)]
    try:
        yield {source: name_of(source) for source in sources}
    finally:
        _release(sources)
        api.function("bfree")(listed.array)


@contextmanager
def sources_in(scene: int) -> Iterator[frozenset[int]]:
    """`scene` itself and every source in it, in its groups and nested scenes, hidden ones too.

    They live on for the ``with`` block; the scene itself is the caller's.  Of none (0) there are none.
    """
    if not scene:
        yield frozenset()
        return
    room = _FIRST_ROOM
    found = _enumerated(scene, room)
    while found[_COUNT] > room:
        _release(found[_HEAD:].tolist())
        room = 2 * int(found[_COUNT])
        found = _enumerated(scene, room)
    sources = found[_HEAD : _HEAD + found[_COUNT]].tolist()
    try:
        yield frozenset([scene, *sources])
    finally:
        _release(sources)


@contextmanager
def current(function: str) -> Iterator[int]:
    """The scene that the frontend's `function` gives, held for the ``with`` block; 0 where there is none."""
    ask = api.frontend_function(function)
    scene = (ask() if ask is not None else None) or 0
    try:
        yield scene
    finally:
        _release([scene])


def name_of(source: int) -> str:
    """A living source's name."""
    return str((api.function("obs_source_get_name")(source) or b"").decode(errors="replace"))


def _enumerated(scene: int, room: int) -> NDArray[np.int64]:
    found = np.zeros(_HEAD + room, np.int64)
    found[_ROOM] = room
    api.function("obs_source_enum_full_tree")(scene, _on_child, found.ctypes.data)
    return found


def _release(sources: list[int]) -> None:
    for source in sources:
        if source:
            api.function("obs_source_release")(source)
