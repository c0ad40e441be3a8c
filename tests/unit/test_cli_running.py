"""What ``obs-rvm doctor`` tells of filters at work."""

from __future__ import annotations

import dataclasses
import json
import os
from types import SimpleNamespace
from typing import Any

import pytest

from rvm_core import outside, paths
from rvm_core.cli import running
from rvm_core.cli.running import Question
from rvm_core.libobs import api
from rvm_core.obs_filter.status import Status
from tests.unit.filters import INFO, MISSING, Filter, at_work


class Outside:
    """Filters that answer, and the time that passes until they do."""

    def __init__(self) -> None:
        self.now = self.began = 50.0
        self.processes: tuple[int, ...] = ()
        self.answers: list[dict[str, Any]] = []
        self.answers_after_s = 1.2
        self.asked: float | None = None

    def ask(self) -> float:
        self.asked = self.now
        return self.now

    def reports(self, since: float) -> list[dict[str, Any]]:
        assert since == self.asked
        return self.answers if self.now >= since + self.answers_after_s else []

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Outside:
    made = Outside()
    monkeypatch.setattr(outside, "processes", lambda: made.processes)
    monkeypatch.setattr(outside, "ask", made.ask)
    monkeypatch.setattr(outside, "reports", made.reports)
    monkeypatch.setattr(running, "time", SimpleNamespace(monotonic=lambda: made.now, sleep=made.sleep))
    return made


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Filter:
    monkeypatch.delenv(paths.STATUS_DIR_VARIABLE, raising=False)
    made = Filter()
    monkeypatch.setattr(api, "function", made.function)
    return made


@pytest.fixture
def status(one: Filter) -> Status:
    return Status(one)  # type: ignore[arg-type]


def told(status: Status) -> list[str]:
    """The block of a filter, without its first line; what JSON makes of it on the way."""
    seen = json.loads(json.dumps(status.snapshot()))
    lines = list(running.Running((os.getpid(),), (seen,)).lines())
    assert lines[0].startswith(f"filter       'Matte' on 'Camera' (process {os.getpid()}): ")
    return [" ".join(line.split()) for line in lines[1:]]


def test_where_no_filter_runs_nobody_is_asked_and_nobody_waits(there: Outside) -> None:
    found = Question().answers()
    assert list(found.lines()) == ["filters      no filter is running"]
    assert (there.now, there.asked) == (there.began, None)


def test_those_that_answer_in_time_are_told(there: Outside) -> None:
    there.processes = (4, 5)
    there.answers = [{"process": 4, "filter": "a"}, {"process": 9, "filter": "dead"}]
    question = Question()
    there.now += 1.0  # the doctor looks at other things meanwhile
    found = question.answers()
    assert found.filters == ({"process": 4, "filter": "a"},)
    assert there.now - there.began == pytest.approx(running.WAIT_S, abs=0.2)


def test_a_process_that_does_not_answer_is_named(there: Outside) -> None:
    there.processes = (4,)
    there.answers_after_s = 60.0
    assert list(Question().answers().lines()) == [
        "filters      OBS runs (process 4), but no filter of it answers"
    ]


def test_a_folder_that_cannot_be_written_is_no_end(there: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> float:
        raise PermissionError

    there.processes, there.asked, there.answers_after_s = (4,), 0.0, 0.0
    there.answers = [{"process": 4, "filter": "a"}]
    monkeypatch.setattr(outside, "ask", ask)
    assert Question().answers().filters == ({"process": 4, "filter": "a"},)


def test_the_block_of_a_filter_at_work(one: Filter, status: Status) -> None:
    at_work(one, status).engine_loaded(INFO, ("webgpu: it is slow", "mlx: it failed"))
    assert told(status) == [
        "model rvm_mobilenetv3, balanced, on cpu, threads: 2",
        "left out webgpu: it is slow",
        "left out mlx: it failed",
        "size 1280x720, the network sees 512x288",
        "mattes 30.0 a second, 14.0 ms each",
        "latency 2.0 frames, 67 ms",
        "resets 2, the last: scene switch",
        "dropped 4 of 100 pictures",
    ]


def test_the_block_of_a_filter_that_failed(status: Status) -> None:
    status.report("engine", MISSING)
    lines = told(status)
    assert lines[-2:] == [f"problem {MISSING.problem}", f"remedy {MISSING.remedy}"]
    assert "resets none" in lines
    status.solved("engine")
    assert told(status)[-1] == f"over {MISSING.problem}"


def test_an_answer_of_another_version_is_no_end(one: Filter, status: Status) -> None:
    seen = at_work(one, status).snapshot()
    strange = {key: value for key, value in seen.items() if key != "resets"}
    lines = list(running.Running((1,), (strange, {"process": 1}, seen | {"resets": 3}, seen)).lines())
    assert [line.partition(":")[0] for line in lines[:4]] == [
        f"filter       of another version of obs-rvm (process {process})"
        for process in (os.getpid(), 1, os.getpid())
    ] + [f"filter       'Matte' on 'Camera' (process {os.getpid()})"]


def test_the_block_of_a_filter_of_lowest_latency(one: Filter, status: Status) -> None:
    at_work(one, status)
    one.record["lowest_latency"] = 1
    assert "latency none; the matte trails by 2.0 frames, 67 ms" in told(status)


def test_json_has_all_of_it(one: Filter, status: Status) -> None:
    seen = at_work(one, status).snapshot()
    found = dataclasses.asdict(running.Running((1,), (seen,)))
    assert json.loads(json.dumps(found)) == {"processes": [1], "filters": [json.loads(json.dumps(seen))]}
