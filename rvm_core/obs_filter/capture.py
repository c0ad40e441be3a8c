"""Graphics thread, once a frame: notice resets, take results, capture the picture, hand it over."""

from __future__ import annotations

from typing import Any

from numba import carray, types

from rvm_core.libobs import constants as c
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter import atomics
from rvm_core.obs_filter._native import part
from rvm_core.obs_filter.mailbox import publish_picture, take_result
from rvm_core.obs_filter.pointers import as_bytes, as_numbers
from rvm_core.obs_filter.state import (
    CONTINUOUS,
    EARLY_SHARE,
    LONGEST_FRAME_NS,
    MEDIA_BACK_MS,
    MEDIA_JUMP_MS,
    OFF_SCREEN_SECONDS,
    REASONS,
    SLOTS,
    STALL_NS,
    TIMINGS,
    UNEVEN_SHARE,
    Reason,
    offset,
)

ptr, i32, u32, i64, f32 = types.intp, types.int32, types.uint32, types.int64, types.float32

_RESET_BITS, _CUT_FRAME, _EPOCH, _WANTED, _TAKEN, _PERIOD = (
    offset(field) for field in ("reset_bits", "cut_frame", "epoch", "wanted", "taken_ns", "period_ns")
)
_MAPPED, _PITCH, _SIZE2, _CLEAR, _SPACES = (
    offset(field) for field in ("mapped", "pitch", "size2", "clear", "spaces")
)
_OFF_SCREEN, _SIZE, _SPACE, _MEDIA, _SCENE, _CUT, _STALL = (
    int(reason)
    for reason in (
        Reason.OFF_SCREEN,
        Reason.SIZE,
        Reason.COLOR_SPACE,
        Reason.MEDIA,
        Reason.SCENE,
        Reason.CUT,
        Reason.STALL,
    )
)
_CONTINUOUS = int(CONTINUOUS)

now_ns = symbol("os_gettime_ns")
filter_target = symbol("obs_filter_get_target")
filter_parent = symbol("obs_filter_get_parent")
is_enabled = symbol("obs_source_enabled")
base_width = symbol("obs_source_get_base_width")
base_height = symbol("obs_source_get_base_height")
color_space = symbol("obs_source_get_color_space")
_output_flags = symbol("obs_source_get_output_flags")
_default_render = symbol("obs_source_default_render")
video_render_of = symbol("obs_source_video_render")
_is_active = symbol("obs_source_active")
_media_time = symbol("obs_source_media_get_time")
_event_signal = symbol("os_event_signal")
begin_space = symbol("gs_texrender_begin_with_color_space")
_begin = symbol("gs_texrender_begin")
end = symbol("gs_texrender_end")
reset = symbol("gs_texrender_reset")
clear = symbol("gs_clear")
ortho = symbol("gs_ortho")
blend_push = symbol("gs_blend_state_push")
blend_pop = symbol("gs_blend_state_pop")
blend_function = symbol("gs_blend_function")
blend_separate = symbol("gs_blend_function_separate")
texture_of = symbol("gs_texrender_get_texture")
effect_loop = symbol("gs_effect_loop")
draw_sprite = symbol("gs_draw_sprite")
set_texture = symbol("gs_effect_set_texture")
set_vec2 = symbol("gs_effect_set_vec2")
enable_srgb = symbol("gs_enable_framebuffer_srgb")
srgb_enabled = symbol("gs_framebuffer_srgb_enabled")
_stage = symbol("gs_stage_texture")
_map = symbol("gs_stagesurface_map")
_unmap = symbol("gs_stagesurface_unmap")
_set_image = symbol("gs_texture_set_image")


@part
def _copy(target: int, source: int, length: int) -> None:
    into = carray(as_bytes(target), length)
    from_ = carray(as_bytes(source), length)
    for i in range(length):
        into[i] = from_[i]


@part
def set_pair(s: Any, parameter: int, first: float, second: float) -> None:
    """Give a float2 parameter its value."""
    s.size2[0] = first
    s.size2[1] = second
    set_vec2(parameter, s.self + _SIZE2)


