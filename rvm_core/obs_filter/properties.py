"""The filter's settings window, generated from the schema.  UI thread.

All through the C API: obspython's own functions need a current script, which a source's callback
does not have.  Whatever happens in here, OBS gets a window: without one nobody could mend the filter.

OBS makes its window anew from what :func:`build` gives, or shows the same properties again when a callback
returns true.  Both take a slider from the hand that drags it.  So sliders have no callback: what hangs on
them, that a preset is no longer as it was chosen, is shown with the next change of anything else.
"""

from __future__ import annotations

import ctypes
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rvm_core.libobs import api, log
from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import immortal
from rvm_core.obs_filter import filter_buttons, instance, parents, preset_buttons, property_lists, values
from rvm_core.obs_filter import property_kinds as kinds
from rvm_core.obs_filter.instance import Instance
from rvm_core.obs_filter.language import tr
from rvm_core.obs_filter.property_rows import Button, Text, press
from rvm_core.settings import (
    AUDIO_SOURCE_KEY,
    BY_KEY,
    GROUPS,
    PLATE_KEY,
    PRESET_FILE_KEY,
    PRESET_KEY,
    PRESET_NAME_KEY,
    SCHEMA,
    SHOW_STATUS_KEY,
    Kind,
    Role,
    Setting,
    completed,
)

Values = Mapping[str, Any]

_BESIDE: Mapping[str, tuple[Button | Text, ...]] = {
    PRESET_KEY: (preset_buttons.RESTORE,),
    PRESET_NAME_KEY: preset_buttons.BESIDE_NAME,
    PRESET_FILE_KEY: preset_buttons.BESIDE_FILE,
    PLATE_KEY: (filter_buttons.TAKE_PLATE,),
    SHOW_STATUS_KEY: (filter_buttons.DETAILS,),
    AUDIO_SOURCE_KEY: filter_buttons.BESIDE_SOUND,
}
"""Rows that follow the setting of a key."""
_AT_END: Mapping[str, tuple[Button | Text, ...]] = {"matting": (filter_buttons.START_ANEW,)}
"""Rows that follow the settings of a group."""
_ROWS: Mapping[str, Button | Text] = {
    row.name: row
    for rows in ((filter_buttons.LINE, filter_buttons.TRY_AGAIN), *_BESIDE.values(), *_AT_END.values())
    for row in rows
}

_WATCHED = frozenset().union(
    {PRESET_KEY, PRESET_FILE_KEY, AUDIO_SOURCE_KEY},  # on which buttons depend
    *(setting.depends_on for setting in SCHEMA),
    (s.key for s in SCHEMA if s.role is not Role.APART and s.kind not in (Kind.NUMBER, Kind.COUNT)),
)
"""Settings with a callback."""

_settled: tuple[int, Values] = (0, {})
"""The properties and values for which all was shown last: OBS asks for each of _WATCHED."""


def build(address: int) -> int:
    """New `obs_properties_t` for the instance at `address`, or for none (0)."""
    properties = int(api.function("obs_properties_create")())
    try:
        _fill(properties, address)
    except Exception:
        log.error(traceback.format_exc())
        api.function("obs_properties_destroy")(properties)
        properties = int(api.function("obs_properties_create")())
        _complain(properties, tr("The settings cannot be shown. OBS's log says why."))
    return properties


def _complain(properties: int, text: str) -> None:
    """Let `text` stand where else the status does."""
    kinds.set_text(kinds.add_text(properties, filter_buttons.LINE.name), text, c.OBS_TEXT_INFO_ERROR)


def _fill(properties: int, address: int) -> None:
    living = instance.find(address) if address else None
    given = values.of_source(living.source) if living else {s.key: s.default for s in SCHEMA}
    if living is not None:
        _add_rows(properties, (filter_buttons.LINE,), living)
        if filter_buttons.has_problem(living):
            _add_rows(properties, (filter_buttons.TRY_AGAIN,), living)
    elif address:
        text = tr("This filter could not be made and hides its source. OBS's log says why. Remove it.")
        _complain(properties, text)
    with parents.parent(living.source if living else 0) as parent:
        for group in ("", *GROUPS):
            content = _group(properties, group) if group else properties
            for setting in SCHEMA:
                if setting.group == group:
                    _add_setting(content, setting, given, parent)
                    _add_rows(content, _BESIDE.get(setting.key, ()), living)
            _add_rows(content, _AT_END.get(group, ()), living)
    if living is not None:
        _read_texts(properties, living)
    _settle(properties, given)


