from __future__ import annotations

import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from installer import install
from installer.console import Console
from installer.errors import InstallError
from installer.facts import Facts
from installer.lock import Lock
from installer.steps import Step, Workshop
from tests.unit.test_installer_plan import BARE, READY


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
        self.facts = READY
        self.steps: list[FakeStep] = [FakeStep("one"), FakeStep("two")]
        self.data = data
        self.out = io.StringIO()
        monkeypatch.setattr(Facts, "gather", lambda _: self.facts)
        monkeypatch.setattr(install, "make_plan", self._plan)

    def _plan(self, *_: object) -> tuple[Step, ...]:
        return tuple(self.steps)

    def run(self, *arguments: str, answer: str = "") -> int:
        console = Console(self.out, io.StringIO(answer))
        return install.main(["--data-dir", str(self.data), *arguments], console)

    @property
    def text(self) -> str:
        return self.out.getvalue()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stage]:
    before = signal.getsignal(signal.SIGTERM)
    yield Stage(monkeypatch, tmp_path / "data")
    signal.signal(signal.SIGTERM, before)


def test_a_dry_run_shows_the_plan_and_changes_nothing(stage: Stage, tmp_path: Path) -> None:
    assert stage.run("--dry-run") == 0
    assert "1. one: what it does" in stage.text
    assert "2. two: what it does" in stage.text
    assert [step.runs for step in stage.steps] == [0, 0]
    assert list(tmp_path.iterdir()) == []


def test_unattended_it_goes_on_and_says_so(stage: Stage) -> None:
    assert stage.run() == 0
    assert "as with --yes" in stage.text
    assert [step.runs for step in stage.steps] == [1, 1]
    assert "[2/2] two" in stage.text


@pytest.mark.parametrize(("answer", "runs"), [("y\n", 1), ("\n", 1), ("n\n", 0), ("", 0), ("maybe\n", 0)])
def test_at_a_terminal_it_asks(stage: Stage, answer: str, runs: int) -> None:
    stage.facts = replace(READY, is_interactive=True)
    assert stage.run(answer=answer) == 1 - runs
    assert stage.steps[0].runs == runs


def test_yes_does_not_ask(stage: Stage) -> None:
    stage.facts = replace(READY, is_interactive=True)
    assert stage.run("--yes") == 0
    assert "Go on?" not in stage.text


def test_a_failing_step_ends_it_with_cause_and_remedy(stage: Stage) -> None:
    stage.steps[0].failure = InstallError("The disk is full.", "Empty it.", ["no space left"])
    assert stage.run("--yes") == 1
    assert stage.steps[1].runs == 0
    for told in ("FAILED: The disk is full.", "| no space left", "What to do: Empty it."):
        assert told in stage.text
    assert "Tools > Scripts" not in stage.text


def test_an_interrupt_is_no_success(stage: Stage) -> None:
    stage.steps[0].failure = KeyboardInterrupt()
    assert stage.run("--yes") == 130
    assert stage.steps[1].runs == 0


def test_two_at_once_are_refused(stage: Stage) -> None:
    with Lock(stage.data):
        assert stage.run("--yes") == 1
    assert "Another installer" in stage.text
    assert stage.run("--yes") == 0


def test_what_must_be_done_by_hand_is_said(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(Facts, "gather", lambda _: replace(BARE, is_root=False))
    assert stage.run("--yes", "--demo") == 1
    assert "sudo apt-get install" in stage.text
    assert not stage.data.exists()


def test_at_the_end_it_says_how_to_add_the_script(stage: Stage) -> None:
    stage.run("--yes")
    assert str(install.SCRIPT) in stage.text
    assert f"OBS_RVM_DATA_DIR={stage.data}" in stage.text


def test_it_runs_as_a_file_from_any_folder(tmp_path: Path) -> None:
    command = [sys.executable, install.__file__, "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "--demo" in done.stdout


@pytest.mark.parametrize("seconds", ["0", "-1", "9999"])
def test_senseless_durations_are_refused(seconds: str) -> None:
    with pytest.raises(SystemExit):
        install.parser().parse_args(["--seconds", seconds])
