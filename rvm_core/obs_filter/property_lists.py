"""What the lists of the settings window offer.  UI thread.

A value that is not offered stays in its list: OBS would put the first entry in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rvm_core import presets
from rvm_core.errors import PresetError
from rvm_core.libobs import api
from rvm_core.obs_filter import sources
from rvm_core.obs_filter.language import tr
from rvm_core.settings import AUDIO_SOURCE_KEY, BACKGROUND_SOURCE_KEY, PRESET_KEY, Setting

LONGEST_ENTRY = 40
"""Characters: OBS makes its window as wide as the longest."""


class Entry(NamedTuple):
    """A value and what users read; one that is missing is there because it is chosen."""

    value: str
    text: str
    is_missing: bool = False


def entries(setting: Setting, given: Mapping[str, Any], parent: int) -> list[Entry]:
    """What the list of `setting` offers beside `given`, every value as the filter's settings have it.

    `parent` is the source that has the filter, or 0.
    """
    if setting.key == PRESET_KEY:
        offered = list(_of_presets(given))
    elif setting.key == BACKGROUND_SOURCE_KEY:
        offered = _of_sources(one.name for one in sources.living(parent) if one.has_video)
    elif setting.key == AUDIO_SOURCE_KEY:
        offered = _of_sources(one.name for one in sources.living() if one.has_audio)
    else:
        offered = [
            Entry(value, _fitting(tr(label))) for value, label in setting.choices + setting.live_choices
        ]
    return _with(offered, given[setting.key])


def of_scene(chosen: str) -> list[Entry]:
    """What the list of a scene offers: the preset that comes with it, which is the `chosen` one or none."""
    offered = (Entry(name, _preset_text(name)) for name in presets.names())
    return _with([Entry("", tr("Leave as it is")), *offered], chosen)


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


def _with(offered: list[Entry], chosen: str) -> list[Entry]:
    if chosen and all(entry.value != chosen for entry in offered):
        offered.append(Entry(chosen, tr("{name} (missing)", name=_fitting(chosen)), is_missing=True))
    return offered


def _texts(row: int) -> list[tuple[str, str]]:
    """(value, text) of the entries that the list has."""
    return [
        tuple(
            api.function(f"obs_property_list_item_{part}")(row, index).decode() for part in ("string", "name")
        )
        for index in range(api.function("obs_property_list_item_count")(row))
    ]


def _of_presets(given: Mapping[str, Any]) -> Iterator[Entry]:
    yield Entry("", tr("(none)"))
    chosen = given[PRESET_KEY]
    for name in presets.names():
        text = _preset_text(name)
        is_marked = name == chosen and is_changed(name, given)
        yield Entry(name, tr("{name} (changed)", name=text) if is_marked else text)


def _preset_text(name: str) -> str:
    return _fitting(tr(name) if presets.is_built_in(name) else name)


def _of_sources(names: Iterable[str]) -> list[Entry]:
    ordered = sorted(set(names), key=lambda name: (name.casefold(), name))
    return [Entry("", tr("(none)")), *(Entry(name, _fitting(name)) for name in ordered)]


def _fitting(text: str) -> str:
    return text if len(text) <= LONGEST_ENTRY else text[: LONGEST_ENTRY - 1].rstrip() + "…"
