"""Output is whole or not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rvm_core.errors import VideoError
from rvm_core.video.staging import staged


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_it_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    with staged(target, overwrite=False) as stage:
        stage.write_text("new")
        assert stage.suffix == ".mp4"
        assert stage.parent == tmp_path
        assert not target.exists()
        made = stage.stat().st_ino
    assert target.read_text() == "new"
    assert target.stat().st_ino == made, "renamed, so that there is no moment with half of it"
    assert names(tmp_path) == ["film.mp4"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), staged(target, overwrite=True) as stage:
        stage.write_text(str(1 / 0))
    assert target.read_text() == "old"
    assert names(tmp_path) == ["film.mp4"]


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    target.write_text("old")
    with pytest.raises(VideoError, match="--overwrite"), staged(target, overwrite=False):
        pytest.fail("the work began")
    with staged(target, overwrite=True) as stage:
        stage.write_text("new")
    assert target.read_text() == "new"


def test_a_sequence_comes_as_a_whole_folder(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "frames" / "%03d.png"
    with staged(target, overwrite=False) as stage:
        for number in (1, 2):
            Path(str(stage) % number).write_text("new")
        assert not target.parent.exists()
    assert names(tmp_path) == ["deep/frames/001.png", "deep/frames/002.png"]


def test_a_sequence_replaces_its_own_files_only(tmp_path: Path) -> None:
    for name in ("a001.png", "a002.png", "a003.png", "notes.txt", "b001.png"):
        (tmp_path / name).write_text("old")
    target = tmp_path / "a%03d.png"
    with pytest.raises(VideoError, match=r"a001\.png exists"), staged(target, overwrite=False):
        pytest.fail("the work began")
    with staged(target, overwrite=True) as stage:
        Path(str(stage) % 1).write_text("new")
    assert names(tmp_path) == ["a001.png", "b001.png", "notes.txt"]
    assert (tmp_path / "a001.png").read_text() == "new"


def test_a_sequence_in_the_folder_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with staged(Path("%03d.png"), overwrite=False) as stage:
        Path(str(stage) % 1).write_text("new")
        assert stage.parent.parent == tmp_path, "nothing is written outside of it"
    assert names(tmp_path) == ["001.png"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    living = os.getppid()
    left = [tmp_path / f".film.obs-rvm-partial-{process}.mp4" for process in (dead.pid, living)]
    other = tmp_path / f".other.obs-rvm-partial-{dead.pid}.mp4"
    for path in (*left, other):
        path.write_text("half")
    with staged(tmp_path / "film.mp4", overwrite=False) as stage:
        stage.write_text("new")
    assert names(tmp_path) == sorted([left[1].name, other.name, "film.mp4"]), (
        "a run that goes on keeps its file"
    )


@pytest.mark.parametrize("name", ["nowhere/film.mp4", "file/film.mp4", "folder"])
def test_no_place_for_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(VideoError), staged(tmp_path / name, overwrite=True):
        pytest.fail("the work began")


def test_a_folder_that_may_not_be_written_to() -> None:
    with (
        pytest.raises(VideoError, match="cannot be written"),
        staged(Path("/proc/film.mp4"), overwrite=False),
    ):
        pytest.fail("the work began")
