"""Every change under libobs's graphics lock, compiled: no Python runs while the lock is held.

A script may hold the GIL and wait for that lock (obspython's `obs_enter_graphics`), so a thread that
held the lock and waited for the GIL would stop OBS for ever.  Each function enters, changes, leaves,
without the GIL.  Called by the worker, and by libobs's creating and destroying threads; never by the
graphics thread.  The record owns the objects: whatever a function replaces it destroys.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, types
from numpy.typing import NDArray

from rvm_core.kernels._jit import kernel
from rvm_core.libobs import constants as c
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter._native import part
from rvm_core.obs_filter.pointers import as_record
from rvm_core.obs_filter.state import BOXES, SLOTS, offset

i32, u32, ptr = types.int32, types.uint32, types.intp

_enter = symbol("obs_enter_graphics")
_leave = symbol("obs_leave_graphics")
_effect_create = symbol("gs_effect_create")
_parameter = symbol("gs_effect_get_param_by_name")
_texrender_create = symbol("gs_texrender_create")
_texrender_destroy = symbol("gs_texrender_destroy")
_stage_create = symbol("gs_stagesurface_create")
_stage_destroy = symbol("gs_stagesurface_destroy")
_texture_create = symbol("gs_texture_create")
_texture_destroy = symbol("gs_texture_destroy")
_MAPPED = offset("mapped")


@part
def _forget_pictures(s: Any) -> None:
    """Nothing captured, nothing shown."""
    for k in range(SLOTS):
        s.slot_frame[k] = 0
    s.newest = i32(-1)
    s.shown = i32(-1)
    s.staged = i32(-1)
    s.valid_from = s.frame + 1
    s.sent_frame = 0
    s.hold_until_ns = 0
    _empty_boxes(s)


@part
def _empty_boxes(s: Any) -> None:
    """Nothing on the way between the graphics thread and the worker, and no slot kept for it."""
    s.staged = i32(-1)
    for k in range(SLOTS):
        if k != s.shown and k != s.newest:
            s.slot_frame[k] = 0
    s.in_back = i32(0)
    s.in_box = 1
    s.out_front = i32(0)
    s.out_box = 1


WORKER_BOX = 2
"""The buffer that the worker holds in each triple buffer once the boxes are empty."""


@kernel
def create_effect(text: int, name: int, message: int, parameter_names: Any, found: Any) -> int:
    """Compile the effect `text` and look up its parameters; its address, or 0 with `message` set."""
    _enter()
    effect = _effect_create(text, name, message)
    if effect != 0:
        for i in range(parameter_names.size):
            found[i] = _parameter(effect, parameter_names[i])
    _leave()
    return effect


@kernel
def begin(state: int) -> None:
    """The objects that every instance has; the record is otherwise fresh."""
    s = carray(as_record(state), 1)[0]
    _enter()
    s.scratch = _texrender_create(i32(c.GS_RGBA), i32(c.GS_ZS_NONE))
    s.veil = _texrender_create(i32(c.GS_RGBA), i32(c.GS_ZS_NONE))
    s.light = _texrender_create(i32(c.GS_RGBA), i32(c.GS_ZS_NONE))
    s.live = _texrender_create(i32(c.GS_RGBA), i32(c.GS_ZS_NONE))
    s.look = i32(-1)
    s.gain = 1.0
    _forget_pictures(s)
    _leave()


@kernel
def configure(state: int, how: Any, color: Any, ground: Any, gain: float, zones: Any) -> None:
    """How to draw.

    how: int64 [5], mode, whether latency is lowest, until_ready, whether to reset on scene switch, fit.
    color: float64 [3], linear light; ground: the same as stored.  gain: of alpha around a half.
    zones: float64 [n, 5], those to be outlined, as the record holds them.
    """
    s = carray(as_record(state), 1)[0]
    _enter()
    s.mode = i32(how[0])
    s.lowest_latency = i32(how[1])
    s.until_ready = i32(how[2])
    s.reset_on_scene_switch = i32(how[3])
    s.fit = i32(how[4])
    for i in range(3):
        s.color[i] = color[i]
        s.ground[i] = ground[i]
    s.color[3] = 1.0
    s.ground[3] = 1.0
    s.gain = gain
    s.zone_count = i32(zones.shape[0])
    for k in range(zones.shape[0]):
        for i in range(5):
            s.zone[k, i] = zones[k, i]
    _leave()


@kernel
def refuse_pictures(state: int) -> None:
    """No picture is wanted and none stays on screen."""
    s = carray(as_record(state), 1)[0]
    _enter()
    s.accepting = i32(0)
    _forget_pictures(s)
    _leave()


@kernel
def accept_pictures(state: int) -> None:
    """The worker is ready; its buffers of both boxes are WORKER_BOX."""
    s = carray(as_record(state), 1)[0]
    _enter()
    _empty_boxes(s)
    s.accepting = i32(1)
    _leave()


@part
def _destroy_slots(s: Any) -> None:
    for k in range(SLOTS):
        if s.slot[k] != 0:
            _texrender_destroy(s.slot[k])
            s.slot[k] = 0


@kernel
def make_slots(state: int, width: int, height: int, space: int) -> bool:
    """Room for full-size pictures of this size and colour space; False: no memory."""
    s = carray(as_record(state), 1)[0]
    _enter()
    s.accepting = i32(0)
    _forget_pictures(s)
    _destroy_slots(s)
    picture_format = i32(c.GS_RGBA if space == c.GS_CS_SRGB else c.GS_RGBA16F)
    complete = True
    for k in range(SLOTS):
        s.slot[k] = _texrender_create(picture_format, i32(c.GS_ZS_NONE))
        complete = complete and s.slot[k] != 0
    s.bundle_width = u32(width)
    s.bundle_height = u32(height)
    s.bundle_space = i32(space)
    _leave()
    return complete


@part
def _destroy_internal(s: Any) -> None:
    if s.shrunk != 0:
        _texrender_destroy(s.shrunk)
        s.shrunk = 0
    for i in range(2):
        if s.stage[i] != 0:
            _stage_destroy(s.stage[i])
            s.stage[i] = 0


@part
def _destroy_results(matte: int, detail: int, edge: int, blurred: int) -> None:
    if matte != 0:
        _texture_destroy(matte)
    if detail != 0:
        _texture_destroy(detail)
    if edge != 0:
        _texture_destroy(edge)
    if blurred != 0:
        _texture_destroy(blurred)


@kernel
def make_internal(
    state: int, width: int, height: int, pictures: Any, mattes: Any, details: Any, edges: Any, blurred: Any
) -> bool:
    """What the network's size decides; the arrays are the addresses of the triple buffers.

    The matte on screen stays until the first result of the new size.  False: no memory.
    """
    s = carray(as_record(state), 1)[0]
    _enter()
    s.accepting = i32(0)
    _empty_boxes(s)
    _destroy_internal(s)
    if s.matte_texture == s.matte_upload:
        _destroy_results(s.matte_retired, s.detail_retired, s.edge_retired, s.blurred_retired)
        s.matte_retired = s.matte_upload
        s.detail_retired = s.detail_upload
        s.edge_retired = s.edge_upload
        s.blurred_retired = s.blurred_upload
    else:
        _destroy_results(s.matte_upload, s.detail_upload, s.edge_upload, s.blurred_upload)
    w, h = u32(width), u32(height)
    s.shrunk = _texrender_create(i32(c.GS_RGBA), i32(c.GS_ZS_NONE))
    for i in range(2):
        s.stage[i] = _stage_create(w, h, i32(c.GS_RGBA))
    s.matte_upload = _texture_create(w, h, i32(c.GS_RGBA16F), u32(1), ptr(0), u32(c.GS_DYNAMIC))
    s.detail_upload = _texture_create(w, h, i32(c.GS_RGBA16F), u32(1), ptr(0), u32(c.GS_DYNAMIC))
    s.edge_upload = _texture_create(w, h, i32(c.GS_RGBA16F), u32(1), ptr(0), u32(c.GS_DYNAMIC))
    s.blurred_upload = _texture_create(w, h, i32(c.GS_RGBA), u32(1), ptr(0), u32(c.GS_DYNAMIC))
    for i in range(BOXES):
        s.in_data[i] = pictures[i]
        s.out_matte[i] = mattes[i]
        s.out_detail[i] = details[i]
        s.out_edge[i] = edges[i]
        s.out_blurred[i] = blurred[i]
    s.internal_width = w
    s.internal_height = h
    complete = s.shrunk != 0 and s.stage[0] != 0 and s.stage[1] != 0
    complete = complete and s.matte_upload != 0 and s.detail_upload != 0
    complete = complete and s.edge_upload != 0 and s.blurred_upload != 0
    _leave()
    return complete


@kernel
def set_image(state: int, width: int, height: int, pixels: int) -> bool:
    """The background image: `pixels` is the address of uint8 [height, width, 4] sRGB, or 0 for none."""
    s = carray(as_record(state), 1)[0]
    _enter()
    s.lit_by = 0
    if s.image_texture != 0:
        _texture_destroy(s.image_texture)
        s.image_texture = 0
    if pixels != 0:
        s.mapped = pixels  # libobs takes the address of the address, one per level
        s.image_texture = _texture_create(
            u32(width), u32(height), i32(c.GS_RGBA), u32(1), s.self + _MAPPED, u32(0)
        )
    complete = pixels == 0 or s.image_texture != 0
    _leave()
    return complete


@kernel
def set_backdrop(state: int, weak: int, failed: int) -> None:
    """The source that is the background, a weak reference or 0; the caller releases the one before.

    failed: whether there is none where there should be one, an image too.
    """
    s = carray(as_record(state), 1)[0]
    _enter()
    if weak != s.backdrop:  # another source may get the same address
        s.live_of = 0
    s.backdrop = weak
    s.backdrop_failed = i32(failed)
    _leave()


@kernel
def end(state: int) -> None:
    """Destroy everything that the record owns."""
    s = carray(as_record(state), 1)[0]
    _enter()
    s.accepting = i32(0)
    _forget_pictures(s)
    _destroy_slots(s)
    _destroy_internal(s)
    _destroy_results(s.matte_retired, s.detail_retired, s.edge_retired, s.blurred_retired)
    _destroy_results(s.matte_upload, s.detail_upload, s.edge_upload, s.blurred_upload)
    if s.image_texture != 0:
        _texture_destroy(s.image_texture)
    _texrender_destroy(s.scratch)
    _texrender_destroy(s.veil)
    _texrender_destroy(s.light)
    _texrender_destroy(s.live)
    _leave()


def addresses(buffers: NDArray[Any]) -> NDArray[np.int64]:
    """The addresses of the first axis's parts, int64 [BOXES]."""
    return np.array([buffer.ctypes.data for buffer in buffers], np.int64)
