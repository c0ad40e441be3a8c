"""Whether OBS runs: its own processes count, their helpers and namesakes do not."""

from __future__ import annotations

import pytest

from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.processes import running_obs
from tests.recorded import RecordedMachine

LIST = "tasklist /fi imagename eq obs64.exe /fo csv /nh"
NONE_RUNS = "INFORMATION: Es werden keine Aufgaben mit den angegebenen Kriterien ausgeführt.\n"


def test_on_linux_living_processes_of_this_user_count() -> None:
    """Not the recorder, the browser's pages, a zombie, or another user's OBS."""
    assert running_obs(RecordedMachine("running_linux")) == (812, 900)


def test_on_macos_the_program_counts_and_its_helpers_do_not() -> None:
    assert running_obs(RecordedMachine("running_macos")) == (412, 500)


def test_on_windows_the_server_of_streamlabs_is_no_obs() -> None:
    assert running_obs(RecordedMachine("running_windows")) == (9120,)


def test_on_windows_without_powershell_whatever_bears_the_name_counts() -> None:
    silent = dict.fromkeys(
        command
        for command in RecordedMachine("running_windows")._commands
        if command.startswith("powershell")
    )
    assert running_obs(RecordedMachine("running_windows", commands=silent)) == (780, 9120)


@pytest.mark.parametrize("answer", [NONE_RUNS, "\n\n", None])
def test_on_windows_a_sentence_is_no_process(answer: str | None) -> None:
    assert running_obs(RecordedMachine("running_windows", commands={LIST: answer})) == ()


@pytest.mark.parametrize("system", ["linux", "macos", "windows"])
def test_where_nothing_can_be_seen_nothing_runs(system: str) -> None:
    machine = RecordedMachine(f"running_{system}")
    machine._files, machine._listed, machine._commands = {}, {}, {}
    assert running_obs(machine) == ()


def test_this_computer_can_be_asked() -> None:
    assert isinstance(running_obs(ThisMachine()), tuple)
