"""Declarations of the libobs functions that we call, by header; nothing else lives here.

Valid for libobs 28 to 32.  Pointers are plain addresses (`c_void_p`); who owns what they point to is
the business of :mod:`rvm_core.libobs.handles`.  ctypes releases the GIL for the time of each call.
Each declaration serves Python (:func:`function`) and compiled callbacks
(:func:`rvm_core.libobs.native.symbol`).
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import (
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int64,
    c_longlong,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_ulong,
    c_void_p,
)
from functools import cache
from typing import Any

from rvm_core.errors import HostError

Declaration = tuple[Any, tuple[Any, ...]]
_P = c_void_p
_S = c_char_p

HEADERS: dict[str, dict[str, Declaration]] = {
    "obs.h": {
        "obs_get_version": (c_uint32, ()),
        "obs_get_version_string": (_S, ()),
        "obs_get_lagged_frames": (c_uint32, ()),
        "obs_initialized": (c_bool, ()),
        "obs_get_locale": (_S, ()),
        "obs_get_proc_handler": (_P, ()),
        "obs_get_output_source": (_P, (c_uint32,)),
        "obs_get_source_by_name": (_P, (_S,)),
        "obs_enum_sources": (None, (_P, _P)),
        "obs_enum_scenes": (None, (_P, _P)),
        "obs_queue_task": (None, (c_int, _P, _P, c_bool)),
        "obs_enter_graphics": (None, ()),
        "obs_leave_graphics": (None, ()),
        "obs_filter_get_parent": (_P, (_P,)),
        "obs_filter_get_target": (_P, (_P,)),
        "obs_source_get_base_width": (c_uint32, (_P,)),
        "obs_source_get_base_height": (c_uint32, (_P,)),
        "obs_source_get_color_space": (c_int, (_P, c_size_t, _P)),
        "obs_source_get_output_flags": (c_uint32, (_P,)),
        "obs_source_get_name": (_S, (_P,)),
        "obs_source_get_display_name": (_S, (_S,)),
        "obs_source_get_id": (_S, (_P,)),
        "obs_source_get_type": (c_int, (_P,)),
        "obs_source_get_ref": (_P, (_P,)),
        "obs_source_release": (None, (_P,)),
        "obs_source_removed": (c_bool, (_P,)),
        "obs_source_get_weak_source": (_P, (_P,)),
        "obs_weak_source_get_source": (_P, (_P,)),
        "obs_weak_source_release": (None, (_P,)),
        "obs_source_create_private": (_P, (_S, _S, _P)),
        "obs_source_get_width": (c_uint32, (_P,)),
        "obs_source_get_height": (c_uint32, (_P,)),
        "obs_source_inc_active": (None, (_P,)),
        "obs_source_dec_active": (None, (_P,)),
        "obs_source_showing": (c_bool, (_P,)),
        "obs_source_enabled": (c_bool, (_P,)),
        "obs_source_set_enabled": (None, (_P, c_bool)),
        "obs_source_set_muted": (None, (_P, c_bool)),
        "obs_source_set_audio_mixers": (None, (_P, c_uint32)),
        "obs_source_get_sync_offset": (c_int64, (_P,)),
        "obs_source_set_sync_offset": (None, (_P, c_int64)),
        "obs_source_enum_full_tree": (None, (_P, _P, _P)),
        "obs_source_media_play_pause": (None, (_P, c_bool)),
        "obs_source_media_get_state": (c_int, (_P,)),
        "obs_source_get_settings": (_P, (_P,)),
        "obs_source_update": (None, (_P, _P)),
        "obs_source_update_properties": (None, (_P,)),
        "obs_source_default_render": (None, (_P,)),
        "obs_source_video_render": (None, (_P,)),
        "obs_source_active": (c_bool, (_P,)),
        "obs_source_media_get_time": (c_int64, (_P,)),
        "obs_transition_get_active_source": (_P, (_P,)),
        "obs_transition_get_time": (c_float, (_P,)),
    },
    "obs-source.h": {
        "obs_register_source_s": (None, (_P, c_size_t)),
    },
    "obs-data.h": {
        "obs_data_create": (_P, ()),
        "obs_data_addref": (None, (_P,)),
        "obs_data_release": (None, (_P,)),
        "obs_data_set_string": (None, (_P, _S, _S)),
        "obs_data_set_int": (None, (_P, _S, c_longlong)),
        "obs_data_set_double": (None, (_P, _S, c_double)),
        "obs_data_set_bool": (None, (_P, _S, c_bool)),
        "obs_data_create_from_json": (_P, (_S,)),
        "obs_data_get_json": (_S, (_P,)),
        "obs_data_erase": (None, (_P, _S)),
        "obs_data_has_user_value": (c_bool, (_P, _S)),
        "obs_data_get_string": (_S, (_P, _S)),
        "obs_data_get_int": (c_longlong, (_P, _S)),
        "obs_data_get_double": (c_double, (_P, _S)),
        "obs_data_get_bool": (c_bool, (_P, _S)),
        "obs_data_apply": (None, (_P, _P)),
        "obs_data_array_release": (None, (_P,)),
        "obs_data_set_default_string": (None, (_P, _S, _S)),
        "obs_data_set_default_int": (None, (_P, _S, c_longlong)),
        "obs_data_set_default_double": (None, (_P, _S, c_double)),
        "obs_data_set_default_bool": (None, (_P, _S, c_bool)),
    },
    "obs-properties.h": {
        "obs_properties_create": (_P, ()),
        "obs_properties_destroy": (None, (_P,)),
        "obs_properties_get": (_P, (_P, _S)),
        "obs_properties_add_bool": (_P, (_P, _S, _S)),
        "obs_properties_add_int": (_P, (_P, _S, _S, c_int, c_int, c_int)),
        "obs_properties_add_float_slider": (_P, (_P, _S, _S, c_double, c_double, c_double)),
        "obs_properties_add_color": (_P, (_P, _S, _S)),
        "obs_properties_add_path": (_P, (_P, _S, _S, c_int, _S, _S)),
        "obs_properties_add_list": (_P, (_P, _S, _S, c_int, c_int)),
        "obs_properties_add_text": (_P, (_P, _S, _S, c_int)),
        "obs_properties_add_button2": (_P, (_P, _S, _S, _P, _P)),
        "obs_properties_add_group": (_P, (_P, _S, _S, c_int, _P)),
        "obs_property_name": (_S, (_P,)),
        "obs_property_description": (_S, (_P,)),
        "obs_property_visible": (c_bool, (_P,)),
        "obs_property_list_item_count": (c_size_t, (_P,)),
        "obs_property_list_item_name": (_S, (_P, c_size_t)),
        "obs_property_list_item_string": (_S, (_P, c_size_t)),
        "obs_property_set_description": (None, (_P, _S)),
        "obs_property_set_enabled": (None, (_P, c_bool)),
        "obs_property_float_set_suffix": (None, (_P, _S)),
        "obs_property_list_clear": (None, (_P,)),
        "obs_property_list_add_string": (c_size_t, (_P, _S, _S)),
        "obs_property_list_item_disable": (None, (_P, c_size_t, c_bool)),
        "obs_property_set_long_description": (None, (_P, _S)),
        "obs_property_set_visible": (None, (_P, c_bool)),
        "obs_property_set_modified_callback": (None, (_P, _P)),
        "obs_property_text_set_info_type": (None, (_P, c_int)),
    },
    "graphics/graphics.h": {
        "gs_effect_create": (_P, (_S, _S, _P)),
        "gs_effect_get_param_by_name": (_P, (_P, _S)),
        "gs_effect_loop": (c_bool, (_P, _S)),
        "gs_effect_set_texture": (None, (_P, _P)),
        "gs_effect_set_texture_srgb": (None, (_P, _P)),
        "gs_effect_set_float": (None, (_P, c_float)),
        "gs_effect_set_vec2": (None, (_P, _P)),
        "gs_effect_set_vec4": (None, (_P, _P)),
        "gs_texrender_create": (_P, (c_int, c_int)),
        "gs_texrender_destroy": (None, (_P,)),
        "gs_texrender_begin": (c_bool, (_P, c_uint32, c_uint32)),
        "gs_texrender_begin_with_color_space": (c_bool, (_P, c_uint32, c_uint32, c_int)),
        "gs_texrender_end": (None, (_P,)),
        "gs_texrender_reset": (None, (_P,)),
        "gs_texrender_get_texture": (_P, (_P,)),
        "gs_stagesurface_create": (_P, (c_uint32, c_uint32, c_int)),
        "gs_stagesurface_destroy": (None, (_P,)),
        "gs_stagesurface_map": (c_bool, (_P, _P, _P)),
        "gs_stagesurface_unmap": (None, (_P,)),
        "gs_stage_texture": (None, (_P, _P)),
        "gs_texture_create": (_P, (c_uint32, c_uint32, c_int, c_uint32, _P, c_uint32)),
        "gs_texture_destroy": (None, (_P,)),
        "gs_texture_set_image": (None, (_P, _P, c_uint32, c_bool)),
        "gs_draw_sprite": (None, (_P, c_uint32, c_uint32, c_uint32)),
        "gs_draw_sprite_subregion": (None, (_P, c_uint32, c_uint32, c_uint32, c_uint32, c_uint32)),
        "gs_matrix_push": (None, ()),
        "gs_matrix_pop": (None, ()),
        "gs_matrix_translate3f": (None, (c_float, c_float, c_float)),
        "gs_get_render_target": (_P, ()),
        "gs_clear": (None, (c_uint32, _P, c_float, c_uint8)),
        "gs_ortho": (None, (c_float, c_float, c_float, c_float, c_float, c_float)),
        "gs_blend_state_push": (None, ()),
        "gs_blend_state_pop": (None, ()),
        "gs_blend_function": (None, (c_int, c_int)),
        "gs_blend_function_separate": (None, (c_int, c_int, c_int, c_int)),
        "gs_enable_framebuffer_srgb": (None, (c_bool,)),
        "gs_framebuffer_srgb_enabled": (c_bool, ()),
    },
    "obs-hotkey.h": {
        "obs_hotkey_register_source": (c_size_t, (_P, _S, _S, _P, _P)),
        "obs_hotkey_unregister": (None, (c_size_t,)),
        "obs_hotkey_save": (_P, (c_size_t,)),
        "obs_hotkey_load": (None, (c_size_t, _P)),
    },
    "callback/proc.h": {
        "proc_handler_call": (c_bool, (_P, _S, _P)),
    },
    "callback/calldata.h": {
        "calldata_get_data": (c_bool, (_P, _S, _P, c_size_t)),
        "calldata_set_data": (None, (_P, _S, _P, c_size_t)),
    },
    "util/bmem.h": {
        "bfree": (None, (_P,)),
    },
    "util/threading.h": {
        "os_event_init": (c_int, (_P, c_int)),
        "os_event_destroy": (None, (_P,)),
        "os_event_timedwait": (c_int, (_P, c_ulong)),
        "os_event_signal": (c_int, (_P,)),
    },
    "util/platform.h": {
        "os_gettime_ns": (c_uint64, ()),
    },
    "util/base.h": {
        # variadic in C: always called as blog(level, "%s", text)
        "blog": (None, (c_int, _S)),
    },
}

FRONTEND_HEADERS: dict[str, dict[str, Declaration]] = {
    "obs-frontend-api.h": {
        "obs_frontend_add_event_callback": (None, (_P, _P)),
        "obs_frontend_remove_event_callback": (None, (_P, _P)),
        "obs_frontend_get_scenes": (None, (_P,)),
        "obs_frontend_get_current_scene": (_P, ()),
        "obs_frontend_get_current_preview_scene": (_P, ()),
    },
}

_DECLARATIONS = {name: declaration for table in HEADERS.values() for name, declaration in table.items()}
_FRONTEND = {name: declaration for table in FRONTEND_HEADERS.values() for name, declaration in table.items()}


def declaration(name: str) -> Declaration:
    """(result type, argument types) of a libobs function, in ctypes terms."""
    return _DECLARATIONS[name]


def load_installed() -> None:
    """Load the installed libobs into a Python outside OBS, to compile against it; nothing is started.

    Raises HostError where none is found.
    """
    if sys.platform.startswith("linux"):
        for name in ("libobs.so.0", "libobs.so.30", "libobs.so"):
            try:
                ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
                return
            except OSError:
                continue
    library()


@cache
def library() -> ctypes.CDLL:
    """The libobs that is already loaded in this process.

    Raises HostError where there is none, as in a Python outside OBS.
    """
    try:
        if sys.platform == "win32":
            loaded = ctypes.CDLL("obs")
        elif sys.platform == "darwin":
            loaded = ctypes.CDLL("@executable_path/../Frameworks/libobs.framework/Versions/A/libobs")
        else:
            loaded = ctypes.CDLL(None)
        loaded.obs_get_version  # noqa: B018 - the look-up is the question
    except (OSError, AttributeError) as cause:
        raise HostError(f"libobs is not in this process ({cause}).", "Run this inside OBS Studio.") from cause
    return loaded


@cache
def function(name: str) -> Any:
    """The libobs function `name`, typed.  Raises HostError when this libobs lacks it."""
    return _typed(library(), name, _DECLARATIONS[name])


@cache
def frontend_function(name: str) -> Any | None:
    """A function of OBS's user interface, or None where libobs runs without one."""
    if sys.platform == "win32":
        candidates: tuple[str | None, ...] = ("obs-frontend-api",)
    elif sys.platform == "darwin":
        candidates = ("@executable_path/../Frameworks/obs-frontend-api.dylib",)
    else:
        candidates = (None,)
    for candidate in candidates:
        try:
            return _typed(ctypes.CDLL(candidate), name, _FRONTEND[name])
        except (OSError, HostError):
            continue
    return None


def address(name: str) -> int:
    """The address of the libobs function `name`."""
    found = ctypes.cast(function(name), c_void_p).value
    assert found is not None
    return found


def _typed(loaded: ctypes.CDLL, name: str, declared: Declaration) -> Any:
    try:
        found = getattr(loaded, name)
    except AttributeError as cause:
        raise HostError(f"This libobs has no {name}.", "Install OBS Studio 28 or newer.") from cause
    found.restype, found.argtypes = declared[0], list(declared[1])
    return found
