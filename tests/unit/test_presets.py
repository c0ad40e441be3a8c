"""Presets: what they set, and the files of the user's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rvm_core import paths, presets
from rvm_core.errors import PresetError
from rvm_core.settings import BY_KEY, SCHEMA, Role, Settings, completed

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = completed({})[0]
LOOK = {setting.key for setting in SCHEMA if setting.role is Role.LOOK}
CONTENT = {setting.key for setting in SCHEMA if setting.role is Role.CONTENT}
SETTLING_S = 0.1
NAMES = [
    "Facecam over game",
    "Just chatting (blur)",
    "Virtual set",
    "Interview (finest edges)",
    "Green screen out",
    "Weak computer",
]
MINE: dict[str, Any] = {
    "mode": "source",
    "background_source": "Café",
    "blur_strength": 0.1,
    "zone_1_use": "keep",
    "threads": 3,
    "plate": "/here/plate.png",
    "preset_name": "typed",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of own presets, which is not there yet."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    return paths.presets_dir()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(name=..., values=...)``: a preset file as somebody gives it; `content` replaces all of it."""

    def made(content: bytes | None = None, **changed: Any) -> Path:
        document = {"schema": 1, "kind": "obs-rvm preset", "name": "Given", "values": {"mode": "blur"}}
        path = tmp_path / "given.json"
        path.write_bytes(json.dumps(document | changed).encode() if content is None else content)
        return path

    return made


