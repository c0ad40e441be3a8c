"""``obs-rvm presets``, run as a user runs it, and presets for video files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rvm_core import cli, paths, presets
from rvm_core.settings import BY_KEY, SCHEMA, Role

ROOT = Path(__file__).resolve().parents[2]
BUILT_IN = [preset.name for preset in presets.BUILT_IN]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where own presets lie: one, called Mine, and a file that is none."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    presets.save("Mine", {"mode": "color", "background_color": 0xFF0000FF, "light_wrap": 0.25, "threads": 2})
    (paths.presets_dir() / "broken.json").write_text("{")
    return paths.presets_dir()


def run(*arguments: object) -> int:
    return cli.main(["presets", *map(str, arguments)])


def test_list_as_text_and_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    output = capsys.readouterr()
    assert output.out.splitlines() == [*(f"built in  {name}" for name in BUILT_IN), "own       Mine"]
    assert output.err.startswith(f"obs-rvm: The preset file {folder / 'broken.json'} is damaged")
    assert run("list", "--json") == 0
    output = capsys.readouterr()
    listed = json.loads(output.out)
    assert [one["name"] for one in listed["presets"] if one["is_built_in"]] == BUILT_IN
    assert listed["presets"][-1] == {"name": "Mine", "is_built_in": False}
    assert "broken.json" in listed["problems"][0]
    assert output.err == ""


def test_show_says_what_does_anything_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "Mine") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    shown = {text[2:28].strip(): text[28:].strip() for text in lines}
    assert first == "Mine"
    assert shown["Background"] == "Replace by a colour"
    assert shown["Background colour"] == "#FF0000"
    assert shown["Light wrap"] == "0.25"
    assert shown["Start anew on scene switch"] == "yes"
    assert not {"Blur strength", "Processor threads", "Zone 1: left"} & set(shown)


@pytest.mark.parametrize("name", [*BUILT_IN, "Mine"])
def test_show_as_json_is_every_value(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", name) == 0
    capsys.readouterr()
    assert run("show", name, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "name": name,
        "is_built_in": name != "Mine",
        "values": presets.get(name).values,
    }


def test_export_and_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.json"
    assert run("export", "Mine", file) == 0
    assert capsys.readouterr().out == f"Mine: written to {file}\n"
    assert run("export", "Virtual set", file) == 2
    assert f"The file {file} is there already." in capsys.readouterr().err
    assert presets.read(file).name == "Mine"
    assert run("import", file) == 0
    assert capsys.readouterr().out == "Mine (2): imported; there is another “Mine”\n"
    assert presets.get("Mine (2)").values == presets.get("Mine").values
    assert run("delete", "Mine") == run("import", file) == 0
    assert capsys.readouterr().out == "Mine: deleted\nMine: imported\n"
    assert run("export", "Virtual set", file, "--overwrite", "--json") == 0
    assert json.loads(capsys.readouterr().out)["file"] == str(file)
    assert presets.read(file).name == "Virtual set"


def test_home_is_known_where_the_shell_does_not_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert run("export", "Mine", "~/mine.json") == 0
    assert run("export", "Virtual set", "~/mine.json") == 2
    assert "is there already" in capsys.readouterr().err
    assert presets.read(tmp_path / "mine.json").name == "Mine"
    assert run("import", "~/mine.json") == 0
    assert "Mine (2)" in presets.names()


def test_rename_and_delete(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rename", "Mine", "Yours") == 0
    assert run("rename", "Yours", "Yours too", "--json") == 0
    assert run("delete", "Yours too") == 0
    said = capsys.readouterr().out
    assert said.startswith("Yours: renamed; it was “Mine”\n{")
    assert said.endswith("}\nYours too: deleted\n")
    assert presets.names() == BUILT_IN


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "Gone"),
        ("export", "Gone", "x.json"),
        ("export", "Mine", "x" * 300),
        ("import", "absent.json"),
        ("import", "x" * 300),
        ("rename", "Gone", "New"),
        ("rename", "Mine", "Virtual set"),
        ("delete", "Virtual set"),
        ("delete", "Gone"),
    ],
)
def test_a_fault_is_one_line_and_2(
    arguments: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert run(*arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("obs-rvm: ")
    assert output.err.count("\n") == 1
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def given(folder: Path, **values: Any) -> Path:
    file = folder / "given.json"
    document = {"schema": 1, "kind": "obs-rvm preset", "name": "Given", "values": values}
    file.write_text(json.dumps(document))
    return file


def test_import_says_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = given(tmp_path, background_file=r"\\host\share\x.png", until_ready="show")
    assert run("import", file) == 0
    output = capsys.readouterr()
    assert output.out == "Given: imported\n"
    assert [line.split(":")[1] for line in output.err.splitlines()] == [
        r" The preset “Given” leaves out \\host\share\x.png",
        " The preset “Given” leaves out “Show the room”",
    ]
    assert run("import", file, "--json") == 0
    output = capsys.readouterr()
    assert len(json.loads(output.out)["left_out"]) == 2
    assert output.err == ""


def test_export_leaves_paths_out_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    presets.save("Mine", {"background_file": "/home/jane/x.png"})
    file = tmp_path / "mine.json"
    assert run("export", "Mine", file) == 0
    assert "--with-paths" in capsys.readouterr().err
    assert "jane" not in file.read_text()
    assert run("export", "Mine", file, "--overwrite", "--with-paths") == 0
    assert capsys.readouterr().err == ""
    assert "/home/jane/x.png" in file.read_text()


def test_show_sends_a_terminal_nothing_that_it_obeys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", given(tmp_path, mode="source", background_source="Cam\x1b]0;owned\x07"))
    assert run("show", "Given") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_nothing_heavy_is_loaded() -> None:
    program = (
        "import sys; from rvm_core import cli; cli.main(['presets', 'list']);"
        "heavy = {'numpy', 'numba', 'onnxruntime', 'cv2', 'av', 'ssl'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=dict(os.environ), check=False)
    assert done.returncode == 0


# -- video files -------------------------------------------------------------------------------------


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The settings with which files would have been converted."""
    calls: list[dict[str, Any]] = []

    def convert(path: Path, output: Path, **options: Any) -> Any:
        calls.append({key: value for key, value in options.items() if key in BY_KEY})
        fields = dict.fromkeys(
            ("frames", "elapsed_s", "fps", "speed", "matte_ms", "model", "provider", "level"), 1
        )
        return SimpleNamespace(input=path, output=output, warnings=(), is_complete=True, **fields)

    monkeypatch.setattr("rvm_core.video.replace_background", convert, raising=False)
    return calls


