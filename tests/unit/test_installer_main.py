from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from installer import checkup, install, options, source
from installer.console import Console
from installer.errors import InstallError
from installer.facts import Facts
from installer.lock import Lock
from installer.source import Source
from installer.steps import Step, Workshop, offline
from installer.wishes import Wishes
from tests.unit.installers import debian, facts


@dataclass
class FakeStep:
    """Remembers that it ran; fails when it is told to."""

    title: str
    failure: BaseException | None = None
    detail: str = "what it does"
    runs: int = 0

    def run(self, workshop: Workshop) -> str:
        self.runs += 1
        if self.failure:
            raise self.failure
        assert workshop.layout.data.is_dir()
        return "outcome"


class Stage:
    """install.main() with facts and steps of the test's choice."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
        self.facts = facts(debian())
        self.steps: list[FakeStep] = [FakeStep("one"), FakeStep("two")]
        self.data = data
        self.out = io.StringIO()
        monkeypatch.setattr(Facts, "gather", lambda *_: self.facts)
        monkeypatch.setattr(install, "make_plan", self._plan)
        monkeypatch.setattr(source, "find", lambda _: Source(Path("/project"), "1.2.3", "digest"))
        monkeypatch.setattr(checkup, "tell", lambda _: self.out.write("checked\n"))

    def _plan(self, *_: object) -> tuple[Step, ...]:
        return tuple(self.steps)

    def run(self, *arguments: str, answer: str = "") -> int:
        console = Console(self.out, io.StringIO(answer))
        return install.main(["--data-dir", str(self.data), *arguments], console)

    @property
    def text(self) -> str:
        return self.out.getvalue()

    @property
    def record(self) -> Any:
        return json.loads((self.data / "installed.json").read_text())


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stage]:
    before = signal.getsignal(signal.SIGTERM)
    yield Stage(monkeypatch, tmp_path / "data")
    signal.signal(signal.SIGTERM, before)


def test_a_dry_run_shows_the_plan_and_changes_nothing(stage: Stage, tmp_path: Path) -> None:
    assert stage.run("--dry-run") == 0
    assert "1. one: what it does" in stage.text
    assert "2. two: what it does" in stage.text
    assert "OBS 29.0.2 (distribution, /usr/bin/obs)" in stage.text
    assert [step.runs for step in stage.steps] == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_unattended_it_goes_on_and_says_so(stage: Stage) -> None:
    assert stage.run() == 0
    assert "as with --yes" in stage.text
    assert [step.runs for step in stage.steps] == [1, 1]
    assert "[2/2] two" in stage.text


@pytest.mark.parametrize(("answer", "runs"), [("y\n", 1), ("\n", 1), ("n\n", 0), ("", 0), ("maybe\n", 0)])
def test_at_a_terminal_it_asks(stage: Stage, answer: str, runs: int) -> None:
    stage.facts = replace(stage.facts, is_interactive=True)
    assert stage.run(answer=answer) == 1 - runs
    assert stage.steps[0].runs == runs


def test_yes_does_not_ask(stage: Stage) -> None:
    stage.facts = replace(stage.facts, is_interactive=True)
    assert stage.run("--yes") == 0
    assert "Go on?" not in stage.text


def test_a_failing_step_ends_it_with_cause_and_remedy(stage: Stage) -> None:
    stage.steps[0].failure = InstallError("The disk is full.", "Empty it.", ["no space left"])
    assert stage.run("--yes") == 1
    assert stage.steps[1].runs == 0
    for told in ("FAILED: The disk is full.", "| no space left", "What to do: Empty it."):
        assert told in stage.text
    assert "Filters" not in stage.text


def test_an_interrupt_is_no_success(stage: Stage) -> None:
    stage.steps[0].failure = KeyboardInterrupt()
    assert stage.run("--yes") == 130
    assert stage.steps[1].runs == 0


def test_what_ended_early_is_known_as_that_until_it_is_whole(stage: Stage) -> None:
    stage.steps[1].failure = InstallError("No.", "Again.")
    assert stage.run("--yes") == 1
    assert stage.record["state"] == "installing"
    stage.steps[1].failure = None
    assert stage.run("--yes") == 0
    assert stage.record["state"] == "installed"
    assert stage.record["version"] == "1.2.3"
    assert stage.record["obs"] == {"kind": "distribution", "program": "/usr/bin/obs"}
    assert "checked" in stage.text


def test_the_log_holds_the_plan_what_was_said_and_the_failure(stage: Stage) -> None:
    stage.steps[1].failure = InstallError("The disk is full.", "Empty it.")
    stage.run("--yes")
    log = (stage.data / "install.log").read_text()
    for told in ("--yes", "1. one: what it does", "[2/2] two", "FAILED: The disk is full."):
        assert told in log


def test_two_at_once_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installer.lock.WAIT_S", 0.0)
    with Lock(stage.data, print):
        assert stage.run("--yes") == 1
    assert "waiting for it" in stage.text
    assert "Another installer" in stage.text
    assert stage.run("--yes") == 0


def test_what_a_killed_one_left_running_is_waited_for(stage: Stage, tmp_path: Path) -> None:
    """Its command still has the lock: nothing may be changed beneath it."""
    done = tmp_path / "done"
    with Lock(stage.data, print) as lock:
        child = subprocess.Popen(
            ["sh", "-c", f"sleep 1; touch {done}"], pass_fds=[lock.descriptor], start_new_session=True
        )
        os.close(lock.descriptor)  # as if this process had been killed
        lock._lock = None
    assert not done.exists()
    assert stage.run("--yes") == 0
    assert done.exists()
    assert child.wait() == 0


def test_what_must_be_done_by_hand_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise InstallError("OBS is missing.", "Get it.")

    monkeypatch.setattr(install, "make_plan", refuse)
    assert stage.run("--yes") == 1
    assert "What to do: Get it." in stage.text
    assert not stage.data.exists()


def test_at_the_end_it_says_where_the_filter_is(stage: Stage) -> None:
    (stage.data / "bin").mkdir(parents=True)
    (stage.data / "bin" / "obs-rvm").touch()
    stage.run("--yes")
    assert "Filters > + > RVM Background" in stage.text
    assert str(stage.data / "bin" / "obs-rvm") in stage.text


def test_without_an_installation_the_way_back_is_short(stage: Stage) -> None:
    assert stage.run("--yes", "--uninstall") == 0
    assert "Nothing is installed" in stage.text
    assert not stage.data.exists()


def test_the_way_back_leaves_no_folder_that_was_made(stage: Stage) -> None:
    stage.data = stage.data / "deep" / "deeper"
    stage.run("--yes")
    own = stage.data / "presets"
    own.mkdir()
    (own / "mine.json").write_text("{}")

    @dataclass
    class Remove(FakeStep):
        def run(self, workshop: Workshop) -> str:
            from installer.steps.removal import RemoveFiles

            return RemoveFiles().run(workshop)

    stage.steps = [Remove("remove")]
    assert stage.run("--yes", "--uninstall") == 0
    assert f"presets stay in {stage.data}" in stage.text
    assert [file.name for file in stage.data.iterdir()] == ["presets"]
    (own / "mine.json").unlink()
    assert stage.run("--yes", "--uninstall") == 0
    assert not stage.data.exists()
    stage.run("--yes", "--data-dir", str(stage.data))


def test_a_prepared_folder_for_another_computer_is_refused(stage: Stage, tmp_path: Path) -> None:
    about = {"form": 1, "system": "Linux", "architecture": "x86_64", "python": [3, 12]}
    (tmp_path / offline.ABOUT).write_text(json.dumps(about))
    assert stage.run("--yes", "--offline", str(tmp_path)) == 1
    assert "with Python 3.12, and this is Linux on x86_64 with Python 3.11" in stage.text
    about["python"] = [3, 11]
    (tmp_path / offline.ABOUT).write_text(json.dumps(about))
    assert stage.run("--yes", "--offline", str(tmp_path)) == 0


def test_it_runs_as_a_file_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, install.__file__, "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "--demo" in done.stdout


@pytest.mark.parametrize("seconds", ["0", "-1", "9999"])
def test_senseless_durations_are_refused(seconds: str) -> None:
    with pytest.raises(SystemExit):
        options.parser().parse_args(["--seconds", seconds])


@pytest.mark.parametrize("words", [["--upgrade", "--uninstall"], ["--plugin", "cuda"], ["--un"]])
def test_senseless_wishes_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        options.parser().parse_args(words)


def test_what_is_not_said_is_the_default() -> None:
    nothing = options.wishes(options.parser().parse_args([]))
    assert nothing == Wishes(output=Path("demo").absolute())


def test_the_folder_that_came_along_is_used_where_it_fits(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path | None] = []
    monkeypatch.setattr(source, "find", lambda wheels: seen.append(wheels) or Source(Path("/p"), "1", "d"))
    monkeypatch.setattr(options, "ENCLOSED", tmp_path / "offline")
    stage.run("--yes")
    (tmp_path / "offline").mkdir()
    for minor in (12, 11):
        about = {"form": 1, "system": "Linux", "architecture": "x86_64", "python": [3, minor]}
        (tmp_path / "offline" / offline.ABOUT).write_text(json.dumps(about))
        assert stage.run("--yes") == 0
    assert seen == [None, None, tmp_path / "offline" / "wheels"]


@pytest.mark.parametrize(("answer", "wished"), [("y\ny\n", True), ("n\ny\n", False)])
def test_a_python_that_one_command_brings_is_offered(
    stage: Stage, answer: str, wished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    advice = ("Install Python 3.12 with winget.", ("winget", "install"))
    stage.facts = replace(stage.facts, is_debian_like=False, is_interactive=True, python_advice=advice)
    seen: list[Wishes] = []
    monkeypatch.setattr(install, "make_plan", lambda _, wishes: seen.append(wishes) or tuple(stage.steps))
    assert stage.run(answer=answer) == 0
    assert "Install Python 3.12 with winget." in stage.text
    assert seen[0].may_install_python is wished


@pytest.mark.parametrize("words", [[], ["--dry-run"], ["--uninstall"]])
def test_a_folder_with_files_of_others_is_left_alone(stage: Stage, words: list[str]) -> None:
    (stage.data / "bin").mkdir(parents=True)
    (stage.data / "letter.txt").write_text("mine")
    assert stage.run("--yes", *words) == 1
    assert "holds other files" in stage.text
    assert sorted(file.name for file in stage.data.iterdir()) == ["bin", "letter.txt"]


@pytest.mark.parametrize("name", ["models", "presets", ".DS_Store", "installed.json"])
def test_a_folder_of_ours_is_none_of_those(stage: Stage, name: str) -> None:
    stage.data.mkdir()
    (stage.data / name).write_text('{"form": 1}')
    assert stage.run("--yes") == 0
    (stage.data / "letter.txt").write_text("mine")
    assert stage.run("--yes") == 0


def test_a_full_disk_is_told_like_any_other_failure(stage: Stage) -> None:
    stage.steps[0].failure = OSError(28, "No space left on device", "/the/file")
    assert stage.run("--yes") == 1
    assert "FAILED: /the/file: No space left on device." in stage.text
    assert "free space" in stage.text


def test_a_prepared_folder_goes_to_others_without_the_log(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    stage.steps[1].failure = InstallError("No.", "Again.")
    assert stage.run("--yes", "--prepare-offline", str(folder)) == 1
    assert [file.name for file in folder.iterdir()] == ["install.log"]
    stage.steps[1].failure = None
    assert stage.run("--yes", "--prepare-offline", str(folder)) == 0
    assert list(folder.iterdir()) == []


def test_a_name_that_the_terminal_cannot_write_is_no_end() -> None:
    written = io.BytesIO()
    terminal = io.TextIOWrapper(written, encoding="cp1252")
    Console(terminal).line("Jörg \u2192 \udcff")
    assert written.getvalue() == b"J\xf6rg \\u2192 \\udcff\n"


def test_an_obs_is_named_by_its_kind_or_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for word, meant in (("flatpak", "flatpak"), ("OBS/bin", str(tmp_path / "OBS" / "bin"))):
        assert options.wishes(options.parser().parse_args(["--obs", word])).obs == meant


def test_that_another_obs_loses_its_environment_is_said(stage: Stage) -> None:
    stage.run("--yes")
    told = "It was made for /opt/obs/bin/obs before"
    assert told not in stage.text
    record = stage.record
    record["obs"]["program"] = "/opt/obs/bin/obs"
    (stage.data / "installed.json").write_text(json.dumps(record))
    assert stage.run("--dry-run") == 0
    assert told in stage.text