@part
def draw_target(target: int, parent: int) -> None:
    """Draw what is below the filter, as obs_source_skip_video_filter does but with NULLs excluded."""
    if target == parent and (_output_flags(parent) & u32(c.OBS_SOURCE_CUSTOM_DRAW | c.OBS_SOURCE_ASYNC)) == 0:
        _default_render(target)
    else:
        video_render_of(target)


@part
def count_render(s: Any) -> None:
    """Count this render: a filter above learns by the counter that there is another instance below it."""
    carray(as_numbers(s.renders), 1)[0] += 1


@part
def draw_into(s: Any, texrender: int, space: int, target: int, parent: int) -> int:
    """The picture below the filter, premultiplied, into `texrender`; its texture, or 0."""
    reset(texrender)
    if begin_space(texrender, s.width, s.height, i32(space)) == 0:
        return ptr(0)
    clear(u32(c.GS_CLEAR_COLOR), s.self + _CLEAR, f32(0), i32(0))
    ortho(f32(0), f32(s.width), f32(0), f32(s.height), f32(-100), f32(100))
    blend_push()
    blend_separate(
        i32(c.GS_BLEND_SRCALPHA),
        i32(c.GS_BLEND_INVSRCALPHA),
        i32(c.GS_BLEND_ONE),
        i32(c.GS_BLEND_INVSRCALPHA),
    )
    renders = carray(as_numbers(s.renders), 1)
    before = renders[0]
    draw_target(target, parent)
    if renders[0] != before:
        s.since_below_s = f32(0)
    blend_pop()
    end(texrender)
    return texture_of(texrender)


@part
def shrink(
    s: Any,
    texture: int,
    from_width: int,
    from_height: int,
    texrender: int,
    width: int,
    height: int,
    technique: int,
) -> int:
    """`texture` reduced by area means into `texrender`, stored value for stored value; its texture, or 0."""
    reset(texrender)
    if _begin(texrender, u32(width), u32(height)) == 0:
        return ptr(0)
    ortho(f32(0), f32(width), f32(0), f32(height), f32(-100), f32(100))
    blend_push()
    blend_function(i32(c.GS_BLEND_ONE), i32(c.GS_BLEND_ZERO))
    before = srgb_enabled()
    enable_srgb(i32(0))
    set_texture(s.param_image, texture)
    set_pair(s, s.param_source_size, f32(from_width), f32(from_height))
    set_pair(s, s.param_target_size, f32(width), f32(height))
    while effect_loop(s.effect, technique) != 0:
        draw_sprite(texture, u32(0), u32(width), u32(height))
    enable_srgb(i32(before))
    blend_pop()
    end(texrender)
    return texture_of(texrender)


@part
def _notice(s: Any, target: int, parent: int, width: int, height: int) -> int:
    """All the causes for a reset that this frame brings."""
    bits = atomics.exchange(s.self + _RESET_BITS, i64(0))
    if bits & _SCENE and (s.reset_on_scene_switch == 0 or _is_active(parent) == 0):
        bits &= ~_SCENE
    if s.was_off_screen != 0:
        bits |= _OFF_SCREEN
    s.was_off_screen = i32(0)
    s.unrendered_s = f32(0)
    space = color_space(target, types.uintp(3), s.self + _SPACES)
    if width != s.width or height != s.height:
        bits |= _SIZE
    if space != s.space:
        bits |= _SPACE
    if bits & (_SIZE | _SPACE):
        s.width = u32(width)
        s.height = u32(height)
        s.space = space
        atomics.store(s.self + _WANTED, i64(width) | i64(height) << 24 | i64(space + 1) << 48)
        _event_signal(s.event)
    media = _media_time(parent)
    passed = i64(s.since_media_s * f32(1000))
    s.since_media_s = f32(0)
    if media + MEDIA_BACK_MS < s.media_ms or media > s.media_ms + passed + MEDIA_JUMP_MS:
        bits |= _MEDIA
    s.media_ms = media
    return bits


