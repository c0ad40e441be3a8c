"""Which preset each scene brings: the map, its list under Tools > Scripts, and when its filters get it.

The map lies in the script's settings, which OBS keeps in the scene collection, by the scenes' names.  All of
it on the UI thread.  This module outlives reloads of the script.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from rvm_core import presets
from rvm_core.errors import PresetError
from rvm_core.libobs import api, log
from rvm_core.libobs import constants as c
from rvm_core.obs_filter import instance, property_lists, scene_tree, values
from rvm_core.obs_filter.instance import Instance
from rvm_core.presets import Preset
from rvm_core.settings import PRESET_KEY

KEY_PREFIX = "preset for scene "
"""Of the script's settings; the scene's name follows."""

_LIVE, _PREVIEW = "obs_frontend_get_current_scene", "obs_frontend_get_current_preview_scene"
_GOES_LIVE = (
    c.OBS_FRONTEND_EVENT_SCENE_CHANGED,
    c.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGED,
    c.OBS_FRONTEND_EVENT_FINISHED_LOADING,
)

_settings = 0  # the script's `obs_data_t`, held; 0 while there is no script
_map: Mapping[str, str] = {}  # as the settings had it when the script was last told of a change
_names: dict[int, str] = {}  # of each scene, by its weak reference, held: what a new name is measured against
_last_live = ""  # the name of the scene that is live, or was until now
_said: set[tuple[str, str]] = set()
"""Scenes and messages about them that are in the log already."""


# -- what the script is told -------------------------------------------------------------------------


def load(settings: int) -> None:
    """The script begins, with the `settings` (obs_data_t) of this scene collection."""
    global _settings, _map
    unload()
    api.function("obs_data_addref")(settings)
    _settings = settings
    _map = _mapped()
    for problem in presets.problems():
        log.warning(str(problem))
    _follow_names()


def unload() -> None:
    """The script ends, for a reload or with its scene collection."""
    global _settings, _map
    if _settings:
        api.function("obs_data_release")(_settings)
    _settings, _map = 0, {}
    _forget(list(_names))


def update() -> None:
    """Somebody chose another preset for a scene: one that is live has it at once."""
    global _map
    before, _map = _map, _mapped()
    with scene_tree.current(_LIVE) as live:
        name = scene_tree.name_of(live) if live else ""
    if _map.get(name) != before.get(name):
        _bring()
    _prepare()


def save() -> None:
    """OBS is about to save: entries of scenes that are gone go too, and those that say nothing."""
    global _map
    _follow_names()
    if not _names:  # no collection is loaded
        return
    there = set(_names.values())
    for key, value in _entries().items():
        if not value or key.removeprefix(KEY_PREFIX) not in there:
            api.function("obs_data_erase")(_settings, key.encode())
    _map = _mapped()


def add_properties(properties: int) -> None:
    """A list for each scene, of what may come with it, to the script's `properties` (obs_properties_t)."""
    _follow_names()
    if not _settings:
        return
    chosen = _mapped()
    with scene_tree.scenes() as listed:
        for name in listed.values():
            added = api.function("obs_properties_add_list")(
                properties,
                (KEY_PREFIX + name).encode(),
                name.encode(),
                c.OBS_COMBO_TYPE_LIST,
                c.OBS_COMBO_FORMAT_STRING,
            )
            property_lists.fill(added, property_lists.of_scene(chosen.get(name, "")))


def preset_renamed(old: str, new: str) -> None:
    """A preset of the user's own has another name: the scenes that bring it go on to do so."""
    global _map
    for key, value in _entries().items():
        if value == old:
            api.function("obs_data_set_string")(_settings, key.encode(), new.encode())
    _map = _mapped()


# -- what the frontend tells -------------------------------------------------------------------------


def on_event(event: int) -> None:
    """A frontend event."""
    if event == c.OBS_FRONTEND_EVENT_SCENE_COLLECTION_CLEANUP:
        _forget(list(_names))
    elif event == c.OBS_FRONTEND_EVENT_SCENE_LIST_CHANGED:
        _follow_names()
    elif event in _GOES_LIVE:
        _follow_names()
        _bring()
        _change_over()
    elif event == c.OBS_FRONTEND_EVENT_PREVIEW_SCENE_CHANGED:
        _follow_names()
        _prepare()


# -- the map -----------------------------------------------------------------------------------------


def _entries() -> dict[str, str]:
    """The keys of the script's settings that are ours, and their values."""
    if not _settings:
        return {}
    try:
        held = json.loads(api.function("obs_data_get_json")(_settings).decode(errors="replace"))
    except RecursionError:  # something that is not ours, nested deeper than Python reads
        return {}
    return {
        key: value for key, value in held.items() if key.startswith(KEY_PREFIX) and isinstance(value, str)
    }