def saved(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


# -- what they set -----------------------------------------------------------------------------------


def test_those_that_are_built_in_have_their_names_and_say_every_look_and_nothing_else() -> None:
    assert [preset.name for preset in presets.BUILT_IN] == NAMES == presets.names()
    assert presets.problems() == []
    for preset in presets.BUILT_IN:
        assert set(preset.values) == LOOK
        assert completed(preset.values)[1] == []
        assert presets.get(preset.name) is preset
        assert presets.is_built_in(preset.name)


def test_no_two_that_are_built_in_are_alike() -> None:
    for preset in presets.BUILT_IN:
        assert [other.name for other in presets.BUILT_IN if not presets.changes(preset, other.values)] == [
            preset.name
        ]


def test_values_of_those_that_are_built_in_do_what_their_names_say() -> None:
    values = {preset.name: Settings.from_values(preset.values)[0] for preset in presets.BUILT_IN}
    facecam, chatting, studio, interview, green, weak = values.values()
    assert [one.mode for one in (facecam, green, weak)] == ["transparent"] * 3
    assert (chatting.mode, interview.mode, studio.mode) == ("blur", "blur", "image")
    assert studio.wraps_light
    assert interview.quality == "fine"
    assert green.spill_removal == max(one.spill_removal for one in values.values())
    assert green.edge_shift_px < 0 < green.edge_contrast
    assert (weak.model, weak.quality) == ("mediapipe_selfie", "fast")
    assert {one.model for one in values.values() if one is not weak} == {"rvm_mobilenetv3"}
    assert not any(one.effective_until_ready == "show" for one in values.values())


def test_changes_bring_any_filter_to_the_preset_and_nothing_more() -> None:
    held = {**DEFAULTS, **MINE, "light_wrap": 1.0}
    for preset in presets.BUILT_IN:
        wanted = presets.changes(preset, held)
        assert all(held[key] != value for key, value in wanted.items())
        after = held | wanted
        assert {key: after[key] for key in LOOK} == preset.values
        assert {key: after[key] for key in DEFAULTS if key not in LOOK} == {
            key: held[key] for key in DEFAULTS if key not in LOOK
        }
        assert presets.changes(preset, after) == {}


def test_one_of_the_users_own_brings_its_content_along_but_nothing_of_the_camera() -> None:
    presets.save("Mine", {**DEFAULTS, **MINE})
    wanted = presets.changes(presets.get("Mine"), {"threads": 5, "background_source": "Other"})
    assert wanted == {key: MINE[key] for key in ("mode", "background_source", "blur_strength", "zone_1_use")}


def test_a_key_that_a_preset_lacks_is_the_default_for_a_look_and_stays_for_content() -> None:
    older = presets.Preset("Older", {"mode": "blur"})
    assert presets.changes(older, {"light_wrap": 1.0, "zone_1_use": "keep", "quality": "auto"}) == {
        "mode": "blur",
        "light_wrap": 0.0,
    }


def test_a_filter_with_bad_values_counts_as_what_they_do() -> None:
    facecam = presets.get("Facecam over game")
    assert "mode" not in presets.changes(facecam, {"mode": "nonsense"})
    assert presets.changes(facecam, {**facecam.values, "light_wrap": -3}) == {}


def test_whether_a_filter_was_changed_since() -> None:
    values = dict(presets.get("Virtual set").values)
    assert not presets.is_changed("Virtual set", values)
    assert not presets.is_changed("Virtual set", {**values, "background_file": "/other.png", "threads": 2})
    assert presets.is_changed("Virtual set", {**values, "light_wrap": 0.36})
    with pytest.raises(PresetError, match="no preset “Gone”"):
        presets.is_changed("Gone", values)


# -- the user's own ----------------------------------------------------------------------------------

ODD_NAMES = ["Mine", "Grüße, Ω! 🎥", "con", "a/b\\c:d*?", "日本語", "." * 60, "ﬁ", "㏂" * 60, "mine"]


def test_any_name_is_a_file_and_comes_back(folder: Path) -> None:
    for number, name in enumerate(ODD_NAMES):
        assert presets.save(f"  {name} ", {"blur_strength": number / 10}).name == name
    assert set(presets.names()[len(NAMES) :]) == set(ODD_NAMES)
    for number, name in enumerate(ODD_NAMES):
        assert presets.get(name).values["blur_strength"] == number / 10
        assert not presets.is_built_in(name)
    files = saved(folder)
    assert len(files) == len(ODD_NAMES)
    # two names of one file system that knows no capitals are two files
    assert len({file.casefold() for file in files}) == len(files)
    assert all(
        file.isascii() and set(file) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") for file in files
    )
    assert not any(file.startswith(".") for file in files), "something staged was left"
    assert presets.problems() == []


def test_names_come_sorted_after_those_that_are_built_in() -> None:
    for name in ("b", "C", "a"):
        presets.save(name, {})
    assert presets.names() == [*NAMES, "a", "b", "C"]


def test_one_name_written_in_two_ways_is_one_preset() -> None:
    presets.save("Cafe\u0301", {"light_wrap": 0.1})
    assert presets.save("Caf\u00e9", {"light_wrap": 0.2}).name == "Caf\u00e9"
    assert presets.names() == [*NAMES, "Caf\u00e9"]
    assert presets.get("Caf\u00e9").values["light_wrap"] == 0.2


def test_saving_again_gives_the_preset_its_new_values() -> None:
    presets.save("Mine", {"mode": "blur"})
    presets.save("Mine", {"mode": "color", "quality": "nonsense", "light_wrap": 7})
    held = presets.get("Mine").values
    assert (held["mode"], held["quality"], held["light_wrap"]) == ("color", "auto", 1.0)
    assert set(held) == LOOK | CONTENT


def test_rename_and_delete() -> None:
    presets.save("Mine", MINE)
    values = presets.get("Mine").values
    assert presets.rename("Mine", " Yours ") == "Yours"
    assert presets.get("Yours").values == values
    assert presets.rename("Yours", "yours") == "yours"
    assert presets.rename("yours", "yours") == "yours"
    assert presets.names() == [*NAMES, "yours"]
    presets.save("Other", {})
    with pytest.raises(PresetError, match="“Other” already"):
        presets.rename("yours", "Other")
    presets.delete("yours")
    assert presets.names() == [*NAMES, "Other"]
    for act in (presets.delete, presets.get, lambda name: presets.rename(name, "New")):
        with pytest.raises(PresetError, match="no preset “yours”"):
            act("yours")


@pytest.mark.parametrize("name", [*NAMES, "weak COMPUTER"])
def test_those_that_are_built_in_stay(name: str, folder: Path) -> None:
    presets.save("Mine", {})
    before = saved(folder)
    acts: list[Callable[[], Any]] = [lambda: presets.save(name, {}), lambda: presets.rename("Mine", name)]
    if presets.is_built_in(name):
        acts += [lambda: presets.delete(name), lambda: presets.rename(name, "New")]
    for act in acts:
        with pytest.raises(PresetError, match="is built in and stays as it is"):
            act()
    assert saved(folder) == before
    assert presets.names()[: len(NAMES)] == NAMES


@pytest.mark.parametrize("name", ["", "  \u3000", "x" * 61, "a\nb", "a\0b", "a\x7f", "\ud800", "a\u2028b"])
def test_names_that_cannot_be(name: str, folder: Path, write: Callable[..., Path]) -> None:
    presets.save("Mine", {})
    before = saved(folder)
    file = write(name=name)
    for act in (
        lambda: presets.save(name, {}),
        lambda: presets.rename("Mine", name),
        lambda: presets.import_file(file),
    ):
        with pytest.raises(PresetError, match=r"has no name|preset.s name"):
            act()
    assert saved(folder) == before


def test_saving_what_could_not_be_read_again_is_refused(folder: Path) -> None:
    presets.save("Mine", {})
    before = saved(folder)
    for value in ("x" * presets.MOST_BYTES, "\ud800", "a\0b"):
        with pytest.raises(PresetError, match="Mine"):
            presets.save("Mine", {"background_source": value})
    assert saved(folder) == before


# -- files -------------------------------------------------------------------------------------------


def test_a_preset_goes_to_a_file_and_comes_back_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    presets.save("Grüße", {**MINE, "background_color": 0x80FFFFFF})
    there = presets.export("Grüße", tmp_path / "new folder" / "file.json").file
    document = json.loads(there.read_bytes())
    assert {key: document[key] for key in ("schema", "kind", "name")} == {
        "schema": 1,
        "kind": "obs-rvm preset",
        "name": "Grüße",
    }
    here = presets.get("Grüße")
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path / "elsewhere"))
    assert presets.import_file(str(there)).name == "Grüße"
    assert presets.get("Grüße") == here


