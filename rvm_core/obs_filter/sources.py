"""The sources and scenes that OBS has.

libobs walks them under locks that a script of somebody else may await with the GIL in hand, so what it
calls meanwhile is compiled and takes no GIL.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import carray, types

from rvm_core.libobs import api
from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import immortal
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter._native import callback

_MOST = 4000
_CELLS = types.CPointer(types.int64)
_get_ref = symbol("obs_source_get_ref")


class Source(NamedTuple):
    """What lists show of a source or scene."""

    name: str
    has_video: bool
    has_audio: bool


@callback(types.uint8(_CELLS, types.intp))
def _gather(cells: Any, source: int) -> int:
    """Put a reference of `source` behind the others, whose number stands first."""
    found = carray(cells, (_MOST + 1,))
    if found[0] >= _MOST:
        return types.uint8(0)
    held = _get_ref(source)
    if held != 0:
        found[0] += 1
        found[found[0]] = held
    return types.uint8(1)


@callback(types.void(types.intp, types.intp, _CELLS))
def _look(parent: int, child: int, cells: Any) -> None:
    """Note in the second cell whether `child` is the source in the first."""
    sought = carray(cells, (2,))
    if child == sought[0]:
        sought[1] = 1


immortal(_gather)
immortal(_look)


def hold() -> list[int]:
    """References of every source and scene, the caller's.  Any thread but the graphics thread."""
    cells = np.zeros(_MOST + 1, np.int64)
    for enumerate_ in ("obs_enum_sources", "obs_enum_scenes"):
        api.function(enumerate_)(_gather.address, cells.ctypes.data)
    return [int(source) for source in cells[1 : 1 + cells[0]]]


def living(without: int = 0) -> list[Source]:
    """Every source and scene, but `without` and what shows it.  Any thread but the graphics thread."""
    found = []
    for source in hold():
        if not (without and (source == without or shows(source, without))):
            flags = api.function("obs_source_get_output_flags")(source)
            name = (api.function("obs_source_get_name")(source) or b"").decode(errors="replace")
            found.append(Source(name, bool(flags & c.OBS_SOURCE_VIDEO), bool(flags & c.OBS_SOURCE_AUDIO)))
        api.function("obs_source_release")(source)
    return found


def shows(source: int, other: int) -> bool:
    """Whether `other` is somewhere within `source`, as in a scene.  Any thread but the graphics thread."""
    cells = np.array([other, 0], np.int64)
    api.function("obs_source_enum_full_tree")(source, _look.address, cells.ctypes.data)
    return bool(cells[1])
