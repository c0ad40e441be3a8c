"""Graphics thread: which scene the program shows, noticed in the very frame that shows it first.

The frontend tells SCENE_CHANGED through the UI thread, which may be busy: a source that both scenes share
would go on with the state of the old scene until then.
"""

from __future__ import annotations

from typing import Any

from numba import types

from rvm_core.libobs.native import symbol
from rvm_core.obs_filter import atomics
from rvm_core.obs_filter._native import part
from rvm_core.obs_filter.state import Reason, offset

_PROGRAM_CHANNEL = 0
_SCENE = int(Reason.SCENE)
_RESET_BITS = offset("reset_bits")

_output_source = symbol("obs_get_output_source")
_active_source = symbol("obs_transition_get_active_source")
_progress = symbol("obs_transition_get_time")
_release = symbol("obs_source_release")


@part
def follow_program(s: Any) -> None:
    """Ask for a reset where a transition to another scene has ended; a cut ends as it begins.

    In `video_tick` only: libobs holds the lock of its channels while it renders them.
    """
    transition = _output_source(types.uint32(_PROGRAM_CHANNEL))
    if transition == 0:
        return
    scene = _active_source(transition)
    if scene != 0:
        if scene != s.program_scene and _progress(transition) >= types.float32(1):
            if s.program_scene != 0:
                atomics.fetch_or(s.self + _RESET_BITS, _SCENE)
            s.program_scene = scene
        _release(scene)
    _release(transition)
