"""The functions that libobs calls on its graphics thread: native, without Python and without the GIL.

Signatures: `struct obs_source_info`, obs-source.h.  Rules: never raise, divide unchecked, allocate,
wait or log; read parent and target once, for both become NULL when the filter is being removed.
"""

from __future__ import annotations

from typing import Any

from numba import carray, types

from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import immortal
from rvm_core.obs_filter import atomics
from rvm_core.obs_filter._native import callback
from rvm_core.obs_filter.behind import draw_live, is_live
from rvm_core.obs_filter.capture import (
    base_height,
    base_width,
    begin_frame,
    color_space,
    count_render,
    filter_parent,
    filter_target,
    is_enabled,
    now_ns,
)
from rvm_core.obs_filter.draw import draw
from rvm_core.obs_filter.program import follow_program
from rvm_core.obs_filter.settings_block import update
from rvm_core.obs_filter.state import LATE_TICK_SECONDS, OFF_SCREEN_SECONDS, POINTER, TIMINGS, Reason, offset

__all__ = [
    "activate",
    "callbacks",
    "hide",
    "show",
    "update",
    "video_get_color_space",
    "video_render",
    "video_tick",
]

_RESET_BITS, _SPACES = offset("reset_bits"), offset("spaces")
_SHOWN, _ACTIVATED = int(Reason.SHOWN), int(Reason.ACTIVATED)


@callback(types.void(POINTER, types.float32))
def video_tick(state: Any, seconds: float) -> None:
    """Once a frame, before any render; `seconds` since the last one."""
    s = carray(state, 1)[0]
    # a late tick is no gap: nobody could have rendered meanwhile
    s.unrendered_s += min(seconds, types.float32(LATE_TICK_SECONDS))
    s.since_media_s += seconds
    s.since_below_s += seconds
    if s.unrendered_s > types.float32(OFF_SCREEN_SECONDS) or is_enabled(s.source) == 0:
        s.was_off_screen = types.int32(1)
    if s.was_off_screen != 0:
        s.live_filled = types.int32(0)  # of long ago, when it is seen again
    elif is_live(s.mode):
        draw_live(s)
    elif not is_live(s.look):
        s.live_filled = types.int32(0)
    s.fresh = types.int32(1)
    follow_program(s)


@callback(types.void(POINTER, types.intp))
def video_render(state: Any, effect: int) -> None:
    """Once a frame for each display of the source."""
    s = carray(state, 1)[0]
    count_render(s)
    target = filter_target(s.source)
    parent = filter_parent(s.source)
    if target == 0 or parent == 0 or s.is_behind != 0:
        return
    width = base_width(target)
    height = base_height(target)
    if width == 0 or height == 0:  # a source without a picture, as a camera that is not connected
        s.was_off_screen = types.int32(1)
        return
    began = now_ns()
    if s.fresh != 0:
        s.fresh = types.int32(0)
        begin_frame(s, target, parent, width, height)
    draw(s, target, parent)
    s.render_us[s.render_count % TIMINGS] = types.float32(types.int64(now_ns() - began)) * types.float32(1e-3)
    s.render_count += 1


@callback(types.int32(POINTER, types.uintp, types.intp))
def video_get_color_space(state: Any, count: int, preferred: int) -> int:
    """The space of what is below: the filter works in it, libobs converts what we draw."""
    s = carray(state, 1)[0]
    target = filter_target(s.source)
    if target == 0:
        return types.int32(c.GS_CS_SRGB)
    return color_space(target, types.uintp(3), s.self + _SPACES)


@callback(types.void(POINTER))
def show(state: Any) -> None:
    """The source appears somewhere: what was seen before is long ago."""
    atomics.fetch_or(carray(state, 1)[0].self + _RESET_BITS, _SHOWN)


@callback(types.void(POINTER))
def hide(state: Any) -> None:
    """The source is seen nowhere any more.

    libobs may render it once before it calls `show`: nothing of before may be drawn then, either.
    """
    carray(state, 1)[0].was_off_screen = types.int32(1)


@callback(types.void(POINTER))
def activate(state: Any) -> None:
    """The source enters the program."""
    atomics.fetch_or(carray(state, 1)[0].self + _RESET_BITS, _ACTIVATED)


def callbacks() -> dict[str, int]:
    """Addresses of the compiled callbacks, by their names in `struct obs_source_info`; good for ever."""
    compiled = {
        "update": update,
        "activate": activate,
        "show": show,
        "hide": hide,
        "video_tick": video_tick,
        "video_render": video_render,
        "video_get_color_space": video_get_color_space,
    }
    return {name: int(immortal(function).address) for name, function in compiled.items()}
