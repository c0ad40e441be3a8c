"""Graphics thread: draw what the frame's bookkeeping decided.  Called for every display of the source."""

from __future__ import annotations

from typing import Any

from numba import types

from rvm_core.libobs import constants as c
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter._native import part
from rvm_core.obs_filter.behind import background_of, is_ready, light_of, small_side
from rvm_core.obs_filter.capture import (
    blend_function,
    blend_pop,
    blend_push,
    draw_into,
    draw_sprite,
    draw_target,
    effect_loop,
    enable_srgb,
    set_pair,
    set_texture,
    shrink,
    srgb_enabled,
    texture_of,
)
from rvm_core.obs_filter.outlines import draw_outlines
from rvm_core.obs_filter.state import Mode, UntilReady, offset

ptr, i32, u32, f32 = types.intp, types.int32, types.uint32, types.float32
_COLOR = offset("color")
_MODE_TRANSPARENT, _MODE_COLOR, _MODE_MATTE = (
    int(mode) for mode in (Mode.TRANSPARENT, Mode.COLOR, Mode.MATTE)
)
_UNTIL_BLUR, _UNTIL_SHOW = int(UntilReady.BLUR), int(UntilReady.SHOW)

_set_texture_srgb = symbol("gs_effect_set_texture_srgb")
_set_vec4 = symbol("gs_effect_set_vec4")
_set_float = symbol("gs_effect_set_float")
_matrix_push = symbol("gs_matrix_push")
_matrix_pop = symbol("gs_matrix_pop")
_matrix_translate = symbol("gs_matrix_translate3f")
_draw_subregion = symbol("gs_draw_sprite_subregion")


@part
def _sprite(s: Any, technique: int, texture: int, only_area: bool) -> None:
    """A full-size sprite in linear light, premultiplied, over what is there; or only `s.area` of it."""
    before = srgb_enabled()
    enable_srgb(i32(1))
    blend_push()
    blend_function(i32(c.GS_BLEND_ONE), i32(c.GS_BLEND_INVSRCALPHA))
    left, top, right, bottom = s.area[0], s.area[1], s.area[2], s.area[3]
    _matrix_push()
    if only_area:
        _matrix_translate(f32(left), f32(top), f32(0))
    while effect_loop(s.effect, technique) != 0:
        if only_area:
            _draw_subregion(texture, u32(0), u32(left), u32(top), u32(right - left), u32(bottom - top))
        else:
            draw_sprite(texture, u32(0), s.width, s.height)
    _matrix_pop()
    blend_pop()
    enable_srgb(i32(before))


@part
def _set_light(s: Any, texture: int, width: int, height: int) -> None:
    _set_texture_srgb(s.param_light, texture)
    set_pair(s, s.param_light_size, f32(width), f32(height))


@part
def _draw_matted(s: Any, look: int, slot: int) -> None:
    if look == _MODE_TRANSPARENT and s.area[2] <= s.area[0]:
        return  # nobody there
    background = background_of(s, look)
    edged = s.edged != 0
    if background != 0:
        light, long_side = background, max(s.width, s.height)
        if edged:  # it is drawn into a texture of its own: before any parameter is set
            light = light_of(s, look)
        _set_light(s, light, small_side(s.width, long_side), small_side(s.height, long_side))
    picture = texture_of(s.slot[slot])
    _set_texture_srgb(s.param_image, picture)
    set_texture(s.param_matte, s.matte_texture)
    set_texture(s.param_detail, s.detail_texture)
    set_texture(s.param_edge, s.edge_texture)
    _set_float(s.param_gain, s.gain)
    _set_float(s.param_edged, f32(1) if edged else f32(0))
    technique = s.tech_Transparent
    if background != 0:
        _set_texture_srgb(s.param_backdrop, background)
        technique = s.tech_Backdrop
    elif look == _MODE_COLOR:
        _set_vec4(s.param_color, s.self + _COLOR)
        technique = s.tech_Color
    elif look == _MODE_MATTE:
        technique = s.tech_Matte
    _sprite(s, technique, picture, look == _MODE_TRANSPARENT)


@part
def _draw_veil(s: Any, target: int, parent: int) -> None:
    """The picture as a handful of colours: no face, no screen, no room to be recognised."""
    long_side = max(s.width, s.height)
    width, height = small_side(s.width, long_side), small_side(s.height, long_side)
    if s.drawn == 0:
        s.drawn = i32(1)
        picture = draw_into(s, s.scratch, c.GS_CS_SRGB, target, parent)
        small = ptr(0)
        if picture != 0:
            small = shrink(s, picture, s.width, s.height, s.veil, width, height, s.tech_Shrink)
        if small == 0:
            s.drawn = i32(-1)
    if s.drawn == 1:
        small = texture_of(s.veil)
        _set_light(s, small, width, height)
        _sprite(s, s.tech_Veil, small, False)


@part
def _choose_look(s: Any) -> int:
    """The mode to draw in, or -1: the one before goes on while the background of another is being made."""
    if s.backdrop_failed != 0:
        return i32(-1)
    if is_ready(s, s.mode):
        return s.mode
    return s.look if is_ready(s, s.look) else i32(-1)


@part
def draw(s: Any, target: int, parent: int) -> None:
    """The matted picture, or what `until_ready` says while there is none."""
    look = _choose_look(s)
    if s.shown >= 0 and look >= 0:
        s.look = i32(look)
        follows = s.lowest_latency != 0 and s.hold_until_ns == 0 and s.newest >= 0
        _draw_matted(s, look, s.newest if follows else s.shown)
    elif s.until_ready == _UNTIL_SHOW:
        draw_target(target, parent)
    elif s.effect == 0:
        return
    elif s.until_ready == _UNTIL_BLUR:
        _draw_veil(s, target, parent)
    elif s.mode == _MODE_COLOR:
        _set_vec4(s.param_color, s.self + _COLOR)
        _sprite(s, s.tech_FillColor, ptr(0), False)
    elif s.shown < 0 and s.backdrop_failed == 0 and is_ready(s, s.mode):
        background = background_of(s, s.mode)
        if background != 0:
            _set_texture_srgb(s.param_backdrop, background)
            _sprite(s, s.tech_FillBackdrop, ptr(0), False)
    if s.zone_count > 0 and s.effect != 0:
        draw_outlines(s)
