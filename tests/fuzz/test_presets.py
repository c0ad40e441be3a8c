"""Preset files: imported, copied into the folder, used, exported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rvm_core import local_paths, paths, presets
from rvm_core.errors import PresetError
from rvm_core.settings import BY_KEY, SCHEMA, Kind, Role, Settings
from tests.fuzz.outside import (
    SCALARS,
    TEXTS,
    VALUES,
    as_bytes,
    attempt,
    check,
    damaged,
    deep,
    json_texts,
    quietly,
    snapshot,
)

HELD = [setting for setting in SCHEMA if setting.role is not Role.APART]


def right(setting: Any) -> st.SearchStrategy[Any]:
    """Values that `setting` takes."""
    if setting.kind is Kind.CHOICE:
        return st.sampled_from([value for value, _ in setting.choices + setting.live_choices])
    if setting.kind is Kind.SWITCH:
        return st.booleans()
    if setting.kind is Kind.NUMBER:
        return st.floats(setting.low, setting.high)
    if setting.kind is Kind.COLOR:
        return st.integers(0, 0xFFFFFFFF)
    return TEXTS


RIGHT = st.fixed_dictionaries({}, optional={setting.key: right(setting) for setting in HELD})
WRONG = st.dictionaries(st.sampled_from([*BY_KEY]) | TEXTS, SCALARS | VALUES, max_size=6)
NAMES = st.sampled_from(["Mine", "mine", "Given", "Virtual set", "weak COMPUTER", "Cafe\u0301"]) | TEXTS
DOCUMENTS = st.fixed_dictionaries(
    {
        "schema": st.just(1) | SCALARS,
        "kind": st.just("obs-rvm preset") | SCALARS,
        "name": NAMES | SCALARS,
        "values": RIGHT | WRONG | VALUES,
    },
    optional={"more": VALUES},
)
GOOD = st.fixed_dictionaries(
    {"schema": st.just(1), "kind": st.just("obs-rvm preset"), "name": NAMES, "values": RIGHT}
)
FILES = damaged((GOOD | DOCUMENTS | VALUES).flatmap(json_texts).map(as_bytes))
SHARE = json.dumps(
    {
        "schema": 1,
        "kind": "obs-rvm preset",
        "name": "N",
        "values": {"background_file": "//host/x", "until_ready": "show"},
    }
).encode()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, emptied before each example."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


def begin(data: Path) -> None:
    shutil.rmtree(data, ignore_errors=True)
    presets.save("Mine", {"light_wrap": 0.5})


def is_harmless(preset: presets.Preset) -> None:
    """Its values are right, none opens anything elsewhere, and it comes as a filter's settings."""
    assert Settings.from_values(preset.complete)[1] == []
    for key, value in preset.values.items():
        assert BY_KEY[key].role is not Role.APART
        if BY_KEY[key].kind is Kind.PATH and value:
            assert local_paths.names_local_file(value)
    for problem in preset.left_out:
        check(problem)


@given(FILES)
@example(SHARE)
@example(b'{"schema": 1, "kind": "obs-rvm preset", "name": "N", "values": {"background_file": "/etc/hosts"}}')
@example(deep(20000).encode())
@example(
    b'{"schema": 1, "kind": "obs-rvm preset", "name": "N", "values": {"mode": ' + deep(900).encode() + b"}}"
)
def test_a_file_that_is_imported(data: Path, content: bytes) -> None:
    begin(data)
    file = data.parent / "given.json"
    file.write_bytes(content)
    before = snapshot(data.parent)
    with quietly():
        preset, problem = attempt(lambda: presets.import_file(file), PresetError)
    after = snapshot(data.parent)
    added = after.keys() - before.keys()
    assert {name: after[name] for name in before} == before
    if problem is not None:
        assert added == set()
        return
    assert len(added) == 1
    is_harmless(preset)
    assert presets.get(preset.name) == preset
    kept = {key for key, value in preset.values.items() if BY_KEY[key].kind is Kind.PATH and value}
    assert all(local_paths.is_local_file(preset.values[key]) for key in kept)
    assert preset.values.get("until_ready") != "show"
    exported, refusal = attempt(lambda: presets.export(preset.name, file), PresetError)
    assert refusal is None
    assert set(exported.left_out) == kept
    values = {key: value for key, value in preset.values.items() if key not in kept}
    assert presets.read(exported.file).values == values


@given(FILES, st.sampled_from(["given.json", "CON.json", "..json", " .json", "a\nb.json", "{0}.json"]))
@example(SHARE, "given.json")
def test_a_file_that_somebody_copied_into_the_folder(data: Path, content: bytes, name: str) -> None:
    begin(data)
    (paths.presets_dir() / name).write_bytes(content)
    before = snapshot(data)
    with quietly():
        for problem in presets.problems():
            check(problem)
        for known in presets.names():
            is_harmless(presets.get(known))
            presets.is_changed(known, {})
            attempt(lambda known=known: presets.export(known, data.parent / "out" / "e.json"), PresetError)
        assert snapshot(data) == before, "reading changes nothing"
        for known in [known for known in presets.names() if not presets.is_built_in(known)]:
            attempt(lambda known=known: presets.save(known, {"mode": "blur"}), PresetError)
            attempt(lambda known=known: presets.rename(known, "New name"), PresetError)
            attempt(lambda known=known: presets.delete(known), PresetError)


@given(NAMES, RIGHT | WRONG)
def test_what_is_saved_is_there(data: Path, name: str, values: dict[str, Any]) -> None:
    begin(data)
    before = snapshot(data)
    with quietly():
        preset, problem = attempt(lambda: presets.save(name, values), PresetError)
    if problem is not None:
        assert snapshot(data) == before
        return
    is_harmless(preset)
    assert presets.get(preset.name) == preset
    assert presets.changes(preset, preset.complete) == {}
    assert presets.problems() == []
