"""Graphics thread: the keep zones outlined, for the eyes of the streamer alone."""

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
    draw_sprite,
    effect_loop,
    enable_srgb,
    srgb_enabled,
)
from rvm_core.obs_filter.state import offset

ptr, i32, u32, f32 = types.intp, types.int32, types.uint32, types.float32
_KEEPS, _REMOVES = offset("keeps_color"), offset("removes_color")
THIN = 200
"""The picture's height over the thickness of a line."""

_render_target = symbol("gs_get_render_target")
_set_vec4 = symbol("gs_effect_set_vec4")
_matrix_push = symbol("gs_matrix_push")
_matrix_pop = symbol("gs_matrix_pop")
_matrix_translate = symbol("gs_matrix_translate3f")


@part
def _bar(s: Any, left: float, top: float, width: float, height: float) -> None:
    if width < f32(1) or height < f32(1):
        return
    _matrix_push()
    _matrix_translate(f32(left), f32(top), f32(0))
    while effect_loop(s.effect, s.tech_FillColor) != 0:
        draw_sprite(ptr(0), u32(0), u32(width), u32(height))
    _matrix_pop()


@part
def draw_outlines(s: Any) -> None:
    """Only where a window is being drawn: the program and whatever is recorded are drawn into textures."""
    if _render_target() != 0:
        return
    before = srgb_enabled()
    enable_srgb(i32(1))
    blend_push()
    blend_function(i32(c.GS_BLEND_ONE), i32(c.GS_BLEND_ZERO))
    wide, tall = f32(s.width), f32(s.height)
    line = max(f32(2), f32(s.height // u32(THIN)))
    for k in range(s.zone_count):
        _set_vec4(s.param_color, s.self + (_KEEPS if s.zone[k, 0] > f32(0) else _REMOVES))
        left, top = s.zone[k, 1] * wide, s.zone[k, 2] * tall
        right, bottom = min(s.zone[k, 3], f32(1)) * wide, min(s.zone[k, 4], f32(1)) * tall
        _bar(s, left, top, right - left, line)
        _bar(s, left, bottom - line, right - left, line)
        _bar(s, left, top, line, bottom - top)
        _bar(s, right - line, top, line, bottom - top)
    blend_pop()
    enable_srgb(i32(before))
