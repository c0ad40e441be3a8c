"""Commands run within a time limit, whatever they leave behind."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from installer import facts
from rvm_core import child_processes
from rvm_core.child_processes import Finished, captured
from rvm_core.desktop.machine import ThisMachine
from rvm_core.health import child
from tests.unit.left_behind import left_behind

posix = pytest.mark.skipif(sys.platform == "win32", reason="sessions as on POSIX")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "END_S", 0.5)


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_output_and_code() -> None:
    program = "import sys; print('a\\nb'); print('c', file=sys.stderr); sys.exit(3)"
    assert captured(python(program), limit_s=60) == Finished(3, "a\nb\n", "c\n")


def test_more_than_a_pipe_holds() -> None:
    done = captured(python("print('x' * 3_000_000)"), limit_s=60)
    assert (done.code, len(done.out)) == (0, 3_000_001)


def test_bytes_that_are_no_text() -> None:
    program = "import sys; sys.stdout.buffer.write(b'\\xff\\xc3\\xa4\\r\\n')"
    assert captured(python(program), limit_s=60, encoding="utf-8").out == "\ufffd\xe4\n"


def test_the_time_limit_keeps_what_was_said() -> None:
    began = time.monotonic()
    done = captured(python("import time; print('said', flush=True); time.sleep(600)"), limit_s=2)
    assert done == Finished(None, "said\n", "")
    assert time.monotonic() - began < 300


@posix
def test_what_the_command_started_ends_with_it_at_the_limit(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    program = (
        "import pathlib, subprocess, time; other = subprocess.Popen(['sleep', '600']);"
        f" pathlib.Path({str(pid)!r}).write_text(str(other.pid)); time.sleep(600)"
    )
    assert captured(python(program), limit_s=3).code is None
    state = Path("/proc", pid.read_text(), "stat")
    last = time.monotonic() + 30
    while state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < last, "it goes on"
        time.sleep(0.05)


@posix
def test_a_command_that_ignores_the_request_is_killed() -> None:
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    assert captured(python(program), limit_s=2).code is None


@posix
@pytest.mark.parametrize("hangs", [False, True])
def test_a_process_left_behind_with_the_output_is_not_waited_for(hangs: bool) -> None:
    with left_behind() as (program, has_ended):
        rest = "import time; time.sleep(600)" if hangs else ""
        limit_s = 3 if hangs else 60
        ending = child.program(
            Path(sys.executable), f"print('{{}}', flush=True)\n{program}\n{rest}", limit_s=limit_s
        )
        assert not has_ended(), "it was waited for"
        assert ending == child.Ending(({},), "it did not end within 3 s" if hangs else "")


@posix
def test_a_look_at_this_computer_does_not_wait_for_it_either() -> None:
    with left_behind() as (program, has_ended):
        assert ThisMachine().run(*python(f"print('said', flush=True); {program}")) == "said\n"
        assert not has_ended(), "it was waited for"


@posix
def test_the_output_is_closed_once_nobody_holds_it() -> None:
    before = threading.active_count()
    with left_behind() as (program, has_ended):
        captured(python(program), limit_s=60)
        assert not has_ended()
    last = time.monotonic() + 30
    while threading.active_count() > before:
        assert time.monotonic() < last, "a reader goes on"
        time.sleep(0.05)


def test_a_package_manager_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert facts.installed_packages(["xvfb"]) == frozenset()
