"""How the filter's threads end with the process: the common deadline, and work that outlives Python."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rvm_core.obs_filter import ending
from rvm_core.obs_filter.ending import CommonDeadline, working

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the guard is Linux's")
PROGRAM = Path(__file__).with_name("outliving_program.py")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_waits_that_follow_each_other_share_one_bound(clock: Clock) -> None:
    deadline, given = CommonDeadline(2.0, clock), []

    def hanging(longest_s: float) -> bool:
        given.append(longest_s)
        clock.now += longest_s
        return False

    for _ in range(4):
        assert not deadline.wait(hanging)
        clock.now += 0.5
    assert given == [2.0, 0.5, 0.5, 0.5], "what passed meanwhile comes back"
    clock.now += 2.5
    assert not deadline.wait(hanging)
    assert given[-1] == 2.0


def test_the_last_bound_counts_from_its_begin(clock: Clock) -> None:
    deadline, given = CommonDeadline(2.0, clock), []
    deadline.begin_last(2.0)
    for _ in range(3):
        clock.now += 1.5
        deadline.begin_last(2.0)
        deadline.wait(lambda longest_s: bool(given.append(longest_s)))
    assert given == [0.5, 0.0, 0.0]


def test_waits_that_end_soon_leave_the_bound_to_others(clock: Clock) -> None:
    deadline, given = CommonDeadline(2.0, clock), []

    def short(longest_s: float) -> bool:
        given.append(longest_s)
        clock.now += 0.01
        return True

    for _ in range(500):
        assert deadline.wait(short)
        clock.now += 0.01
    assert min(given) > 1.9


def test_work_is_awaited_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_deadline", CommonDeadline(0.2))
    began, may_end = threading.Event(), threading.Event()

    def work() -> None:
        with working():
            began.set()
            may_end.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    assert began.wait(60)
    assert ending.wait_for_work() == (thread.ident,)
    may_end.set()
    thread.join(60)
    started = time.monotonic()
    assert ending.wait_for_work() == ()
    assert time.monotonic() - started < 30


def ended(*words: str) -> subprocess.CompletedProcess[str]:
    """How the program of an inference that outlives the interpreter ended."""
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[2])}
    command = [sys.executable, str(PROGRAM), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


@on_linux
@pytest.mark.parametrize("when", ["back", "allocates", "exit"])
def test_an_inference_that_outlives_the_interpreter_does_no_harm(when: str) -> None:
    done = ended(when, "guarded")
    assert (done.returncode, done.stdout, done.stderr) == (7, "said before the end\n", "")


@on_linux
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="it blocks such threads itself")
@pytest.mark.parametrize("when", ["back", "allocates", "exit"])
def test_without_the_guard_it_crashes_the_process(when: str) -> None:
    """Or the guard would not be needed."""
    assert ended(when, "bare").returncode in (-signal.SIGABRT, -signal.SIGSEGV)


@on_linux
@pytest.mark.parametrize("how", ["guarded", "bare"])
def test_a_fault_of_another_thread_ends_the_process_as_ever(how: str) -> None:
    assert ended("elsewhere", how).returncode == -signal.SIGSEGV