def video(*arguments: str) -> int:
    return cli.main(["video", "in.mp4", "-o", "out.mp4", *arguments])


def test_a_preset_gives_a_file_what_means_something_there(converted: list[dict[str, Any]]) -> None:
    assert video("--preset", "Just chatting (blur)") == 0
    (given,) = converted
    values = presets.get("Just chatting (blur)").values
    assert given == {key: value for key, value in values.items() if not BY_KEY[key].live_only}
    assert (given["mode"], given["blur_strength"]) == ("blur", 0.55)


def test_content_of_an_own_preset_comes_along(converted: list[dict[str, Any]]) -> None:
    assert video("--preset", "Mine") == 0
    assert converted[0]["background_color"] == 0xFF0000FF
    apart = {setting.key for setting in SCHEMA if setting.role is Role.APART}
    assert not apart & set(converted[0])


def test_flags_go_before_the_preset(converted: list[dict[str, Any]]) -> None:
    assert video("--preset", "Mine", "--background-color", "#0000FF", "--threads", "3") == 0
    given = converted[0]
    assert (given["background_color"], given["threads"], given["light_wrap"]) == (0xFFFF0000, 3, 0.25)


def test_a_preset_that_only_live_pictures_can_have(
    converted: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    presets.save("Live", {"mode": "source", "light_wrap": 0.5})
    assert video("--preset", "Live") == 2
    said = capsys.readouterr().err
    assert "The preset “Live” is for live pictures only: its --mode is source." in said
    assert "transparent, blur" in said
    assert converted == []
    assert video("--preset", "Live", "--mode", "blur") == 0
    assert (converted[0]["mode"], converted[0]["light_wrap"]) == ("blur", 0.5)


def test_a_preset_of_others_opens_nothing_elsewhere(
    folder: Path, converted: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    given(folder, mode="image", background_file="//host/share/x.png")
    assert video("--preset", "Given") == 0
    assert "background_file" not in converted[0]
    assert "leaves out //host/share/x.png" in capsys.readouterr().err


def test_a_preset_that_is_not_there(
    converted: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert video("--preset", "Gone") == 2
    assert "There is no preset “Gone”." in capsys.readouterr().err
    assert converted == []