def test_one_that_is_built_in_can_be_given_away_under_another_name(tmp_path: Path) -> None:
    file = presets.export("Virtual set", tmp_path / "file.json").file
    with pytest.raises(PresetError, match="“Virtual set” is built in"):
        presets.import_file(file)
    file.write_text(file.read_text().replace('"Virtual set"', '"My set"'))
    assert presets.import_file(file).name == "My set"
    assert presets.get("My set").values == presets.get("Virtual set").values


def test_a_name_that_is_taken_gets_a_number_and_nothing_is_lost(write: Callable[..., Path]) -> None:
    long = "x" * presets.LONGEST_NAME
    for name, expected in (("Mine", ["Mine", "Mine (2)", "Mine (3)"]), (long, [long, long[:56] + " (2)"])):
        for number, wanted in enumerate(expected):
            assert presets.import_file(write(name=name, values={"light_wrap": number / 10})).name == wanted
        assert [presets.get(one).values["light_wrap"] for one in expected] == [
            number / 10 for number in range(len(expected))
        ]


def test_a_file_as_an_editor_of_windows_leaves_it(write: Callable[..., Path]) -> None:
    text = write().read_text().replace(", ", ",\r\n")
    assert presets.import_file(write(b"\xef\xbb\xbf" + text.encode())).name == "Given"


