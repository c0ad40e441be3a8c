"""The filter for when ours cannot be: same id, same name, draws nothing.

Where the compiled filter cannot be registered (a package is missing, the Python is another one), OBS
would drop the saved filter and show the room.  This one needs nothing but ctypes: its `video_render`
is a libobs function that looks at nothing and draws nothing.  The saved settings survive.
"""

from __future__ import annotations

import ctypes
from typing import Any

from rvm_core.libobs import api, log
from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import immortal
from rvm_core.libobs.structs import ObsSourceInfo

FILTER_ID = b"rvm_background_filter"
FILTER_NAME = b"RVM Background"
_P = ctypes.c_void_p


def register(problem: str) -> None:
    """Register the sealed filter, which says `problem` in its settings.  UI thread, in `script_load`.

    Raises HostError where there is no libobs.
    """
    # `obs_get_version` takes nothing and changes nothing, so it may be called with anything.
    nothing = api.address("obs_get_version")
    name = immortal(ctypes.create_string_buffer(FILTER_NAME))
    info = immortal(ObsSourceInfo())
    info.id = ctypes.addressof(immortal(ctypes.create_string_buffer(FILTER_ID)))
    info.type = c.OBS_SOURCE_TYPE_FILTER
    info.output_flags = c.OBS_SOURCE_VIDEO | c.OBS_SOURCE_SRGB
    info.get_name = _function(_P, lambda _: ctypes.addressof(name), _P)
    info.create = _function(_P, lambda _settings, source: source, _P, _P)
    info.destroy = info.video_render = nothing
    info.get_properties = _function(_P, lambda _: _properties(problem.encode()), _P)
    api.function("obs_register_source_s")(ctypes.byref(info), ctypes.sizeof(info))
    log.error(f"“RVM Background” cannot work and hides its sources: {problem}")


def _properties(problem: bytes) -> int:
    properties = int(api.function("obs_properties_create")())
    text = api.function("obs_properties_add_text")(properties, b"problem", problem, c.OBS_TEXT_INFO)
    api.function("obs_property_text_set_info_type")(text, c.OBS_TEXT_INFO_ERROR)
    return properties


def _function(result: Any, body: Any, *arguments: Any) -> int:
    pointer = ctypes.cast(immortal(ctypes.CFUNCTYPE(result, *arguments)(body)), _P).value
    assert pointer is not None
    return pointer
