"""C structs as OBS 28 knows them."""

from __future__ import annotations

import ctypes

_pointer = ctypes.c_void_p

_CALLBACKS_1 = (
    "get_name", "create", "destroy", "get_width", "get_height", "get_defaults", "get_properties",
    "update", "activate", "deactivate", "show", "hide", "video_tick", "video_render", "filter_video",
    "filter_audio", "enum_active_sources", "save", "load", "mouse_click", "mouse_move", "mouse_wheel",
    "focus", "key_click", "filter_remove", "type_data", "free_type_data", "audio_render",
    "enum_all_sources", "transition_start", "transition_stop", "get_defaults2", "get_properties2",
    "audio_mix",
)  # fmt: skip
_CALLBACKS_2 = (
    "media_play_pause", "media_restart", "media_stop", "media_next", "media_previous",
    "media_get_duration", "media_get_time", "media_set_time", "media_get_state",
)  # fmt: skip


class ObsSourceInfo(ctypes.Structure):
    """One registered kind of source (obs-source.h).  libobs keeps some of its pointers: never free one.

    400 bytes, only ever appended to.  libobs accepts a shorter struct than its own and refuses a longer
    one, so this size serves 28 to 32.
    """

    _fields_ = [
        ("id", _pointer),
        ("type", ctypes.c_int),
        ("output_flags", ctypes.c_uint32),
        *((name, _pointer) for name in _CALLBACKS_1),
        ("icon_type", ctypes.c_int),
        *((name, _pointer) for name in _CALLBACKS_2),
        ("version", ctypes.c_uint32),
        ("unversioned_id", _pointer),
        ("missing_files", _pointer),
        ("video_get_color_space", _pointer),
    ]


class ObsFrontendSourceList(ctypes.Structure):
    """Sources, each with a reference (obs-frontend-api.h); `array` is to be freed with ``bfree``."""

    _fields_ = [
        ("array", ctypes.POINTER(_pointer)),
        ("num", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
    ]