BAD_FILES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"content": b""}, "no JSON text"),
    "no text": ({"content": b"\xff\xfe\x00\x01"}, "no JSON text"),
    "cut off": ({"content": b'{"schema": 1, "kind": "obs-rvm pre'}, "no JSON text"),
    "bottomless": ({"content": b"[" * 60000}, "no JSON text"),
    "a long number": ({"content": b'{"schema": ' + b"9" * 9000 + b"}"}, "no JSON text"),
    "a list": ({"content": b"[]"}, "something else"),
    "another kind": ({"kind": "obs-studio scene"}, "something else"),
    "a newer one": ({"schema": 2}, "made by a newer version"),
    "a newer one of another form": ({"schema": 2, "values": [], "name": 1}, "made by a newer version"),
    "an older one than any": ({"schema": 0}, "lacks a part"),
    "a schema of another type": ({"schema": "2"}, "lacks a part"),
    "no name": ({"name": None}, "lacks a part"),
    "no values": ({"values": [1]}, "lacks a part"),
    "too large": ({"values": {"background_file": "x" * presets.MOST_BYTES}}, "too large"),
    "an unknown key": ({"values": {"glitter": 1}}, "'glitter'"),
    "a key of the computer": ({"values": {"threads": 1}}, "'threads'"),
    "a key of the camera": ({"values": {"plate": ""}}, "'plate'"),
    "text for a number": ({"values": {"blur_strength": "0.5"}}, "blur_strength cannot be '0.5'"),
    "a switch for a number": ({"values": {"blur_strength": True}}, "blur_strength cannot be True"),
    "a number for a switch": ({"values": {"reset_on_scene_switch": 1}}, "reset_on_scene_switch cannot be 1"),
    "a part of a colour": ({"values": {"background_color": 1.5}}, "background_color cannot be 1.5"),
    "no colour": ({"values": {"background_color": -1}}, "background_color cannot be -1"),
    "nothing for a choice": ({"values": {"mode": None}}, "mode cannot be None"),
    "a list for a choice": ({"values": {"mode": ["blur"]}}, "mode cannot be"),
    "another choice": ({"values": {"mode": "dance"}}, "mode cannot be 'dance'"),
    "a model that is nowhere": ({"values": {"model": "mine"}}, "model cannot be 'mine'"),
    "too low": ({"values": {"edge_shift_px": -21}}, "edge_shift_px cannot be -21"),
    "too high": ({"values": {"light_wrap": 1.01}}, "light_wrap cannot be 1.01"),
    "not a number": ({"values": {"light_wrap": float("nan")}}, "light_wrap cannot be nan"),
    "endless": ({"values": {"light_wrap": float("inf")}}, "light_wrap cannot be inf"),
    "huge": ({"values": {"light_wrap": 10**400}}, "light_wrap cannot be 1"),
    "an end within a text": ({"values": {"background_file": "a\0b"}}, "background_file cannot be"),
    "half a character": ({"values": {"background_source": "\ud800"}}, "background_source cannot be"),
    "one bad beside good ones": ({"values": {"mode": "blur", "light_wrap": "x"}}, "light_wrap cannot be 'x'"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_with_its_reason_and_changes_nothing(
    case: str, folder: Path, write: Callable[..., Path]
) -> None:
    presets.save("Given", {"light_wrap": 0.7})
    before = saved(folder)
    changed, reason = BAD_FILES[case]
    file = write(**changed)
    with pytest.raises(PresetError) as refusal:
        presets.import_file(file)
    assert str(file) in refusal.value.problem
    assert reason in refusal.value.problem
    assert len(refusal.value.problem) < len(str(file)) + 150
    assert refusal.value.remedy
    assert saved(folder) == before


def test_a_bad_file_in_the_folder_is_left_out_and_said(folder: Path, write: Callable[..., Path]) -> None:
    presets.save("Mine", {})
    for number, (changed, _) in enumerate(BAD_FILES.values()):
        write(**changed).rename(folder / f"bad-{number:02}.json")
    (folder / "notes.txt").write_text("no preset")
    (folder / "deeper.json").mkdir()
    assert presets.names() == [*NAMES, "Mine"]
    said = [problem.problem for problem in presets.problems()]
    assert len(said) == len(BAD_FILES) + 1
    for number, (_, reason) in enumerate(BAD_FILES.values()):
        assert f"bad-{number:02}.json" in said[number]
        assert reason in said[number]
    assert "deeper.json is no file" in said[-1]


def test_a_preset_of_a_newer_version_is_neither_read_nor_lost(
    folder: Path, write: Callable[..., Path]
) -> None:
    presets.save("Mine", {})
    (file,) = folder.iterdir()
    file.write_text(file.read_text().replace('"schema": 1', '"schema": 2'))
    newer = file.read_bytes()
    for act in (
        lambda: presets.get("Mine"),
        lambda: presets.save("Mine", {}),
        lambda: presets.rename("Mine", "X"),
        lambda: presets.delete("Mine"),
    ):
        with pytest.raises(PresetError, match="newer version"):
            act()
    assert presets.import_file(write(name="Mine")).name == "Mine (2)"
    assert file.read_bytes() == newer


def test_a_copy_made_by_hand_is_said_and_the_first_goes_on(folder: Path) -> None:
    presets.save("Mine", {"light_wrap": 0.1})
    (file,) = folder.iterdir()
    copied = folder / "0-copied.json"
    copied.write_bytes(file.read_bytes())
    assert [str(copied) in problem.problem for problem in presets.problems()] == [True]
    presets.save("Mine", {"light_wrap": 0.2})
    assert presets.get("Mine").values["light_wrap"] == 0.2
    presets.rename("Mine", "Yours")
    assert presets.names() == [*NAMES, "Mine", "Yours"]
    assert presets.get("Mine").values["light_wrap"] == 0.1


def test_a_file_put_there_by_hand_is_a_preset_whatever_it_is_called(
    folder: Path, write: Callable[..., Path]
) -> None:
    folder.mkdir(parents=True)
    write(values={"light_wrap": 0.3}).rename(folder / "from a friend.json")
    assert presets.get("Given").values == {"light_wrap": 0.3}
    assert presets.import_file(write()).name == "Given (2)"
    with pytest.raises(PresetError, match="“Given” already"):
        presets.rename("Given (2)", "Given")
    presets.save("Given", {"light_wrap": 0.4})
    assert presets.get("Given").values["light_wrap"] == 0.4
    presets.delete("Given")
    assert presets.names() == [*NAMES, "Given (2)"]
    assert len(saved(folder)) == 1


def test_an_export_replaces_a_preset_but_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    for name in ("Virtual set", "Weak computer"):
        presets.export(name, file)
        assert presets.read(file).name == name
    file.write_text("my diary")
    with pytest.raises(PresetError, match="is no preset"):
        presets.export("Virtual set", file)
    assert file.read_text() == "my diary"
    assert [one.name for one in tmp_path.iterdir()] == ["file.json"]


@pytest.mark.parametrize("path", ["", "  ", "\0", "~nobody-of-that-name/x.json", "x" * 300])
def test_paths_that_cannot_be(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PresetError):
        presets.import_file(path)
    if "nobody" not in path:
        with pytest.raises(PresetError):
            presets.export("Virtual set", path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.json"):
        with pytest.raises(PresetError):
            presets.import_file(path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(PresetError, match="is no file"):
            presets.import_file(tmp_path / "pipe")
    with pytest.raises(PresetError, match="is no preset"):
        presets.export("Virtual set", tmp_path)


def test_where_nothing_can_be_written(folder: Path, write: Callable[..., Path]) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder belongs")
    for act in (lambda: presets.save("Mine", {}), lambda: presets.import_file(write())):
        with pytest.raises(PresetError, match="cannot be written"):
            act()
    assert presets.names() == NAMES
    assert "cannot be read" in presets.problems()[0].problem


def test_a_write_that_breaks_off_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    presets.save("Mine", {"light_wrap": 0.7})
    before = saved(folder)

    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    for act in (
        lambda: presets.save("Mine", {}),
        lambda: presets.save("New", {}),
        lambda: presets.rename("Mine", "New"),
    ):
        with pytest.raises(PresetError, match="No space left"):
            act()
    assert saved(folder) == before


SAVER = """
import sys
import time
from rvm_core import presets
who = sys.argv[1]
for turn in range(10):
    presets.save("Shared", {"background_source": f"{who} {turn}" * 50})
    presets.save(f"Own {who}", {"blur_strength": turn / 10})
    assert len(presets.get("Shared").values["background_source"]) >= 50
    presets.import_file(sys.argv[2])
"""


def test_processes_that_save_at_once_do_no_harm(folder: Path, write: Callable[..., Path]) -> None:
    # imported by many, and each finds a name of its own
    file = write(name="Again")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SAVER, str(who), str(file)],
            cwd=ROOT,
            env=dict(os.environ),
            stderr=subprocess.PIPE,
        )
        for who in range(3)
    ]
    faults = [process.communicate(timeout=120)[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], faults
    assert presets.problems() == []
    imported = {"Again", *(f"Again ({number})" for number in range(2, 31))}
    assert set(presets.names()[len(NAMES) :]) == imported | {"Shared", *(f"Own {who}" for who in range(3))}
    assert presets.get("Shared").values["background_source"] in {f"{who} 9" * 50 for who in range(3)}
    assert not [name for name in saved(folder) if name.endswith(".part")]


def test_a_model_of_the_users_own_manifest_is_a_value(tmp_path: Path, write: Callable[..., Path]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    manifest = {"models": {"my_model": {"title": "My own"}}}
    (data / "manifest.json").write_text(json.dumps(manifest))
    program = "import sys; from rvm_core import presets; print(presets.import_file(sys.argv[1]).name)"
    command = [sys.executable, "-c", program, str(write(values={"model": "my_model"}))]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True)
    assert done.stdout == "Given\n"


def test_every_key_of_a_saved_preset_is_of_the_schema_and_right() -> None:
    presets.save("Mine", MINE)
    for key, value in presets.get("Mine").values.items():
        assert BY_KEY[key].coerce(value) == value


def test_a_name_that_is_typed_is_compared_as_it_is_kept() -> None:
    assert presets.kept_name(" Cafe\u0301 ") == "Caf\u00e9"


# -- read only when something changed ----------------------------------------------------------------


def opened(act: Callable[[], Any]) -> list[str]:
    """The files that `act` opened."""
    seen: list[str] = []
    _watchers.append(seen)
    try:
        act()
    finally:
        _watchers.remove(seen)
    return seen


_watchers: list[list[str]] = []


def _note_open(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _watchers:
        for watcher in _watchers:
            watcher.append(os.fspath(arguments[0]) if not isinstance(arguments[0], int) else "")


sys.addaudithook(_note_open)


def test_looking_up_presets_opens_no_file_until_one_has_changed(folder: Path) -> None:
    for number in range(21):
        presets.save(f"Scene {number}", {"light_wrap": number / 100})
    time.sleep(SETTLING_S)
    presets.names()

    def look_up() -> None:
        for number in range(20):
            assert presets.get(f"Scene {number}").values["light_wrap"] == number / 100
            assert not presets.is_changed(f"Scene {number}", presets.get(f"Scene {number}").values)
        presets.names(), presets.problems()

    assert opened(look_up) == []
    file = next(file for file in folder.iterdir() if file.name.startswith("scene-20-"))
    with file.open("r+b") as stream:  # another program, in place, as many bytes
        content = stream.read()
        stream.seek(0)
        stream.write(content.replace(b'"light_wrap": 0.2,', b'"light_wrap": 0.7,'))
    assert presets.get("Scene 20").values["light_wrap"] == 0.7
    time.sleep(SETTLING_S)
    assert opened(look_up) == [str(file)]
    assert opened(look_up) == []


def test_a_file_that_could_not_be_opened_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    presets.save("Mine", {})
    time.sleep(SETTLING_S)
    with monkeypatch.context() as patch:

        def refused(*_: Any, **__: Any) -> None:
            raise PermissionError(13, "The file is being used by another process")

        patch.setattr(Path, "open", refused)
        assert presets.names() == NAMES
        assert "another process" in presets.problems()[0].problem
    assert presets.names() == [*NAMES, "Mine"]
    assert presets.problems() == []


def test_broken_files_are_not_read_again_either(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "broken.json").write_text("{")
    time.sleep(SETTLING_S)
    said = [str(problem) for problem in presets.problems()]
    assert opened(lambda: presets.problems()) == []
    assert [str(problem) for problem in presets.problems()] == said != []


# -- files from others -------------------------------------------------------------------------------

FOREIGN_PATHS = [
    r"\\host\share\x.png", "//host/share/x.png", r"\\?\UNC\host\share\x.png", r"\\.\COM1", "/dev/zero",
    "CON", "http://host/x.png", "rtsp://host/x", "file:///x.png", "smb://host/x.png", "x.png", "\x1b[2Jx.png",
]  # fmt: skip


def preset_file(path: str) -> dict[str, Any]:
    return {"values": {"mode": "image", "background_file": path, "background_source": "Cam"}}


@pytest.mark.parametrize("path", FOREIGN_PATHS)
def test_a_path_that_leads_elsewhere_is_left_out_however_the_preset_comes(
    path: str, folder: Path, write: Callable[..., Path]
) -> None:
    file = write(**preset_file(path))
    imported = presets.import_file(file)
    folder.joinpath("copied.json").write_bytes(write(name="Copied", **preset_file(path)).read_bytes())
    held = {**DEFAULTS, "background_file": "/mine.png"}
    for preset in (imported, presets.get("Given"), presets.get("Copied"), presets.read(file)):
        assert preset.values == {"mode": "image", "background_source": "Cam"}
        changed = presets.changes(preset, held)
        assert "background_file" not in changed
        assert changed["mode"] == "image"
    for preset in (imported, presets.get("Copied")):
        (problem,) = preset.left_out
        assert problem.problem.startswith(f"The preset “{preset.name}” leaves out ")
        assert "\x1b" not in str(problem)
    assert [problem.problem for problem in presets.problems()] == [
        problem.problem for problem in presets.get("Copied").left_out
    ]
    assert path.encode() not in b"".join(
        content for name, content in saved(folder).items() if name != "copied.json"
    )


def test_import_takes_files_that_are_here_and_no_others(tmp_path: Path, write: Callable[..., Path]) -> None:
    picture = tmp_path / "picture.png"
    preset = presets.import_file(write(**preset_file(str(picture))))
    assert "background_file" not in preset.values
    assert "there is no such file" in preset.left_out[0].problem
    picture.write_bytes(b"picture")
    preset = presets.import_file(write(**preset_file(str(picture))))
    assert preset.left_out == ()
    assert presets.get(preset.name).values["background_file"] == str(picture)
    (tmp_path / "link.png").symlink_to("/dev/zero")
    for other in (tmp_path, tmp_path / "link.png"):
        preset = presets.import_file(write(**preset_file(str(other))))
        assert "background_file" not in presets.get(preset.name).values


def test_no_preset_of_others_shows_the_room(write: Callable[..., Path]) -> None:
    preset = presets.import_file(write(values={"until_ready": "show", "light_wrap": 0.5}))
    assert preset.values == {"light_wrap": 0.5}
    assert "Show the room" in preset.left_out[0].problem
    assert presets.changes(preset, {"until_ready": "show"})["until_ready"] == "auto"
    presets.save("Mine", {"until_ready": "show"})
    assert presets.get("Mine").values["until_ready"] == "show"


def test_a_share_that_the_user_typed_stays_in_the_filter_but_comes_into_no_preset() -> None:
    held = {**DEFAULTS, "mode": "video", "background_file": "//nas/films/x.mp4"}
    kept = presets.save("Mine", held)
    assert "network share" in kept.left_out[0].remedy
    assert not presets.is_changed("Mine", held)
    assert presets.problems() == []


def test_a_file_of_the_users_own_that_is_away_for_now_stays_in_the_preset(tmp_path: Path) -> None:
    path = str(tmp_path / "on a stick.mp4")
    presets.save("Mine", {"background_file": path})
    assert presets.get("Mine").values["background_file"] == path


def test_a_very_long_path_is_told_in_short(write: Callable[..., Path]) -> None:
    preset = presets.import_file(write(**preset_file("//host/" + "x" * 60000)))
    assert len(preset.left_out[0].problem) < 300


def test_an_export_says_nothing_of_folders_unless_asked(tmp_path: Path) -> None:
    path = str(tmp_path / "Jane Doe" / "picture.png")
    presets.save("Mine", {**MINE, "background_file": path})
    file, left_out = presets.export("Mine", tmp_path / "file.json")
    assert left_out == ("background_file",)
    assert "Jane Doe" not in file.read_text()
    assert presets.read(file).values == {
        key: value for key, value in presets.get("Mine").values.items() if key != "background_file"
    }
    file, left_out = presets.export("Mine", file, with_paths=True)
    assert left_out == ()
    assert presets.read(file) == presets.get("Mine")
    presets.save("Plain", {})
    assert presets.export("Plain", file).left_out == ()
