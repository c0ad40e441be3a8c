from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType

import pytest

from installer.console import Console
from installer.errors import CommandFailed
from installer.log import Log
from installer.runner import Runner
from rvm_core.desktop.machine import ThisMachine
from tests.unit.installers import debian
from tests.unit.left_behind import left_behind


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def runner(tmp_path: Path, out: io.StringIO) -> Runner:
    return Runner(Log(tmp_path / "install.log", ThisMachine()), Console(out))


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_output_is_kept_and_its_end_returned(runner: Runner, out: io.StringIO) -> None:
    tail = runner.run(python("import sys; print('one'); print('two', file=sys.stderr)"))
    assert sorted(tail) == ["one", "two"]
    command, *lines = runner.log.path.read_text().splitlines()
    assert command.startswith("$ ")
    assert sorted(lines[-2:]) == ["one", "two"]
    assert out.getvalue() == ""


def test_output_is_shown_on_demand(runner: Runner, out: io.StringIO) -> None:
    runner.run(python("print('hello')"), shows_output=True)
    assert out.getvalue() == "hello\n"


def test_the_environment_is_added_to(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_OUTER", "o")
    program = "import os; print(os.environ['RUNNER_OUTER'] + os.environ['RUNNER_INNER'])"
    assert runner.run(python(program), env={"RUNNER_INNER": "i"}) == ["oi"]


def test_a_failure_tells_code_and_last_lines(runner: Runner) -> None:
    with pytest.raises(CommandFailed) as failure:
        runner.run(python("print('\\n'.join(map(str, range(100)))); raise SystemExit(3)"))
    assert failure.value.code == 3
    assert failure.value.tail[-1] == "99"
    assert len(failure.value.tail) < 30
    assert str(runner.log.path) in failure.value.remedy


def test_a_program_that_is_not_there(runner: Runner) -> None:
    with pytest.raises(CommandFailed, match="no-such-program"):
        runner.run(["no-such-program"])


def test_an_interrupt_ends_the_child(runner: Runner, tmp_path: Path) -> None:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    pid_file = tmp_path / "pid"
    # The child itself raises the alarm, once its process id is on disk.
    program = (
        f"import os, signal, time; open({str(pid_file)!r}, 'w').write(str(os.getpid()));"
        "os.kill(os.getppid(), signal.SIGUSR1); time.sleep(600)"
    )
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            runner.run(python(program))
    finally:
        signal.signal(signal.SIGUSR1, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals as on POSIX")
def test_a_process_left_behind_with_the_output_is_not_waited_for(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.runner.END_S", 0.5)
    with left_behind() as (program, has_ended):
        assert runner.run(python(f"print('said'); {program}")) == ["said"]
        assert not has_ended(), "the runner has waited for it"


def test_a_silent_command_shows_that_it_has_ended(
    runner: Runner, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.runner.HEARTBEAT_S", 0.05)
    runner.run(python("import time; print('busy', flush=True); time.sleep(0.5)"))
    assert "busy" in out.getvalue()


def test_another_pythons_packages_do_not_come_in(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert runner.run(python("import os; print(os.environ.get('PYTHONPATH'))")) == ["None"]


def test_what_is_held_is_held_by_commands_too(runner: Runner, tmp_path: Path, out: io.StringIO) -> None:
    with (tmp_path / "held").open("w") as file:
        holding = Runner(runner.log, Console(out), held=[file.fileno()])
        program = f"import os; print(os.fstat({file.fileno()}).st_ino)"
        assert holding.run(python(program)) == [str(os.fstat(file.fileno()).st_ino)]


def test_the_log_names_nobody(tmp_path: Path, out: io.StringIO) -> None:
    machine = debian()
    runner = Runner(Log(tmp_path / "install.log", machine), Console(out))
    runner.run(["sh", "-c", f"echo {machine.home}/secret"], shows_output=True)
    log = runner.log.path.read_text()
    assert "~/secret" in log
    assert str(machine.home) not in log


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path, out: io.StringIO) -> None:
    runner = Runner(Log(tmp_path / "not there" / "install.log", ThisMachine()), Console(out))
    assert runner.run(python("print('goes on')")) == ["goes on"]


def test_a_long_log_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installer.log.MOST_BYTES", 100)
    log = Log(tmp_path / "install.log", ThisMachine())
    for number in range(5):
        log.begin(f"run {number} " + "x" * 60)
    text = log.path.read_text()
    assert "run 4" in text
    assert "run 0" not in text
