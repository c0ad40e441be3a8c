"""The filter's settings window and defaults, generated from the schema.  UI thread.

All through the C API: obspython's own functions need a current script, which a source's callback
does not have.
"""

from __future__ import annotations

import ctypes
from typing import Any

from rvm_core.libobs import api
from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import immortal
from rvm_core.obs_filter import instance, values
from rvm_core.obs_filter.plate_taking import COUNTDOWN_S
from rvm_core.settings import BY_KEY, PLATE_KEY, SCHEMA, Kind, Setting

_IMAGE_FILTER = b"Images (*.png *.jpg *.jpeg *.webp *.bmp);;All files (*.*)"
_STATUS, _TRY_AGAIN, _TAKE_PLATE = b"status", b"try_again", b"take_plate"


def build(address: int) -> int:
    """New `obs_properties_t` for the instance at `address`, or for none (0)."""
    properties = int(api.function("obs_properties_create")())
    living = instance.find(address) if address else None
    if living is not None:
        _add_status(properties, living)
    for setting in SCHEMA:
        added = _ADD[setting.kind](properties, setting)
        api.function("obs_property_set_long_description")(added, setting.help.encode())
        if setting.key == PLATE_KEY and living is not None:
            text = f"Capture clean plate (in {COUNTDOWN_S:.0f} s)".encode()
            api.function("obs_properties_add_button2")(
                properties, _TAKE_PLATE, text, _on_take_plate, living.address
            )
    for key in sorted(set().union(*(setting.depends_on for setting in SCHEMA))):
        chosen = api.function("obs_properties_get")(properties, key.encode())
        api.function("obs_property_set_modified_callback")(chosen, _on_choice)
    return properties


def _add_status(properties: int, living: instance.Instance) -> None:
    text, is_problem = living.worker.status.line()
    if not living.worker.is_alive():
        is_problem = True
    status = api.function("obs_properties_add_text")(properties, _STATUS, text.encode(), c.OBS_TEXT_INFO)
    if is_problem:
        api.function("obs_property_text_set_info_type")(status, c.OBS_TEXT_INFO_ERROR)
        api.function("obs_properties_add_button2")(
            properties, _TRY_AGAIN, b"Try again", _on_try_again, living.address
        )


def _add_list(properties: int, setting: Setting) -> int:
    added = api.function("obs_properties_add_list")(
        properties,
        setting.key.encode(),
        setting.label.encode(),
        c.OBS_COMBO_TYPE_LIST,
        c.OBS_COMBO_FORMAT_STRING,
    )
    for value, label in setting.choices + setting.live_choices:
        api.function("obs_property_list_add_string")(added, label.encode(), value.encode())
    return int(added)


def _add_slider(properties: int, setting: Setting) -> int:
    return int(
        api.function("obs_properties_add_float_slider")(
            properties, setting.key.encode(), setting.label.encode(), setting.low, setting.high, setting.step
        )
    )


def _add_int(properties: int, setting: Setting) -> int:
    return int(
        api.function("obs_properties_add_int")(
            properties,
            setting.key.encode(),
            setting.label.encode(),
            int(setting.low),
            int(setting.high),
            int(setting.step),
        )
    )


def _add_bool(properties: int, setting: Setting) -> int:
    return int(
        api.function("obs_properties_add_bool")(properties, setting.key.encode(), setting.label.encode())
    )


def _add_color(properties: int, setting: Setting) -> int:
    return int(
        api.function("obs_properties_add_color")(properties, setting.key.encode(), setting.label.encode())
    )


def _add_path(properties: int, setting: Setting) -> int:
    return int(
        api.function("obs_properties_add_path")(
            properties, setting.key.encode(), setting.label.encode(), c.OBS_PATH_FILE, _IMAGE_FILTER, None
        )
    )


def _add_text(properties: int, setting: Setting) -> int:
    return int(
        api.function("obs_properties_add_text")(
            properties, setting.key.encode(), setting.label.encode(), c.OBS_TEXT_DEFAULT
        )
    )


_ADD = {
    Kind.CHOICE: _add_list,
    Kind.NUMBER: _add_slider,
    Kind.COUNT: _add_int,
    Kind.SWITCH: _add_bool,
    Kind.COLOR: _add_color,
    Kind.PATH: _add_path,
    Kind.TEXT: _add_text,
}


@ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
def _choice_changed(properties: int, _property: int, settings: int) -> bool:
    given = values.read(settings)
    for setting in SCHEMA:
        found = api.function("obs_properties_get")(properties, setting.key.encode())
        api.function("obs_property_set_visible")(found, setting.is_shown(given))
    button = api.function("obs_properties_get")(properties, _TAKE_PLATE)
    if button:
        api.function("obs_property_set_visible")(button, BY_KEY[PLATE_KEY].is_shown(given))
    return True


@ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
def _try_again_clicked(_properties: int, _property: int, address: int) -> bool:
    living = instance.find(address)
    if living is not None:
        living.try_again()
    return False


@ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
def _take_plate_clicked(_properties: int, _property: int, address: int) -> bool:
    living = instance.find(address)
    if living is not None:
        living.worker.take_plate()
    return False


_on_take_plate: Any = immortal(_take_plate_clicked)
_on_choice: Any = immortal(_choice_changed)
_on_try_again: Any = immortal(_try_again_clicked)
