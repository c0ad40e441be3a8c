"""What the lists of the settings window offer.  UI thread.

A value that is not offered stays in its list: OBS would put the first entry in its place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rvm_core import presets
from rvm_core.errors import PresetError
from rvm_core.libobs import api
from rvm_core.obs_filter import sources
from rvm_core.obs_filter.language import tr
from rvm_core.settings import AUDIO_SOURCE_KEY, BACKGROUND_SOURCE_KEY, PRESET_KEY, SCHEMA, Kind, Setting

LONGEST_ENTRY = 40
"""Characters, those of Chinese and Japanese counted twice: OBS makes its window as wide as the longest."""
_LONGEST_ROW = 63
"""The longest label of a group and an entry beside it."""


class Entry(NamedTuple):
    """A value and what users read; one that is missing is there because it is chosen."""

    value: str
    text: str
    is_missing: bool = False


def entries(setting: Setting, given: Mapping[str, Any], parent: int) -> list[Entry]:
    """What the list of `setting` offers beside `given`, every value as the filter's settings have it.

    `parent` is the source that has the filter, or 0.
    """
    room = _room_beside_labels(setting.group)
    if setting.key == PRESET_KEY:
        offered = list(_of_presets(given, room))
    elif setting.key == BACKGROUND_SOURCE_KEY:
        offered = _of_sources((one.name for one in sources.living(parent) if one.has_video), room)
    elif setting.key == AUDIO_SOURCE_KEY:
        offered = _of_sources((one.name for one in sources.living() if one.has_audio), room)
    else:
        offered = [
            Entry(value, _fitting(tr(label), room)) for value, label in setting.choices + setting.live_choices
        ]
    return _with(offered, given[setting.key], room)


def of_scene(chosen: str) -> list[Entry]:
    """What the list of a scene offers: the preset that comes with it, which is the `chosen` one or none."""
    offered = (Entry(name, _fitting(_title(name), LONGEST_ENTRY)) for name in presets.names())
    return _with([Entry("", tr("Leave as it is")), *offered], chosen, LONGEST_ENTRY)


def fill(row: int, wanted: Iterable[Entry]) -> bool:
    """Make the list `row` offer what is `wanted`; whether it did not already."""
    wanted = list(wanted)
    if _texts(row) == [(entry.value, entry.text) for entry in wanted]:
        return False
    api.function("obs_property_list_clear")(row)
    for entry in wanted:
        index = api.function("obs_property_list_add_string")(row, entry.text.encode(), entry.value.encode())
        if entry.is_missing:  # OBS then shows the row's name in red
            api.function("obs_property_list_item_disable")(row, index, True)
    return True


def is_changed(preset: str, given: Mapping[str, Any]) -> bool:
    """Whether the filter's values are no longer what the `preset` says, which may be none."""
    try:
        return preset != "" and presets.is_changed(preset, given)
    except PresetError:
        return False


def _with(offered: list[Entry], chosen: str, room: int) -> list[Entry]:
    if chosen and all(entry.value != chosen for entry in offered):
        text = _marked(chosen, lambda name: tr("{name} (missing)", name=name), room)
        offered.append(Entry(chosen, text, is_missing=True))
    return offered


def _texts(row: int) -> list[tuple[str, str]]:
    """(value, text) of the entries that the list has."""
    return [
        tuple(
            api.function(f"obs_property_list_item_{part}")(row, index).decode() for part in ("string", "name")
        )
        for index in range(api.function("obs_property_list_item_count")(row))
    ]


def _of_presets(given: Mapping[str, Any], room: int) -> Iterator[Entry]:
    yield Entry("", tr("(none)"))
    for name in presets.names():
        if name == given[PRESET_KEY] and is_changed(name, given):
            yield Entry(name, _marked(_title(name), lambda title: tr("{name} (changed)", name=title), room))
        else:
            yield Entry(name, _fitting(_title(name), room))


def _title(name: str) -> str:
    return tr(name) if presets.is_built_in(name) else name


def _of_sources(names: Iterable[str], room: int) -> list[Entry]:
    ordered = sorted(set(names), key=lambda name: (name.casefold(), name))
    return [Entry("", tr("(none)")), *(Entry(name, _fitting(name, room)) for name in ordered)]


def _room_beside_labels(group: str) -> int:
    """How long an entry of a list in `group` may be; a switch has its label elsewhere."""
    labels = (
        tr(setting.label) for setting in SCHEMA if setting.group == group and setting.kind is not Kind.SWITCH
    )
    return min(LONGEST_ENTRY, _LONGEST_ROW - max(map(_length, labels)))


def _marked(text: str, mark: Callable[[str], str], room: int) -> str:
    """`text` with a `mark` that stays whole."""
    return mark(_fitting(text, room - _length(mark(""))))


def _fitting(text: str, room: int) -> str:
    if _length(text) <= room:
        return text
    while _length(text) >= room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _length(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
