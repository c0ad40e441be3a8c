"""What ``obs-rvm doctor`` tells of filters at work."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rvm_core import outside, paths
from rvm_core.health import running
from rvm_core.health.finding import Finding
from rvm_core.libobs import api
from rvm_core.obs_filter.status import Status
from tests.unit.filters import INFO, MISSING, Filter, at_work


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    monkeypatch.delenv(paths.STATUS_DIR_VARIABLE, raising=False)
    return tmp_path


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "WAIT_S", 0.0)


@pytest.fixture
def appeared() -> Iterator[None]:
    """This process has the filter."""
    outside.appear()
    yield
    outside.disappear()


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Filter:
    made = Filter()
    monkeypatch.setattr(api, "function", made.function)
    return made


@pytest.fixture
def status(one: Filter) -> Status:
    return Status(one)  # type: ignore[arg-type]


def findings(*seen: dict[str, Any]) -> list[Finding]:
    """What is said of filters of this process; what JSON makes of their answers on the way."""
    return list(running.Running((os.getpid(),), tuple(json.loads(json.dumps(seen)))).findings())


def told(status: Status) -> list[str]:
    """The rows of a filter."""
    (finding,) = findings(status.snapshot())
    assert finding.told.startswith(f"'Matte' on 'Camera' (process {os.getpid()}): ")
    return [" ".join(line.split()) for line in finding.details]


def answer(values: dict[str, Any]) -> None:
    """As a filter of this process does."""
    file = paths.status_dir_or_default() / f"{os.getpid()}-1.json"
    file.write_text(json.dumps({"process": os.getpid(), **values}), encoding="utf-8")


def test_where_no_filter_runs_nobody_is_asked_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "WAIT_S", float("nan"))  # no sleep takes that
    assert [(one.state, one.told) for one in running.asked().findings()] == [("good", "no filter is running")]
    assert not paths.status_asked_file().exists()


@pytest.mark.usefixtures("appeared", "no_wait")
def test_those_that_answer_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: answer({"filter": "a"}))
    assert running.asked() == running.Running((os.getpid(),), ({"process": os.getpid(), "filter": "a"},))


@pytest.mark.usefixtures("appeared", "no_wait")
def test_a_process_that_does_not_answer_is_named() -> None:
    (finding,) = running.asked().findings()
    assert (finding.state, finding.told) == (
        "note",
        f"OBS runs (process {os.getpid()}), but no filter of it answers.",
    )
    assert "start OBS again" in finding.remedy


@pytest.mark.usefixtures("appeared", "no_wait")
def test_a_folder_that_cannot_be_written_is_no_end() -> None:
    paths.status_asked_file().symlink_to("/nowhere/asked")
    answer({"filter": "a"})
    assert [one["filter"] for one in running.asked().filters] == ["a"]


@pytest.mark.usefixtures("appeared", "no_wait")
def test_an_obs_that_is_older_than_the_installation_must_start_again() -> None:
    marker = paths.environment_marker_file()
    marker.parent.mkdir()
    marker.touch()
    os.utime(outside.mark_file(os.getpid()), (1, 1))
    problems = [one for one in running.asked().findings() if one.state == "problem"]
    assert [(one.told, one.remedy) for one in problems] == [
        (f"OBS (process {os.getpid()}) still runs what was installed before.", "Start OBS again.")
    ]
    os.utime(marker, (0, 0))
    assert not [one for one in running.asked().findings() if one.state == "problem"]


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


def test_a_filter_that_failed_is_a_problem_with_its_own_remedy(status: Status) -> None:
    status.report("engine", MISSING)
    (finding,) = findings(status.snapshot())
    assert finding.state == "problem"
    assert finding.told.endswith(f": failed. {MISSING.problem}")
    assert finding.remedy == MISSING.remedy
    status.solved("engine")
    (finding,) = findings(status.snapshot())
    assert (finding.state, finding.remedy) == ("good", "")
    assert told(status)[-1] == f"over {MISSING.problem}"


def test_an_answer_of_another_version_is_no_end(one: Filter, status: Status) -> None:
    seen = at_work(one, status).snapshot()
    strange = {key: value for key, value in seen.items() if key != "resets"}
    of_filters = findings(strange, {"process": os.getpid()}, seen | {"resets": 3}, seen)
    assert [one.state for one in of_filters] == ["problem"] * 3 + ["good"]
    assert all("of another version" in one.told for one in of_filters[:3])
    assert all(one.remedy == "Start OBS again." for one in of_filters[:3])


def test_the_block_of_a_filter_of_lowest_latency(one: Filter, status: Status) -> None:
    at_work(one, status)
    one.record["lowest_latency"] = 1
    assert "latency none; the matte trails by 2.0 frames, 67 ms" in told(status)
