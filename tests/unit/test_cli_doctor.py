"""``obs-rvm doctor``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rvm_core import cli, paths
from rvm_core.matting import ledger, providers, trials
from rvm_core.matting.ledger import Verdict
from tests import graphs

GOOD = ("doctor", "--model", "graph_good")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test graphs, and a card that computes what the processor does."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    graphs.build_all(tmp_path)
    cpu = providers.available()["cpu"]
    card = cpu._replace(name="webgpu", what="card 7")
    monkeypatch.setattr(providers, "available", lambda: {"cpu": cpu, "webgpu": card})
    real = providers.why_not
    monkeypatch.setattr(providers, "why_not", lambda name: "" if name in ("cpu", "webgpu") else real(name))
    return tmp_path


def seen(capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert cli.main([*GOOD, "--json", *more]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def of(found: dict[str, Any], name: str) -> list[tuple[str, str]]:
    return [(one["state"], one["why"]) for one in found["providers"] if one["name"] == name]


def test_what_is_there_and_what_is_not(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = seen(capsys)
    assert (found["model"], found["model_state"], found["problem"]) == ("graph_good", "ready", "")
    assert found["data"] == str(data)
    assert [state for state, _ in of(found, "cpu")] == ["ready"]
    assert of(found, "webgpu") == [("untried", "card 7")]
    assert of(found, "directml") == [("absent", "this onnxruntime was built without it")]
    assert {one["name"] for one in found["providers"]} == set(providers.PROVIDERS)


def test_what_was_left_out_and_why(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what = trials._what("webgpu", data / "models" / "graph_good.onnx")
    ledger.record(Verdict("webgpu", what, "its result is wrong"))
    ledger.record(Verdict("webgpu", "graph_good.onnx with card 6", "it was slow"))
    reason = "its result is wrong (graph_good.onnx with card 7)"
    assert of(seen(capsys), "webgpu") == [("left out", reason)]
    assert cli.main([*GOOD]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["webgpu", "left", "out", *reason.split()] for line in lines)


def test_a_provider_is_tried_when_somebody_asks(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what = trials._what("webgpu", data / "models" / "graph_good.onnx")
    ledger.record(Verdict("webgpu", what, "its result is wrong"))
    ((state, why),) = of(seen(capsys, "--try", "webgpu"), "webgpu")
    assert state == "ready"
    assert "ms a picture, the processor" in why
    assert cli.main([*GOOD, "--try", "mlx"]) == 0
    assert "mlx cannot be used: not installed" in capsys.readouterr().err


def test_only_a_provider_can_be_tried(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("auto", "abacus"):
        assert cli.main([*GOOD, "--try", name]) == 2
        assert f"no provider '{name}'" in capsys.readouterr().err


def test_a_model_that_is_not_ready(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "models" / "graph_good.onnx").unlink()
    assert cli.main([*GOOD]) == 2
    assert capsys.readouterr().out.splitlines()[-1] == (
        "The model graph_good is absent. Run: obs-rvm models get graph_good"
    )
    assert cli.main(["doctor", "--model", "nothing"]) == 2


def test_what_is_known_of_one_provider_says_nothing_of_another(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that onnxruntime was built with are the same version."""
    known = providers.available()
    both = {**known, "cuda": known["webgpu"]._replace(name="cuda")}
    monkeypatch.setattr(providers, "available", lambda: both)
    what = trials._what("cuda", data / "models" / "graph_good.onnx")
    ledger.record(Verdict("cuda", what, "its result is wrong"))
    found = seen(capsys)
    assert [state for state, _ in of(found, "cuda")] == ["left out"]
    assert [state for state, _ in of(found, "webgpu")] == ["untried"]


def test_no_filter_runs_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert seen(capsys)["running"] == {"processes": [], "filters": []}
    assert cli.main([*GOOD]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["filters", *["no", "filter", "is", "running"]]


def test_a_filter_that_runs_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    """A process in the place of OBS that answers as a filter does."""
    program = (
        "import os, time; from rvm_core import outside; outside.appear(); print(1, flush=True)\n"
        "report, values = outside.Report(), lambda: {'process': os.getpid(), 'filter': 'Matte'}\n"
        "while True: report.write_sometimes(values); time.sleep(0.1)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as obs:
        assert obs.stdout is not None
        obs.stdout.readline()
        try:
            found = seen(capsys)["running"]
        finally:
            obs.kill()
    assert found == {"processes": [obs.pid], "filters": [{"process": obs.pid, "filter": "Matte"}]}
