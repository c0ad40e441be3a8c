"""Graphics thread: draw what the frame's bookkeeping decided.  Called for every display of the source."""

from __future__ import annotations

from typing import Any

from numba import types

from rvm_core.libobs import constants as c
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter._native import part
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
from rvm_core.obs_filter.state import VEIL_LONG_SIDE, Mode, UntilReady, offset

ptr, i32, u32, f32 = types.intp, types.int32, types.uint32, types.float32
_COLOR = offset("color")
_MODE_TRANSPARENT, _MODE_BLUR, _MODE_COLOR, _MODE_IMAGE, _MODE_MATTE = (
    int(mode) for mode in (Mode.TRANSPARENT, Mode.BLUR, Mode.COLOR, Mode.IMAGE, Mode.MATTE)
)
_UNTIL_BLUR, _UNTIL_SHOW = int(UntilReady.BLUR), int(UntilReady.SHOW)

_set_texture_srgb = symbol("gs_effect_set_texture_srgb")
_set_vec4 = symbol("gs_effect_set_vec4")
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
def _draw_matted(s: Any, slot: int) -> None:
    if s.mode == _MODE_TRANSPARENT and s.area[2] <= s.area[0]:
        return  # nobody there
    picture = texture_of(s.slot[slot])
    _set_texture_srgb(s.param_image, picture)
    set_texture(s.param_matte, s.matte_texture)
    set_texture(s.param_detail, s.detail_texture)
    technique = s.tech_Transparent
    if s.mode == _MODE_BLUR:
        _set_texture_srgb(s.param_backdrop, s.blurred_texture)
        technique = s.tech_Backdrop
    elif s.mode == _MODE_IMAGE:
        _set_texture_srgb(s.param_backdrop, s.image_texture)
        technique = s.tech_Backdrop
    elif s.mode == _MODE_COLOR:
        _set_vec4(s.param_color, s.self + _COLOR)
        technique = s.tech_Color
    elif s.mode == _MODE_MATTE:
        technique = s.tech_Matte
    _sprite(s, technique, picture, s.mode == _MODE_TRANSPARENT)


@part
def _draw_veil(s: Any, target: int, parent: int) -> None:
    """The picture as a handful of colours: no face, no screen, no room to be recognised."""
    long_side = max(s.width, s.height)
    width = max(u32(1), u32(s.width * u32(VEIL_LONG_SIDE) // long_side))
    height = max(u32(1), u32(s.height * u32(VEIL_LONG_SIDE) // long_side))
    if s.drawn == 0:
        s.drawn = i32(1)
        picture = draw_into(s, s.scratch, c.GS_CS_SRGB, target, parent)
        if picture == 0 or shrink(s, picture, s.veil, width, height, s.tech_Shrink) == 0:
            s.drawn = i32(-1)
    if s.drawn == 1:
        small = texture_of(s.veil)
        _set_texture_srgb(s.param_image, small)
        set_pair(s, s.param_source_size, f32(width), f32(height))
        _sprite(s, s.tech_Veil, small, False)


@part
def draw(s: Any, target: int, parent: int) -> None:
    """The matted picture, or what `until_ready` says while there is none."""
    if s.shown >= 0 and not (s.mode == _MODE_IMAGE and s.image_texture == 0):
        follows = s.lowest_latency != 0 and s.hold_until_ns == 0 and s.newest >= 0
        _draw_matted(s, s.newest if follows else s.shown)
    elif s.until_ready == _UNTIL_SHOW:
        draw_target(target, parent)
    elif s.effect == 0:
        return
    elif s.until_ready == _UNTIL_BLUR:
        _draw_veil(s, target, parent)
    elif s.mode == _MODE_COLOR:
        _set_vec4(s.param_color, s.self + _COLOR)
        _sprite(s, s.tech_FillColor, ptr(0), False)
    elif s.mode == _MODE_IMAGE and s.image_texture != 0:
        _set_texture_srgb(s.param_backdrop, s.image_texture)
        _sprite(s, s.tech_FillBackdrop, ptr(0), False)
