"""``obs-rvm video`` as its users meet it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
from collections.abc import Callable
from pathlib import Path

import pytest

from rvm_core import cli
from rvm_core.cli.video import _Bar, _seconds
from rvm_core.settings import PRESET_KEY, SCHEMA
from rvm_core.video import Converted, Progress
from tests.files import films
from tests.files.conftest import GOOD

Ffmpeg = Callable[..., None]


@pytest.fixture
def clips(tmp_path: Path, ffmpeg: Ffmpeg) -> list[Path]:
    return [films.bright(ffmpeg, tmp_path / f"{name}.mp4", seconds=0.2) for name in ("one", "two")]


def command(*arguments: object) -> int:
    return cli.main(["video", "--model", GOOD, *map(str, arguments)])


@pytest.mark.usefixtures("data")
def test_json_is_one_object(clips: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out.mp4"
    assert command(clips[0], "-o", output, "--mode", "color", "--quality", "fast", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["input"], result["output"]) == (str(clips[0]), str(output))
    assert (result["frames"], result["seconds"]) == (5, 0.2)
    assert (result["model"], result["provider"], result["level"], result["codec"]) == (
        GOOD,
        "cpu",
        "fast",
        "h264",
    )
    assert result["fps"] > 0
    assert 0 < result["matte_ms"] < 1000
    assert isinstance(result["warnings"], list)


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        ([], ["one.mov", "two.mov"]),
        (["--mode", "blur"], ["one.mp4", "two.mp4"]),
        (["--codec", "vp9"], ["one.webm", "two.webm"]),
        (["--codec", "png"], ["one/00001.png", "two/00005.png"]),
    ],
)
def test_many_files_into_a_folder(
    arguments: list[str],
    made: list[str],
    clips: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "new" / "folder"
    assert command(*clips, "-o", folder, *arguments) == 0
    assert all((folder / name).is_file() for name in made)
    assert len(films.names(folder)) == 2
    assert capsys.readouterr().out.count("5 frames") == 2


@pytest.mark.usefixtures("data")
def test_a_pattern_that_the_shell_left_as_it_is(clips: list[Path], tmp_path: Path) -> None:
    odd = clips[0].with_name("o[n]e.mp4")
    odd.write_bytes(clips[0].read_bytes())
    assert (
        command(tmp_path / "o?e.mp4", tmp_path / "tw*.mp4", odd, "-o", tmp_path / "made", "--mode", "color")
        == 0
    )
    assert films.names(tmp_path / "made") == ["o[n]e.mp4", "one.mp4", "two.mp4"]


@pytest.mark.usefixtures("data")
def test_files_of_one_name_do_not_overwrite_each_other(
    clips: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "elsewhere" / "one.mkv"
    other.parent.mkdir()
    other.write_bytes(clips[0].read_bytes())
    assert command(clips[0], other, "-o", tmp_path / "made") == 2
    assert "Several inputs would become" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_every_setting_that_means_something_for_files_is_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["video", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for setting in SCHEMA:
        flag = "--" + setting.key.replace("_", "-")
        assert (flag in text) != (setting.live_only and setting.key != PRESET_KEY)  # which video has anyway
    assert "exit codes: 0 all is well; 2" in text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1:30", 90), ("0:01:30.5", 90.5), ("1:00:00", 3600), ("0.04", 0.04)]
)
def test_times(text: str, seconds: float) -> None:
    assert _seconds(text) == pytest.approx(seconds)


def test_the_bar_tells_what_one_wants_to_know() -> None:
    said: list[str] = []
    with _Bar("film.mp4", said.append) as bar:
        bar(Progress(frames=50, expected=200, seconds=2.0, elapsed_s=4.0))
        assert "film.mp4 [######" in said[-1]
        assert " 25% 50 frames, 12.5 fps, 0.50 x, 0:12 left" in said[-1]
        bar(Progress(frames=50, expected=0, seconds=2.0, elapsed_s=4.0))
        assert "? left" in said[-1]
    assert said[-1].endswith("\x1b[K")


def everything(leader: int) -> str:
    """What a terminal was sent whose other end is closed by now: it comes in pieces, then an error."""
    parts = []
    with contextlib.suppress(OSError), os.fdopen(leader, "rb", buffering=0) as terminal:
        while piece := terminal.read(65536):
            parts.append(piece)
    return b"".join(parts).decode()


@pytest.mark.usefixtures("data")
def test_on_a_terminal_the_bar_is_gone_before_the_result(
    clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        monkeypatch.setattr("sys.stdout", terminal)
        assert command(clips[0], "-o", tmp_path / "out.mp4", "--mode", "color") == 0
    shown = everything(leader)
    assert "5 frames, " in shown
    assert shown.rindex(" left") < shown.rindex("\x1b[K") < shown.index("out.mp4: 5 frames in")


def test_progress_is_told(clips: list[Path], tmp_path: Path, convert: Callable[..., Converted]) -> None:
    told: list[Progress] = []
    convert(clips[0], tmp_path / "out.mp4", progress=told.append)
    assert (told[-1].frames, told[-1].expected) == (5, 5)
    assert told[-1].eta_s == 0
    assert told[-1].seconds == pytest.approx(0.2)
