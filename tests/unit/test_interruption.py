"""Ending a network's work from another thread, with real runs of onnxruntime."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvm_core import paths
from rvm_core.errors import ModelContract
from rvm_core.interruption import Interrupted, Interruption, acquired, ending_by
from rvm_core.matting.recurrent import zero_state
from rvm_core.matting.session import Session, value
from tests import graphs

LONGEST_S = 60.0


@pytest.fixture
def slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    graphs.build_all(tmp_path)
    return Session(paths.models_dir() / "graph_slower.onnx", "cpu", 1)


class Work:
    """`body` on a thread of its own, under an interruption; `came` holds what it raised or returned."""

    def __init__(self, body: Callable[[], Any]) -> None:
        self.interruption, self.began = Interruption(), threading.Event()
        self.came: list[Any] = []
        self._body = body
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.began.wait(LONGEST_S)

    def _run(self) -> None:
        self.began.set()
        try:
            with self.interruption.applied():
                self.came.append(self._body())
        except BaseException as fault:
            self.came.append(fault)

    def end(self) -> list[Any]:
        self._thread.join(LONGEST_S)
        return self.came


def feeds(session: Session, side: int) -> dict[str, Any]:
    picture = value(np.ones((1, 3, side, side), session.dtype))
    return {"src": picture, **zero_state(session, side, side)}


def test_a_run_ends_after_the_node_that_is_being_computed(slower: Session) -> None:
    """24 convolutions of the same size: whole, it takes so many times as long."""
    given = feeds(slower, 160)

    def run() -> Any:
        started = time.thread_time()
        try:
            slower.run(given)
        finally:
            used_s.append(time.thread_time() - started)

    used_s: list[float] = []
    run()
    work = Work(run)
    time.sleep(used_s[0] / 8)
    work.interruption.set()
    (came,) = work.end()
    assert isinstance(came, Interrupted)
    assert used_s[1] < used_s[0] / 2, used_s


def test_nothing_begins_once_it_is_interrupted(slower: Session) -> None:
    interruption = Interruption()
    interruption.set()
    with interruption.applied(), pytest.raises(Interrupted):
        slower.run({})
    with pytest.raises(Exception, match="The network failed"):  # elsewhere it would
        slower.run({})


@pytest.mark.usefixtures("slower")
def test_the_opening_of_a_session_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime as ort

    path = paths.models_dir() / "graph_good.onnx"
    real, may_go_on, began = ort.InferenceSession, threading.Event(), threading.Event()

    def opening(*given: Any, **named: Any) -> Any:
        began.set()
        assert may_go_on.wait(LONGEST_S)
        return real(*given, **named)

    monkeypatch.setattr(ort, "InferenceSession", opening)
    faults: list[Exception] = []

    def open_it() -> Any:
        try:
            return Session(path, "cpu", 1)
        except ModelContract as fault:
            faults.append(fault)
            raise

    work = Work(open_it)
    assert began.wait(LONGEST_S)
    work.interruption.set()
    may_go_on.set()
    (came,) = work.end()
    assert isinstance(came, Interrupted)
    assert "CANCEL" in str(came.__cause__).upper(), "onnxruntime heard of it"
    assert faults == [], "no fault of the model"


def test_what_ends_the_work_is_called_once_and_never_after_it() -> None:
    calls: list[str] = []

    def work(name: str) -> Callable[[], None]:
        return lambda: calls.append(name)

    def end_twice() -> None:
        interruption.set()
        interruption.set()
        raise ValueError("a consequence")

    interruption = Interruption()
    with interruption.applied():
        with ending_by(work("over")):
            pass
        with pytest.raises(Interrupted), ending_by(work("under way"), first=work("first")):
            end_twice()
        with pytest.raises(Interrupted), ending_by(work("too late"), first=work("too late")):
            pass
    with ending_by(work("other threads"), first=work("begun")):
        pass
    assert calls == ["first", "under way", "begun"]


def test_errors_and_other_interruptions_pass() -> None:
    with Interruption().applied():
        with pytest.raises(ValueError, match="mine"), ending_by(lambda: None):
            raise ValueError("mine")
        with pytest.raises(KeyboardInterrupt), ending_by(lambda: None):
            raise KeyboardInterrupt


def test_who_waits_for_a_lock_can_be_interrupted() -> None:
    lock = threading.Lock()

    def wait() -> None:
        with acquired(lock):
            raise AssertionError("it is taken")

    with acquired(lock):
        work = Work(wait)
        work.interruption.set()
        assert [type(one) for one in work.end()] == [Interrupted]
    with acquired(lock):
        assert lock.locked()
    assert not lock.locked()
