"""Graphics thread: what stands behind the person, and the light that it throws.  Once a frame each.

A source that is the background may hold the very source that has the filter, in a scene or as the background
of another filter.  While libobs draws a source with its filters, it draws it without them where it meets it
again: there would be the room.  So the background is drawn in the tick, when nothing else is being drawn.
"""

from __future__ import annotations

from typing import Any

from numba import types

from rvm_core.libobs import constants as c
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter._native import part
from rvm_core.obs_filter.capture import (
    begin_space,
    blend_pop,
    blend_push,
    blend_separate,
    clear,
    end,
    ortho,
    reset,
    shrink,
    texture_of,
    video_render_of,
)
from rvm_core.obs_filter.state import VEIL_LONG_SIDE, Fit, Mode, offset

ptr, i32, u32, f32 = types.intp, types.int32, types.uint32, types.float32
_GROUND = offset("ground")
_BLUR, _IMAGE, _VIDEO, _SOURCE = (int(mode) for mode in (Mode.BLUR, Mode.IMAGE, Mode.VIDEO, Mode.SOURCE))
_COVER, _CONTAIN = int(Fit.COVER), int(Fit.CONTAIN)

_enter = symbol("obs_enter_graphics")
_leave = symbol("obs_leave_graphics")
_strong = symbol("obs_weak_source_get_source")
_release = symbol("obs_source_release")
_width_of = symbol("obs_source_get_width")
_height_of = symbol("obs_source_get_height")


@part
def is_live(mode: int) -> bool:
    """Whether a source of OBS is the background."""
    return mode in (_VIDEO, _SOURCE)


@part
def _draw_source(s: Any, source: int, wide: float, tall: float) -> None:
    """`source`, `wide` x `tall` pixels, into ``s.live``, fitted to the picture."""
    width, height = f32(s.width), f32(s.height)
    # the part of the source's plane that the picture shows
    seen_wide, seen_tall = wide, tall
    if (s.fit == _COVER) == (wide * height > tall * width):
        seen_wide = tall * width / height
    else:
        seen_tall = wide * height / width
    if s.fit != _COVER and s.fit != _CONTAIN:
        seen_wide, seen_tall = wide, tall
    left, top = (wide - seen_wide) / f32(2), (tall - seen_tall) / f32(2)
    reset(s.live)
    if begin_space(s.live, s.width, s.height, i32(c.GS_CS_SRGB)) == 0:
        return
    clear(u32(c.GS_CLEAR_COLOR), s.self + _GROUND, f32(0), i32(0))
    ortho(left, left + seen_wide, top, top + seen_tall, f32(-100), f32(100))
    blend_push()
    blend_separate(
        i32(c.GS_BLEND_SRCALPHA),
        i32(c.GS_BLEND_INVSRCALPHA),
        i32(c.GS_BLEND_ONE),
        i32(c.GS_BLEND_INVSRCALPHA),
    )
    s.is_behind = i32(1)
    video_render_of(source)
    s.is_behind = i32(0)
    blend_pop()
    end(s.live)
    s.live_filled = i32(1)
    s.live_of = s.backdrop


@part
def draw_live(s: Any) -> None:
    """Bring ``s.live`` to this frame, in its tick; what it held stays while its source has no picture."""
    _enter()
    source = ptr(0)
    if s.backdrop != 0 and s.width != 0 and s.height != 0:
        source = _strong(s.backdrop)
    if source != 0:
        wide, tall = _width_of(source), _height_of(source)
        if wide > 0 and tall > 0:
            _draw_source(s, source, f32(wide), f32(tall))
        _release(source)
    _leave()


@part
def is_ready(s: Any, mode: int) -> bool:
    """Whether what stands behind the person in `mode` is there."""
    if mode == _BLUR:
        return s.blurs != 0
    if mode == _IMAGE:
        return s.image_texture != 0
    if is_live(mode):
        return s.live_filled != 0
    return mode >= 0


@part
def background_of(s: Any, mode: int) -> int:
    """The texture behind the person in `mode`, or 0 where there is none."""
    if mode == _BLUR:
        return s.blurred_texture
    if mode == _IMAGE:
        return s.image_texture
    if is_live(mode):
        return texture_of(s.live)
    return ptr(0)


@part
def small_side(side: int, long_side: int) -> int:
    """A side of the picture reduced to a handful of pixels."""
    return max(u32(1), u32(side * u32(VEIL_LONG_SIDE) // long_side))


@part
def light_of(s: Any, mode: int) -> int:
    """A handful of pixels of the background in `mode`; their texture, or 0."""
    texture = background_of(s, mode)
    if texture == 0:
        return ptr(0)
    if s.lit == 0 and (mode != _IMAGE or s.lit_by != texture):
        long_side = max(s.width, s.height)
        from_width, from_height = s.width, s.height
        if mode == _BLUR:
            from_width, from_height = s.internal_width, s.internal_height
        width, height = small_side(s.width, long_side), small_side(s.height, long_side)
        shrink(s, texture, from_width, from_height, s.light, width, height, s.tech_Shrink)
        s.lit_by = texture if mode == _IMAGE else ptr(0)
    s.lit = i32(1)
    return texture_of(s.light)