@part
def _free_before(s: Any, frame: int) -> None:
    """Pictures older than `frame` will have no result any more."""
    for k in range(SLOTS):
        if s.slot_frame[k] < frame and k != s.shown and k != s.newest and k != s.staged:
            s.slot_frame[k] = 0


@part
def _begin_epoch(s: Any, bits: int, now: int) -> None:
    """A new epoch: results of pictures before it are stale from here on."""
    cut = atomics.load(s.self + _CUT_FRAME)
    if bits == _CUT and cut >= s.valid_from:
        s.valid_from = cut
    else:
        s.valid_from = s.frame + 1
        s.staged = i32(-1)
        _free_before(s, s.valid_from)  # or resets in quick succession keep every slot
    s.epoch_reason[(s.epoch + 1) % REASONS] = bits
    atomics.store(s.self + _EPOCH, s.epoch + 1)
    if bits & ~_CONTINUOUS:
        s.shown = i32(-1)
        s.hold_until_ns = 0
    elif s.shown >= 0 and s.hold_until_ns == 0:
        s.hold_until_ns = now + STALL_NS


@part
def _take(s: Any, now: int) -> None:
    """Bring the newest result on screen if it belongs to this epoch and its picture is still here."""
    box = take_result(s)
    if box < 0:
        return
    frame = abs(s.out_frame[box])
    s.result_ns = now
    if s.out_frame[box] < 0:  # a picture without a matte: what is on screen stays
        if s.shown >= 0 and s.hold_until_ns == 0:  # its own picture too: newer ones show the room in the
            s.hold_until_ns = now + STALL_NS  # shape of a person who is gone
        _free_before(s, frame)
        return
    found = i32(-1)
    if frame >= s.valid_from and s.bundle_width == s.width:
        for k in range(SLOTS):
            if s.slot_frame[k] == frame:
                found = i32(k)
    if found >= 0:
        _set_image(s.matte_upload, s.out_matte[box], u32(s.internal_width * u32(8)), i32(0))
        _set_image(s.detail_upload, s.out_detail[box], u32(s.internal_width * u32(8)), i32(0))
        s.edged = s.out_edged[box]
        if s.edged != 0:
            _set_image(s.edge_upload, s.out_edge[box], u32(s.internal_width * u32(8)), i32(0))
        s.blurs = s.out_blurs[box]
        if s.blurs != 0:
            _set_image(s.blurred_upload, s.out_blurred[box], u32(s.internal_width * u32(4)), i32(0))
        s.matte_texture = s.matte_upload
        s.detail_texture = s.detail_upload
        s.edge_texture = s.edge_upload
        s.blurred_texture = s.blurred_upload
        s.shown = found
        for side in range(4):
            s.area[side] = s.out_area[box, side]
        s.hold_until_ns = 0
        at = s.results_shown % TIMINGS
        s.lag_ms[at] = f32(now - s.out_ns[box]) * f32(1e-6)
        s.lag_frames[at] = f32(now - s.out_ns[box]) / f32(max(s.interval_ns, i64(1)))
        s.results_shown += 1
    else:
        s.results_stale += 1
    _free_before(s, frame)


@part
def _expire(s: Any, now: int) -> None:
    """Take from the screen what must not stay: a hold that ran out, a worker that fell silent."""
    if s.hold_until_ns != 0 and now > s.hold_until_ns:
        s.shown = i32(-1)
        s.hold_until_ns = 0
    waiting = s.sent_frame > 0 and s.accepting != 0 and now > s.result_ns + STALL_NS
    if s.shown >= 0 and waiting:
        s.shown = i32(-1)
        atomics.fetch_or(s.self + _RESET_BITS, _STALL)


@part
def _free_slot(s: Any) -> int:
    for k in range(SLOTS):
        if s.slot_frame[k] == 0 and k != s.shown and k != s.newest and k != s.staged:
            return i32(k)
    return i32(-1)


