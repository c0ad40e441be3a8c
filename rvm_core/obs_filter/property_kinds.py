"""One row of the settings window for each kind of setting, and rows that are no settings.  UI thread.

OBS makes its window anew as wide as its widest row, and cuts off what is then too wide: an entry of a list
or a word that does not break must not be long.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

from rvm_core.libobs import api
from rvm_core.libobs import constants as c
from rvm_core.obs_filter.language import tr
from rvm_core.obs_filter.property_rows import Button
from rvm_core.settings import (
    AUDIO_SOURCE_KEY,
    BACKGROUND_SOURCE_KEY,
    PLATE_KEY,
    PRESET_FILE_KEY,
    PRESET_KEY,
    Kind,
    Setting,
)

LONGEST_WORD = 24
_BREAK = "\N{ZERO WIDTH SPACE}"
_LISTED_TEXTS = (PRESET_KEY, BACKGROUND_SOURCE_KEY, AUDIO_SOURCE_KEY)
_TOOLTIP_WIDTH = 64

_IMAGES = "*.png *.jpg *.jpeg *.webp *.bmp"
_VIDEOS = "*.mp4 *.mkv *.mov *.webm *.avi *.ts *.flv *.gif"


def add(properties: int, setting: Setting) -> int:
    """The row of `setting`, its list still empty; the new `obs_property_t`."""
    added = _ADD[Kind.CHOICE if is_list(setting) else setting.kind](properties, setting)
    set_help(added, tr(setting.help))
    return added


def is_list(setting: Setting) -> bool:
    """Whether users choose from a list, which is filled by ``property_lists``."""
    return setting.kind is Kind.CHOICE or setting.key in _LISTED_TEXTS


def add_button(properties: int, button: Button, pressed: Any, address: int) -> None:
    """A button that calls the C function `pressed` with the instance's `address`."""
    added = api.function("obs_properties_add_button2")(
        properties, button.name.encode(), button.label().encode(), pressed, address
    )
    set_help(added, button.help())


def add_text(properties: int, name: str) -> int:
    """A row of text, which says nothing yet."""
    return int(api.function("obs_properties_add_text")(properties, name.encode(), b"", c.OBS_TEXT_INFO))


def set_text(row: int, text: str, kind: int) -> bool:
    """Let a row of text say `text`; `kind` is an OBS_TEXT_INFO_*.  Whether it said something else."""
    wanted = _readable(text).encode()
    api.function("obs_property_text_set_info_type")(row, kind)
    if api.function("obs_property_description")(row) == wanted:
        return False
    api.function("obs_property_set_description")(row, wanted)
    return True


def set_help(row: int, text: str) -> None:
    """What is read of a row under the mouse: Qt breaks no lines there."""
    api.function("obs_property_set_long_description")(row, textwrap.fill(text, _TOOLTIP_WIDTH).encode())


def _readable(text: str) -> str:
    """`text` with places to break in its long words, such as paths, and nothing that Qt takes for HTML."""
    broken = re.sub(rf"(\S{{{LONGEST_WORD}}})(?=\S)", rf"\1{_BREAK}", text)
    return broken.replace("<", f"<{_BREAK}")


def _add_list(properties: int, setting: Setting) -> int:
    return int(
        api.function("obs_properties_add_list")(
            properties, *_titled(setting), c.OBS_COMBO_TYPE_LIST, c.OBS_COMBO_FORMAT_STRING
        )
    )


def _add_slider(properties: int, setting: Setting) -> int:
    added = api.function("obs_properties_add_float_slider")(
        properties, *_titled(setting), setting.low, setting.high, setting.step
    )
    if setting.unit:
        api.function("obs_property_float_set_suffix")(added, f" {setting.unit}".encode())
    return int(added)


def _add_int(properties: int, setting: Setting) -> int:
    limits = (int(setting.low), int(setting.high), int(setting.step))
    return int(api.function("obs_properties_add_int")(properties, *_titled(setting), *limits))


def _add_switch(properties: int, setting: Setting) -> int:
    return int(api.function("obs_properties_add_bool")(properties, *_titled(setting)))


def _add_color(properties: int, setting: Setting) -> int:
    return int(api.function("obs_properties_add_color")(properties, *_titled(setting)))


def _add_path(properties: int, setting: Setting) -> int:
    # A dialog to save also takes a file that is there, so one row serves export and import.
    kind = c.OBS_PATH_FILE_SAVE if setting.key == PRESET_FILE_KEY else c.OBS_PATH_FILE
    files = _files(setting).encode()
    return int(api.function("obs_properties_add_path")(properties, *_titled(setting), kind, files, None))


def _files(setting: Setting) -> str:
    """Qt's list of the files that a dialog shows."""
    every = f"{tr('All files')} (*.*)"
    if setting.key == PRESET_FILE_KEY:
        return f"{tr('Presets')} (*.json);;{every}"
    if setting.key == PLATE_KEY:
        return f"{tr('Images')} ({_IMAGES});;{every}"
    return f"{tr('Images and videos')} ({_IMAGES} {_VIDEOS});;{every}"


def _add_text(properties: int, setting: Setting) -> int:
    return int(api.function("obs_properties_add_text")(properties, *_titled(setting), c.OBS_TEXT_DEFAULT))


def _titled(setting: Setting) -> tuple[bytes, bytes]:
    return setting.key.encode(), tr(setting.label).encode()


_ADD: Mapping[Kind, Callable[[int, Setting], int]] = {
    Kind.CHOICE: _add_list,
    Kind.NUMBER: _add_slider,
    Kind.COUNT: _add_int,
    Kind.SWITCH: _add_switch,
    Kind.COLOR: _add_color,
    Kind.PATH: _add_path,
    Kind.TEXT: _add_text,
}
