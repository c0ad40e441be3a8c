"""What the worker leaves OBS of the processor: the idle lane, and rests after its mattes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

from rvm_core.interruption import Interrupted, Interruption, ending_by
from rvm_core.obs_filter import courtesy, ending
from rvm_core.obs_filter.courtesy import IdleLane, Rest

LONGEST_S = 60.0
"""An idle thread may starve for long on a busy computer."""

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="idle threads are Linux's")


class Clock:
    """Stands still unless told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lane(clock: Clock) -> Iterator[IdleLane]:
    made = IdleLane(clock)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "_PATIENCE_S", LONGEST_S)


class Starving:
    """Work that does not end on any thread but the caller's, which works once it has begun elsewhere."""

    def __init__(self) -> None:
        self.caller = threading.get_ident()
        self.began, self.may_end = threading.Event(), threading.Event()
        self.elsewhere = 0

    def __call__(self) -> str:
        if threading.get_ident() == self.caller:
            assert self.began.wait(LONGEST_S)
            return "here"
        self.elsewhere += 1
        self.began.set()
        self.may_end.wait(LONGEST_S)
        return "late"


@on_linux
def test_the_lane_only_takes_what_nobody_wants(lane: IdleLane) -> None:
    def place() -> tuple[int, int]:
        return threading.get_native_id(), os.sched_getscheduler(0)

    thread, policy = lane(place)
    assert thread != threading.get_native_id()
    assert policy == os.SCHED_IDLE
    assert os.sched_getscheduler(0) != os.SCHED_IDLE, "the caller is no part of it"
    assert lane(place)[0] == thread


def test_what_fails_there_fails_here(lane: IdleLane) -> None:
    with pytest.raises(ZeroDivisionError):
        lane(lambda: 1 // 0)


@on_linux
def test_starving_work_is_repeated_here_and_the_lane_closed(
    lane: IdleLane, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courtesy, "_PATIENCE_S", 0.01)
    work = Starving()
    assert lane(work) == "here"
    assert work.elsewhere == 1
    first = lane._attempt
    clock.now = 11
    assert lane(work) == "here"
    assert lane._attempt is first, "nothing queues behind what has not ended"
    work.may_end.set()
    assert lane._attempt is not None
    assert lane._attempt.result(LONGEST_S) == "late"
    clock.now = 9
    assert lane(work) == "here", "closed for ten seconds"
    clock.now = 11
    work.began.clear()
    work.may_end.clear()
    assert lane(work) == "here"
    assert work.elsewhere == 2
    work.may_end.set()
    assert lane._attempt.result(LONGEST_S) == "late"
    clock.now = 11 + 19
    assert lane(work) == "here"
    assert work.elsewhere == 2, "for twenty seconds the second time"
    monkeypatch.setattr(courtesy, "_PATIENCE_S", LONGEST_S)
    clock.now = 11 + 21
    assert lane(work) == "late", "open again"


@on_linux
def test_who_hurries_does_the_work_himself(lane: IdleLane) -> None:
    lane.hurries = True
    assert lane(threading.get_ident) == threading.get_ident()
    lane.hurries = False
    assert lane(threading.get_ident) != threading.get_ident()


@on_linux
def test_closing_waits_for_nothing_and_the_thread_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "_PATIENCE_S", 0.01)
    lane, work = IdleLane(), Starving()
    assert lane(work) == "here"
    thread = lane._thread
    assert thread is not None
    lane.close()
    assert thread.is_alive(), "it was waited for"
    assert ending._at_work == {thread.ident}
    work.may_end.set()
    thread.join(LONGEST_S)
    assert not thread.is_alive()
    assert not ending._at_work


@on_linux
def test_whoever_interrupts_the_caller_interrupts_the_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courtesy, "_PATIENCE_S", 0.01)
    lane, interruption = IdleLane(), Interruption()
    caller = threading.get_ident()

    def work() -> str:
        if threading.get_ident() == caller:
            return "here"
        may_end = threading.Event()
        with ending_by(may_end.set):
            may_end.wait(LONGEST_S)
        return "not interrupted"

    with interruption.applied():
        assert lane(work) == "here"
    assert lane._attempt is not None
    interruption.set()
    assert isinstance(lane._attempt.exception(LONGEST_S), Interrupted)
    lane.close()


def test_elsewhere_the_caller_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    lane = IdleLane()
    assert lane(threading.get_ident) == threading.get_ident()
    lane.close()


def test_no_rest_while_obs_misses_nothing(clock: Clock) -> None:
    rest = Rest(clock)
    for clock.now in range(10):
        assert rest.after(0.1, 0) == 0


def test_the_rest_grows_with_every_missed_frame_and_fades(clock: Clock) -> None:
    rest = Rest(clock)
    assert rest.after(0.1, 1) == pytest.approx(0.05)
    assert rest.after(0.1, 1) == pytest.approx(0.1)
    assert rest.after(0.1, 50) == pytest.approx(0.1), "never more than the matte itself"
    clock.now = 20
    assert rest.after(0.1, 0) == pytest.approx(0.05)
    clock.now = 40
    assert rest.after(0.1, 0) == pytest.approx(0.025)


def test_rests_leave_five_mattes_a_second(clock: Clock) -> None:
    rest = Rest(clock)
    assert rest.after(0.15, 9) == pytest.approx(0.05)
    assert rest.after(1.0, 9) == 0
