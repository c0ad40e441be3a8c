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
from installer.runner import Runner


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def runner(tmp_path: Path, out: io.StringIO) -> Runner:
    return Runner(tmp_path / "logs" / "install.log", Console(out))


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_nothing_is_written_before_the_first_command(runner: Runner) -> None:
    assert not runner.log.parent.exists()


def test_output_is_kept_and_its_end_returned(runner: Runner, out: io.StringIO) -> None:
    tail = runner.run(python("import sys; print('one'); print('two', file=sys.stderr)"))
    assert sorted(tail) == ["one", "two"]
    command, *lines = runner.log.read_text().splitlines()
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
    assert str(runner.log) in failure.value.remedy


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


def test_a_silent_command_shows_that_it_is_alive(
    runner: Runner, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.runner.HEARTBEAT_S", 0.05)
    runner.run(python("import time; print('busy', flush=True); time.sleep(0.5)"))
    assert "busy" in out.getvalue()