def _mapped() -> dict[str, str]:
    """The preset of each scene that brings one, by the scene's name."""
    return {key.removeprefix(KEY_PREFIX): value for key, value in _entries().items() if value}


def _follow_names() -> None:
    """Let the entries of renamed scenes go with them, and know the scenes that are there now."""
    global _map
    if not _settings:
        return
    renamed: dict[str, str] = {}
    with scene_tree.scenes() as listed:
        there = set()
        for source, name in listed.items():
            weak = api.function("obs_source_get_weak_source")(source)
            there.add(weak)
            before = _names.get(weak)
            if before is None:
                _names[weak] = name  # held from now on
                continue
            api.function("obs_weak_source_release")(weak)
            if before != name:
                _names[weak], renamed[before] = name, name
    _forget(set(_names) - there)
    if renamed:
        _rename(renamed)
        _map = _mapped()


def _rename(renamed: Mapping[str, str]) -> None:
    """Move entries, all at once: scenes may have changed names with each other."""
    held = _mapped()
    for name in (*renamed, *renamed.values()):
        api.function("obs_data_erase")(_settings, (KEY_PREFIX + name).encode())
    for before, name in renamed.items():
        if before in held:
            api.function("obs_data_set_string")(
                _settings, (KEY_PREFIX + name).encode(), held[before].encode()
            )


def _forget(weak_sources: Iterable[int]) -> None:
    for weak in weak_sources:
        api.function("obs_weak_source_release")(weak)
        del _names[weak]


# -- what the filters get ----------------------------------------------------------------------------


def _bring() -> None:
    """Give the filters of the scene that is live its preset."""
    with scene_tree.current(_LIVE) as live, instance.all_held() as filters:
        preset = _preset_of(live)
        if preset is not None:
            for living in _within(live, filters):
                _give(living, preset)


def _change_over() -> None:
    """Another scene is live.  libobs still counts the sources as live that leave with the one of before."""
    global _last_live
    with scene_tree.scenes() as listed, scene_tree.current(_LIVE) as live:
        before = next((scene for scene, name in listed.items() if name == _last_live), 0)
        with scene_tree.sources_in(before) as leaving, scene_tree.sources_in(live) as staying:
            _prepare(leaving - staying)
        _last_live = scene_tree.name_of(live) if live else ""


def _prepare(leaving: frozenset[int] = frozenset()) -> None:
    """Give filters that are not live yet what their scene brings: they appear as they should.

    What is previewed goes first.  A filter in several scenes keeps the preset that one of them brings.
    """
    if not _map:
        return
    with (
        instance.all_held() as filters,
        scene_tree.current(_PREVIEW) as preview,
        scene_tree.scenes() as listed,
    ):
        previewed = _within(preview, filters, leaving)
        preset = _preset_of(preview)
        if preset is not None:
            for living, is_live in previewed.items():
                if not is_live:
                    _give(living, preset)
        choices: dict[Instance, list[Preset]] = {}
        for scene in listed:
            preset = _preset_of(scene)
            if preset is not None:
                for living, is_live in _within(scene, filters, leaving).items():
                    if living not in previewed and not is_live:
                        choices.setdefault(living, []).append(preset)
        for living, brought in choices.items():
            held = values.of_source(living.source)[PRESET_KEY]
            _give(living, next((preset for preset in brought if preset.name == held), brought[0]))


def _preset_of(scene: int) -> Preset | None:
    """What `scene`, or none (0), brings; what keeps it from bringing all of it is said once."""
    name = scene_tree.name_of(scene) if scene else ""
    wanted = _map.get(name)
    if wanted is None:
        return None
    try:
        preset = presets.get(wanted)
    except PresetError as problem:
        _say(name, f"The scene “{name}” leaves its filters as they are. {problem}")
        return None
    for left_out in preset.left_out:
        _say(name, f"The scene “{name}” applies its preset without one value. {left_out}")
    return preset


def _say(scene: str, message: str) -> None:
    if (scene, message) not in _said:
        _said.add((scene, message))
        log.warning(message)


def _within(
    scene: int, filters: Iterable[Instance], leaving: frozenset[int] = frozenset()
) -> dict[Instance, bool]:
    """Those of `filters` whose source lies in `scene`, or in none (0), and whether the program shows it.

    What is `leaving` the program counts as gone.
    """
    found = {}
    with scene_tree.sources_in(scene) as sources:
        for living in filters:
            parent = api.function("obs_filter_get_parent")(living.source)
            if parent in sources:  # so it lives
                found[living] = parent not in leaving and bool(api.function("obs_source_active")(parent))
    return found


def _give(living: Instance, preset: Preset) -> None:
    """The preset's name and its values in one, so that nothing is left to do for the worker."""
    held = values.of_source(living.source)
    wanted = presets.changes(preset, held)
    if held[PRESET_KEY] != preset.name:
        wanted[PRESET_KEY] = preset.name
    if wanted:
        living.keep(wanted)