@part
def _hand_over(s: Any) -> None:
    """Copy the picture that was staged a frame ago to the worker's side."""
    stage = s.stage[1 - s.flip]
    slot = s.staged
    s.staged = i32(-1)
    if _map(stage, s.self + _MAPPED, s.self + _PITCH) == 0:
        s.slot_frame[slot] = 0
        return
    into = s.in_data[s.in_back]
    row = ptr(s.internal_width) * 4
    if ptr(s.pitch) == row:
        _copy(into, s.mapped, row * ptr(s.internal_height))
    else:
        for y in range(ptr(s.internal_height)):
            _copy(into + y * row, s.mapped + y * ptr(s.pitch), row)
    _unmap(stage)
    replaced = publish_picture(s, s.staged_frame, s.epoch, s.staged_ns)
    s.sent_frame = s.staged_frame
    if replaced > 0:
        s.frames_dropped += 1
        for k in range(SLOTS):
            if s.slot_frame[k] == replaced and k != s.shown and k != s.newest:
                s.slot_frame[k] = 0
    _event_signal(s.event)


@part
def is_worth_capturing(now: int, interval: int, taken: int, period: int) -> bool:
    """Whether the worker would take a picture captured now, or another one is better for it.

    All in nanoseconds: frames come every `interval`; the worker took its last picture at `taken` and takes
    one every `period`.  A picture reaches it one frame from now, so one captured too early is replaced by
    the next, and one captured too late misses its turn; of each period the last frame in time is meant.
    """
    wait = (taken + period - (now + interval)) % period
    uneven = interval // UNEVEN_SHARE
    early = period // EARLY_SHARE
    return period < interval + uneven or early <= wait < early + interval + uneven


@part
def _measure_interval(s: Any, now: int) -> None:
    passed = now - s.frame_ns
    s.frame_ns = now
    if 0 < passed < LONGEST_FRAME_NS:
        s.interval_ns = passed if s.interval_ns == 0 else (7 * s.interval_ns + passed) // 8


@part
def _capture(s: Any, target: int, parent: int, now: int) -> bool:
    """Take this frame for the worker; whether what is below was drawn."""
    slot = _free_slot(s)
    if slot < 0:
        return False
    texture = draw_into(s, s.slot[slot], s.space, target, parent)
    if texture == 0:
        return False
    technique = s.tech_Shrink if s.space == c.GS_CS_SRGB else s.tech_ShrinkLinear
    small = shrink(s, texture, s.width, s.height, s.shrunk, s.internal_width, s.internal_height, technique)
    if small == 0:
        return True
    s.frame += 1
    s.frames_captured += 1
    s.slot_frame[slot] = s.frame
    _stage(s.stage[s.flip], small)
    s.flip = i32(1 - s.flip)
    s.staged = slot
    s.staged_frame = s.frame
    s.staged_ns = now
    s.newest = slot
    return True


@part
def begin_frame(s: Any, target: int, parent: int, width: int, height: int) -> None:
    """Everything that happens once a frame, before its first draw."""
    now = i64(now_ns())
    _measure_interval(s, now)
    s.in_program = i32(_is_active(parent))
    s.frames_rendered += 1
    s.drawn = i32(0)
    s.lit = i32(0)
    bits = _notice(s, target, parent, width, height)
    if bits != 0:
        _begin_epoch(s, bits, now)
    _take(s, now)
    _expire(s, now)
    is_below_drawn = False
    fits = s.bundle_width == s.width and s.bundle_height == s.height and s.bundle_space == s.space
    if s.accepting != 0 and fits:
        if s.sent_frame == 0:
            s.result_ns = now
        if s.staged >= 0:
            _hand_over(s)
        period = atomics.load(s.self + _PERIOD)
        taken = atomics.load(s.self + _TAKEN)
        any_is_welcome = period <= 0 or taken == 0 or s.lowest_latency != 0
        if any_is_welcome or is_worth_capturing(now, s.interval_ns, taken, period):
            is_below_drawn = _capture(s, target, parent, now)
    if not is_below_drawn and s.since_below_s < f32(OFF_SCREEN_SECONDS):
        # The filter below mattes at its own pace, and takes itself for off screen unless it is rendered.
        draw_into(s, s.scratch, c.GS_CS_SRGB, target, parent)
