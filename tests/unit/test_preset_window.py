"""Presets of others as they reach a filter: by the window's buttons, by its list, with a scene."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core import paths, presets  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter import (  # noqa: E402 - libobs must be loaded first
    language,
    preset_buttons,
    scene_tree,
    scenes,
    values,
)
from rvm_core.obs_filter.preset_choice import PresetChoice  # noqa: E402 - libobs must be loaded first
from rvm_core.settings import completed  # noqa: E402 - libobs must be loaded first

SHARE = "//host/share/x.png"


class Filter:
    """Stands for an instance and its status: settings are a dict."""

    source = 7

    def __init__(self, **given: Any) -> None:
        self.values = completed(given)[0]
        self.problems: dict[str, Any] = {}
        self.worker = SimpleNamespace(preset=SimpleNamespace(adopt=lambda _name: None))
        self.settings = SimpleNamespace(read=lambda: dict(self.values))

    def keep(self, changes: dict[str, Any], *, preset: str | None = None) -> None:
        assert preset in (None, self.values["preset"])
        self.values.update(changes)

    def report(self, part: str, problem: Any) -> None:
        self.problems[part] = str(problem)

    def solved(self, part: str) -> None:
        self.problems.pop(part, None)

    def press(self, name: str) -> str:
        buttons = (preset_buttons.RESTORE, *preset_buttons.BESIDE_NAME, *preset_buttons.BESIDE_FILE)
        (button,) = (one for one in buttons if one.name == name)
        return button.press(self, dict(self.values))  # type: ignore[arg-type, union-attr]


@pytest.fixture
def one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filter:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    monkeypatch.setattr(language, "_known", ["en-US"])
    made = Filter(background_file="/mine.png", preset_file=str(tmp_path / "file.json"))
    monkeypatch.setattr(values, "change", lambda _source, changes: made.values.update(changes))
    return made


def put(file: Path, name: str = "Given", **given: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"schema": 1, "kind": "obs-rvm preset", "name": name, "values": given}))


def test_the_import_button_says_what_was_left_out(one: Filter) -> None:
    put(Path(one.values["preset_file"]), mode="image", background_file=SHARE)
    said = one.press("preset_import")
    assert said.startswith("“Given” is imported. ")
    assert f"leaves out {SHARE}" in said
    assert one.values["preset"] == "Given"
    assert SHARE not in (paths.presets_dir() / next(paths.presets_dir().iterdir())).read_text()


def test_the_save_button_says_that_a_share_stays_in_this_filter_alone(one: Filter) -> None:
    one.values.update(background_file=SHARE, preset_name="Mine")
    said = one.press("preset_save")
    assert said.startswith("“Mine” is saved. ")
    assert f"leaves out {SHARE}" in said
    assert one.values["background_file"] == SHARE
    assert one.press("preset_restore").count(SHARE) == 0


def test_the_export_button_says_that_paths_stay_out(one: Filter) -> None:
    one.values.update(background_file="/home/jane/x.png", preset_name="Mine")
    assert one.press("preset_save") == "“Mine” is saved."
    said = one.press("preset_export")
    assert said.startswith(f"“Mine” is exported to {one.values['preset_file']}. ")
    assert "presets export --with-paths" in said
    assert "jane" not in Path(one.values["preset_file"]).read_text()
    one.values["preset"] = "Virtual set"
    assert one.press("preset_export").endswith("file.json.")


def test_a_copied_file_that_is_chosen_leaves_the_filters_own_file(one: Filter) -> None:
    put(paths.presets_dir() / "copied.json", "Copied", mode="image", background_file=SHARE)
    choice = PresetChoice(one, one)  # type: ignore[arg-type]
    choice.follow("")
    one.values["preset"] = "Copied"
    choice.follow("Copied")
    assert (one.values["mode"], one.values["background_file"]) == ("image", "/mine.png")
    assert SHARE in one.problems["choice"]
    one.values["preset"] = "Virtual set"
    choice.follow("Virtual set")
    assert one.problems == {}


def test_a_scene_that_brings_a_copied_file_says_once_what_is_left_out(
    one: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(paths.presets_dir() / "copied.json", "Copied", background_file=SHARE)
    said: list[str] = []
    monkeypatch.setattr(scenes, "_map", {"Live": "Copied"})
    monkeypatch.setattr(scenes, "_said", set())
    monkeypatch.setattr(scenes.log, "warning", said.append)
    monkeypatch.setattr(scene_tree, "name_of", lambda _scene: "Live")
    monkeypatch.setattr(scene_tree, "current", lambda _which: nullcontext(1))
    monkeypatch.setattr(scenes.instance, "all_held", lambda: nullcontext([one]))
    monkeypatch.setattr(scenes, "_within", lambda _scene, filters: dict.fromkeys(filters, True))
    monkeypatch.setattr(values, "of_source", lambda _source: dict(one.values))
    for _ in range(2):
        scenes._bring()
    assert (one.values["preset"], one.values["background_file"]) == ("Copied", "/mine.png")
    assert len(said) == 1
    assert SHARE in said[0]


def test_what_is_left_out_is_told_beside_the_file_in_the_window(one: Filter) -> None:
    put(paths.presets_dir() / "copied.json", "Copied", background_file=SHARE)
    (row,) = (row for row in preset_buttons.BESIDE_FILE if row.name == "preset_problems")
    assert SHARE in row.read(one)[0]  # type: ignore[arg-type, union-attr]
    assert [str(problem) for problem in presets.problems()] == [row.read(one)[0]]  # type: ignore[arg-type, union-attr]
