"""What the settings window does with presets: save, rename, delete, export, import.  UI thread.

A window's own callbacks must not have it built anew while they run, so settings are changed here without
``Instance.keep``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rvm_core import presets
from rvm_core.desktop.shell import obs_rvm
from rvm_core.errors import PresetError
from rvm_core.libobs import constants as c
from rvm_core.obs_filter import instance, scenes, values
from rvm_core.obs_filter.instance import Instance
from rvm_core.obs_filter.language import sentences, tr
from rvm_core.obs_filter.property_lists import is_changed
from rvm_core.obs_filter.property_rows import Button, Text, note
from rvm_core.settings import BY_KEY, PRESET_FILE_KEY, PRESET_KEY, PRESET_NAME_KEY

Values = Mapping[str, Any]
_NOTE = "preset_note"


def _save(living: Instance, given: Values) -> str:
    typed, chosen = given[PRESET_NAME_KEY], given[PRESET_KEY]
    name = chosen if not typed.strip() and _is_own(chosen) else presets.kept_name(typed)
    if name != chosen and name in presets.names() and not presets.is_built_in(name):
        raise PresetError(
            f"There is a preset “{name}” already.", "Choose it to change it, or give another name."
        )
    kept = presets.save(name, given)
    _be(living, kept.name)
    values.change(living.source, {PRESET_NAME_KEY: ""})
    return " ".join([tr("“{name}” is saved.", name=kept.name), *map(sentences, kept.left_out)])


def _rename(living: Instance, given: Values) -> str:
    old = given[PRESET_KEY]
    new = presets.rename(old, given[PRESET_NAME_KEY])
    with instance.all_held() as filters:
        for other in filters:
            if values.of_source(other.source)[PRESET_KEY] == old:
                _be(other, new)
    scenes.preset_renamed(old, new)
    values.change(living.source, {PRESET_NAME_KEY: ""})
    return tr("“{old}” is called “{new}” now.", old=old, new=new)


def _be(living: Instance, name: str) -> None:
    """Let the filter have the preset of that name, and keep all values that it has."""
    living.worker.preset.adopt(name)
    values.change(living.source, {PRESET_KEY: name})


def _delete(living: Instance, given: Values) -> str:
    name = given[PRESET_KEY]
    presets.delete(name)
    # The settings stay as they are, and the name stands ready, so that a click saves them again.
    values.change(living.source, {PRESET_KEY: "", PRESET_NAME_KEY: given[PRESET_NAME_KEY] or name})
    return tr("“{name}” is deleted. Its settings stay in this filter.", name=name)


def _restore(living: Instance, given: Values) -> str:
    preset = presets.get(given[PRESET_KEY])
    values.change(living.source, presets.changes(preset, given))
    return " ".join(map(sentences, preset.left_out))


def _export(_living: Instance, given: Values) -> str:
    exported = presets.export(given[PRESET_KEY], given[PRESET_FILE_KEY])
    told = tr("“{name}” is exported to {file}.", name=given[PRESET_KEY], file=exported.file)
    if exported.left_out:
        told += " " + tr(
            "It does not include the paths of your files, which may contain your name. "
            "To include them, run in a terminal: {command}",
            command=f"{obs_rvm()} presets export --with-paths",
        )
    return told


def _import(living: Instance, given: Values) -> str:
    preset = presets.import_file(given[PRESET_FILE_KEY])
    values.change(living.source, {PRESET_KEY: preset.name})
    return " ".join([tr("“{name}” is imported.", name=preset.name), *map(sentences, preset.left_out)])


def _problems(_living: Instance) -> tuple[str, int]:
    return " ".join(map(sentences, presets.problems())), c.OBS_TEXT_INFO_WARNING


def _is_asked_for(given: Values) -> bool:
    return BY_KEY[PRESET_NAME_KEY].is_shown(given)


def _is_own(name: str) -> bool:
    return name in presets.names() and not presets.is_built_in(name)


def _has_own(given: Values) -> bool:
    return _is_asked_for(given) and _is_own(given[PRESET_KEY])


def _has_file(given: Values) -> bool:
    return _is_asked_for(given) and given[PRESET_FILE_KEY] != ""


def _is_changed(given: Values) -> bool:
    return is_changed(given[PRESET_KEY], given)


RESTORE = Button(
    "preset_restore",
    lambda: tr("Back to the preset"),
    lambda: tr("Undoes what was changed since the preset was chosen."),
    _is_changed,
    _restore,
)
BESIDE_NAME = (
    Button(
        "preset_save",
        lambda: tr("Save as preset"),
        lambda: tr(
            "Keeps how the filter looks now under the name above; without one, in the preset that is chosen."
        ),
        _is_asked_for,
        _save,
        _NOTE,
    ),
    Button(
        "preset_rename",
        lambda: tr("Rename"),
        lambda: tr("Gives the preset that is chosen the name above, in all filters."),
        _has_own,
        _rename,
        _NOTE,
    ),
    Button(
        "preset_delete",
        lambda: tr("Delete"),
        lambda: tr("Removes the preset that is chosen. This filter stays as it looks."),
        _has_own,
        _delete,
        _NOTE,
    ),
)
BESIDE_FILE: tuple[Button | Text, ...] = (
    Button(
        "preset_export",
        lambda: tr("Export"),
        lambda: tr("Writes the preset that is chosen to the file above."),
        lambda given: _has_file(given) and given[PRESET_KEY] in presets.names(),
        _export,
        _NOTE,
    ),
    Button(
        "preset_import",
        lambda: tr("Import"),
        lambda: tr("Takes in the preset of the file above, and chooses it."),
        _has_file,
        _import,
        _NOTE,
    ),
    note(_NOTE, _is_asked_for),
    Text("preset_problems", _is_asked_for, _problems),
)