def _group(properties: int, group: str) -> int:
    """The `obs_properties_t` within a new group, which belongs to `properties`."""
    content = int(api.function("obs_properties_create")())
    heading = GROUPS[group]
    add = api.function("obs_properties_add_group")
    if not add(properties, _name(group), tr(heading).encode(), c.OBS_GROUP_NORMAL, content):
        raise ValueError(f"libobs refuses the group {group!r}")
    return content


def _name(group: str) -> bytes:
    return f"group_{group}".encode()  # libobs wants other names than those of the settings within


def _add_setting(properties: int, setting: Setting, given: Values, parent: int) -> None:
    row = kinds.add(properties, setting)
    if kinds.is_list(setting):
        property_lists.fill(row, property_lists.entries(setting, given, parent))
    if setting.key in _WATCHED:
        api.function("obs_property_set_modified_callback")(row, _on_change)


def _add_rows(properties: int, rows: Iterable[Button | Text], living: Instance | None) -> None:
    """Add `rows`, which say and do something only where there is a filter."""
    for row in rows:
        if living is None:
            continue
        if isinstance(row, Text):
            kinds.add_text(properties, row.name)
        else:
            kinds.add_button(properties, row, _on_press, living.address)


def _read_texts(properties: int, living: Instance) -> bool:
    """Let the rows of text say what is true now; whether they said something else."""
    has_changed = False
    for row in _ROWS.values():
        found = _found(properties, row.name)
        if isinstance(row, Text) and found:
            has_changed |= kinds.set_text(found, *row.read(living))
    return has_changed


def _settle(properties: int, given: Values, *, with_preset: bool = True) -> bool:
    """Show what applies to the filter's values as they are `given`; whether that was something else.

    `with_preset`: also whether the chosen preset was changed.
    """
    global _settled
    _settled = (properties, given)
    has_changed = False
    for name, is_shown in _shown(completed(given)[0]).items():
        row = _found(properties, name)
        if not row or (name == preset_buttons.RESTORE.name and not with_preset):
            continue
        if isinstance(_ROWS.get(name), Text):
            is_shown = is_shown and bool(api.function("obs_property_description")(row))
        if api.function("obs_property_visible")(row) != is_shown:
            api.function("obs_property_set_visible")(row, is_shown)
            has_changed = True
    if with_preset:
        entries = property_lists.entries(BY_KEY[PRESET_KEY], given, 0)
        has_changed |= property_lists.fill(_found(properties, PRESET_KEY), entries)
    return has_changed


def _shown(complete: Values) -> dict[str, bool]:
    """For each row and group by name, whether it has to be seen."""
    settings = {setting.key: setting.is_shown(complete) for setting in SCHEMA}
    groups = {
        _name(group).decode(): any(settings[setting.key] for setting in SCHEMA if setting.group == group)
        for group in GROUPS
    }
    return settings | groups | {row.name: row.is_shown(complete) for row in _ROWS.values()}


def _found(properties: int, name: str) -> int:
    return api.function("obs_properties_get")(properties, name.encode()) or 0  # searches groups too


def _changed(properties: int, row: int, settings: int) -> bool:
    """A setting with a callback has another value, or OBS asks for the first time."""
    given = values.read(settings)
    if _settled == (properties, given):
        return False
    # Who has just chosen a preset has not changed it: the worker is about to bring its values.
    is_choice = api.function("obs_property_name")(row).decode() == PRESET_KEY
    return _settle(properties, given, with_preset=not is_choice)


def _pressed(properties: int, row: int, address: int) -> bool:
    """A button was pressed."""
    living = instance.find(address)
    button = _ROWS[api.function("obs_property_name")(row).decode()]
    if living is None or not isinstance(button, Button):
        return False
    press(button, living, completed(values.of_source(living.source))[0])
    has_changed = _read_texts(properties, living)
    return _settle(properties, values.of_source(living.source)) or has_changed


def _callback(body: Callable[[int, int, int], bool]) -> Any:
    """`body` as a callback of properties, for ever."""

    @ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    def trampoline(*arguments: int) -> bool:
        try:
            return body(*arguments)
        except Exception:
            log.error(traceback.format_exc())
            return False

    return immortal(trampoline)


_on_change = _callback(_changed)
_on_press = _callback(_pressed)
