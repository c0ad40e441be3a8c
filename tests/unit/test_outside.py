"""How filters at work are seen from outside, and that nothing is written while nobody looks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rvm_core import outside, paths

PROGRAM = "from rvm_core import outside; outside.appear(); print('here', flush=True); input()"


class Clock:
    """Both clocks at once; they stand still unless told otherwise."""

    def __init__(self) -> None:
        self.now = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    monkeypatch.delenv(paths.STATUS_DIR_VARIABLE, raising=False)
    return tmp_path / "status"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(outside, "time", SimpleNamespace(monotonic=made, time=made))
    return made


def ask(clock: Clock) -> None:
    outside.ask()
    os.utime(paths.status_asked_file(), (clock.now, clock.now))


class Values:
    """What a filter tells; it counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        return {"process": os.getpid(), "asked": self.asked}


def written(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*") if file.suffix in (".json", ".part"))


def test_nothing_is_written_while_nobody_asks(folder: Path, clock: Clock) -> None:
    report, values = outside.Report(), Values()
    for _ in range(5):
        report.write_sometimes(values)
        clock.now += 2
    assert values.asked == 0
    assert not folder.exists()


def test_who_asks_is_told_once_a_second_for_ten(folder: Path, clock: Clock) -> None:
    report, values = outside.Report(), Values()
    report.write_sometimes(values)
    ask(clock)
    told = []
    for _ in range(24):  # half a second each
        clock.now += 0.5
        report.write_sometimes(values)
        told.append(values.asked)
    assert told[:6] == [0, 1, 1, 2, 2, 3]
    assert told[-1] == 9
    assert not written(folder), "what nobody asks for any more is taken away"


def test_a_change_is_written_at_once(folder: Path, clock: Clock) -> None:
    report, values = outside.Report(), Values()
    ask(clock)
    report.write_sometimes(values)
    report.hurry()
    report.write_sometimes(values)
    (file,) = written(folder)
    assert json.loads(file.read_text()) == {"process": os.getpid(), "asked": 2}
    report.remove()
    assert not written(folder)


def test_a_clock_that_was_put_back_does_not_ask_for_ever(clock: Clock) -> None:
    ask(clock)
    clock.now -= 3600
    assert not outside.is_asked()


def test_where_the_folder_is_named_everything_is_written(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.STATUS_DIR_VARIABLE, str(tmp_path / "named"))
    report, values = outside.Report(), Values()
    report.write_sometimes(values)
    clock.now += 3600
    report.write_sometimes(values)
    assert [json.loads(file.read_text())["asked"] for file in written(tmp_path / "named")] == [2]


def test_each_filter_has_a_file_of_its_own(folder: Path, clock: Clock) -> None:
    ask(clock)
    for report in (outside.Report(), outside.Report()):
        report.write(Values())
    assert len(written(folder)) == 2


def test_where_nothing_can_be_written_nothing_happens(folder: Path, clock: Clock) -> None:
    report = outside.Report()
    ask(clock)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("a file where the folder should be")
    report.write(Values())
    outside.appear()
    assert not outside.is_asked()
    assert outside.processes() == ()


def test_what_could_not_be_put_in_its_place_is_taken_away(folder: Path, clock: Clock) -> None:
    report = outside.Report()
    ask(clock)
    report._file.mkdir()
    report.write(Values())
    assert written(folder) == [report._file]


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has the filter."""
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        yield process
        process.kill()


def test_a_process_is_seen_until_it_ends_however_it_ends(
    folder: Path, other: subprocess.Popen[bytes]
) -> None:
    left = [folder / f"{other.pid}-1.json", folder / f"{other.pid}-2.part"]
    for file in left:
        file.write_text("{}")
    assert outside.processes() == (other.pid,)
    assert written(folder) == left
    other.kill()
    other.wait()
    assert outside.processes() == ()
    assert list(folder.iterdir()) == []


def test_this_process_is_seen_until_it_says_goodbye(folder: Path) -> None:
    outside.appear()
    assert [mark.name for mark in folder.iterdir()] == [f"{os.getpid()}.running"]
    outside.disappear()
    outside.disappear()
    assert list(folder.iterdir()) == []


def test_what_is_not_ours_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    for name in ("notes.running", "my-notes.json", "asked"):
        (folder / name).write_text("{}")
    assert outside.processes() == ()
    assert len(list(folder.iterdir())) == 3


def test_only_what_came_after_the_question_is_an_answer(folder: Path) -> None:
    since = outside.ask()
    for name, age, text in (
        ("7-1.json", 5, '{"old": 1}'),
        ("7-2.json", 0, '{"new": 1}'),
        ("7-3.json", 0, '{"torn'),
        ("7-4.json", 0, "[]"),
    ):
        (folder / name).write_text(text)
        os.utime(folder / name, (since - age, since - age))
    assert outside.reports(since) == [{"new": 1}]
