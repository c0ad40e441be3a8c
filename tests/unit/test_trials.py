"""Providers: the proof, what is kept of it, and what ``auto`` makes of that.

The provider under test is onnxruntime's own processor under another name, whose results are spoilt at will.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvm_core import Matting, paths
from rvm_core.errors import InferenceError, ProviderError
from rvm_core.matting import ledger, proof, providers, trials
from rvm_core.matting.contract import RVM
from rvm_core.matting.ledger import Verdict
from rvm_core.matting.session import Session, open_session, value
from tests import graphs

NAME = "webgpu"
Outputs = dict[str, Any]


class Spoilt:
    """What the provider under test does with right outputs; `runs` counts its pictures."""

    def __init__(self) -> None:
        self.does: Callable[[Outputs], Outputs] = lambda outputs: outputs
        self.version = "1"
        self.runs = 0


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Spoilt:
    """Makes the provider available, and every session on it give what `does` says."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    graphs.build_all(tmp_path)
    state = Spoilt()
    right = Session.run

    def run(self: Session, feeds: Mapping[str, Any]) -> Outputs:
        outputs = right(self, feeds)
        if self.provider != NAME:
            return outputs
        state.runs += 1
        return state.does(outputs)

    def available() -> Mapping[str, providers.Provider]:
        cpu = providers.Provider("cpu", "CPUExecutionProvider", "plain")
        return {"cpu": cpu, NAME: cpu._replace(name=NAME, what=f"version {state.version}")}

    monkeypatch.setattr(Session, "run", run)
    monkeypatch.setattr(providers, "available", available)
    monkeypatch.setattr(providers, "why_not", lambda name: "" if name in available() else "it is a joke")
    return state


def good() -> Path:
    return paths.models_dir() / "graph_good.onnx"


def admitted() -> Session:
    return trials.admitted(good(), NAME, 1, None, RVM)


def changed(name: str, change: Callable[[Any], Any]) -> Callable[[Outputs], Outputs]:
    return lambda outputs: {**outputs, name: value(change(outputs[name].numpy()))}


def raising(_outputs: Outputs) -> Outputs:
    raise InferenceError("The network failed: out of memory", "Choose another.")


def slow(outputs: Outputs) -> Outputs:
    time.sleep(0.05)
    return outputs


def hopeless(outputs: Outputs) -> Outputs:
    time.sleep(proof._HOPELESS_S + 0.1)
    return outputs


def striped(alpha: Any) -> Any:
    """A fiftieth of the picture is off by much: the mean alone would not tell."""
    return np.where(np.arange(alpha.shape[3]) % 50 == 0, np.abs(alpha - 0.4), alpha).astype(np.float32)


FAULTS: dict[str, tuple[Callable[[Outputs], Outputs], str]] = {
    "wrong": (changed("pha", lambda alpha: 1 - alpha), "its result is wrong: pha differs by"),
    "wrong in places": (changed("pha", striped), "its result is wrong: alpha is off in 2% of the picture"),
    "wrong memory": (changed("r1o", lambda state: state + np.float32(0.1)), "wrong: r1o differs by 0.1"),
    "not a number": (changed("pha", lambda alpha: alpha * np.float32(np.nan)), "wrong: pha differs by nan"),
    "another shape": (changed("fgr", lambda fgr: fgr[:, :1].copy()), "its result is wrong: fgr is (1, 1,"),
    "raises": (raising, "it failed. The network failed: out of memory"),
    "slow": (slow, "it is slow: "),
    "hopeless": (hopeless, "a picture takes it 1."),
}


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_left_out_with_the_reason_and_not_tried_again(
    spoilt: Spoilt, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.INFO, "rvm_core")
    spoilt.does, reason = FAULTS[name]
    with pytest.raises(ProviderError) as caught:
        admitted()
    assert caught.value.problem.startswith(f"{NAME} is left out: ")
    assert reason in caught.value.problem
    assert "version 1" in caught.value.problem
    assert "Processor" in caught.value.remedy
    assert any(reason in record.getMessage() for record in caplog.records)
    assert trials.refusals(good()) == (f"{NAME}: {ledger.everything()[0].reason}",)

    runs = spoilt.runs
    spoilt.does = lambda outputs: outputs
    for _ in range(2):
        with pytest.raises(ProviderError) as again:
            admitted()
        assert again.value.problem == caught.value.problem
    assert spoilt.runs == runs, "tried again"
    assert trials.untried(good()) == ()

    spoilt.version = "2"  # another driver is another thing
    assert trials.untried(good()) == (NAME,)
    assert admitted().provider == NAME
    spoilt.version = "1"
    ledger.forget(NAME)
    assert admitted().provider == NAME
    assert trials.refusals(good()) == ()


def test_small_differences_are_half_precision(spoilt: Spoilt) -> None:
    noise = np.random.default_rng(0)
    spoilt.does = changed("pha", lambda a: a + noise.normal(0, 3e-3, a.shape).astype(np.float32))
    timing = proof.prove(Session(good(), NAME, 1), Session(good(), "cpu", 1))
    assert timing.ms > 0
    assert timing.cpu_ms > 0


def test_a_model_that_is_none_says_nothing_of_the_provider(spoilt: Spoilt) -> None:
    with pytest.raises(Exception, match="graph_contract"):
        trials.admitted(paths.models_dir() / "graph_contract.onnx", NAME, 1, None, RVM)
    assert ledger.everything() == []
    assert spoilt.runs == 0


def test_a_program_that_ended_in_a_trial(spoilt: Spoilt) -> None:
    """As a driver would end it."""
    program = (
        "import os, sys; from rvm_core.matting import ledger;"
        f"ledger.record(ledger.Verdict({NAME!r}, sys.argv[1], process=os.getpid())); os._exit(11)"
    )
    what = trials._what(NAME, good())
    done = subprocess.run([sys.executable, "-c", program, what], check=False, env=dict(os.environ))
    assert done.returncode == 11
    with pytest.raises(ProviderError, match="it ended the program when it was last tried"):
        admitted()
    assert spoilt.runs == 0
    # one that is still at work is no refusal
    ledger.record(Verdict(NAME, what, process=os.getppid()))
    assert trials.untried(good()) == (NAME,)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": 9, "verdicts": []}', '{"schema": 1, "verdicts": [1]}']
)
def test_a_spoilt_ledger_knows_nothing(spoilt: Spoilt, text: str) -> None:
    paths.ledger_file().write_text(text)
    assert ledger.everything() == []
    assert admitted().provider == NAME
    assert [one.provider for one in ledger.everything()] == [NAME]
    assert json.loads(paths.ledger_file().read_text())["schema"] == 1
    assert spoilt.runs > 0


@pytest.mark.usefixtures("spoilt")
def test_where_nothing_can_be_written_nothing_is_kept() -> None:
    paths.ledger_file().mkdir()
    assert admitted().provider == NAME
    assert ledger.everything() == []


@pytest.mark.usefixtures("spoilt")
def test_auto_goes_by_the_clock() -> None:
    what = trials._what(NAME, good())
    assert trials.best(good()) == "cpu"
    for ms, chosen in ((20.0, "cpu"), (7.1, "cpu"), (6.9, NAME), (1.0, NAME)):
        ledger.record(Verdict(NAME, what, "", ms, 10.0))
        assert trials.best(good()) == chosen
        with Matting("graph_good", "fast") as engine:
            assert engine.info.provider == chosen
    ledger.record(Verdict(NAME, what, "it is wrong", 1.0, 10.0))
    assert trials.best(good()) == "cpu"


def test_auto_falls_back_when_what_was_right_no_longer_is(spoilt: Spoilt) -> None:
    ledger.record(Verdict(NAME, trials._what(NAME, good()), "", 1.0, 10.0))
    spoilt.does = FAULTS["wrong"][0]
    with Matting("graph_good", "fast") as engine:
        assert engine.info.provider == "cpu"
        assert engine.left_out()[0].startswith(f"{NAME}: its result is wrong")
    with pytest.raises(ProviderError, match="left out"):
        Matting("graph_good", "fast", NAME)


def test_a_trial_beside_the_engine(spoilt: Spoilt, monkeypatch: pytest.MonkeyPatch) -> None:
    with Matting("graph_good", "fast") as engine:
        trial = engine.provider_trial()
    assert not trial(lambda: False)
    assert spoilt.runs == 0
    monkeypatch.setattr(trials, "prove", lambda *_: proof.Timing(1.0, 10.0))
    assert trial(lambda: True)
    with Matting("graph_good", "fast") as engine:
        assert engine.info.provider == NAME
        assert not engine.provider_trial()(lambda: True), "nothing better than what runs"


def test_what_fails_at_work_is_left_out(spoilt: Spoilt) -> None:
    picture = np.zeros((36, 64, 3), np.uint8)
    with Matting("graph_good", "fast", NAME) as engine:
        engine.step(picture)
        spoilt.does = raising
        with pytest.raises(InferenceError):
            engine.step(picture)
        error = engine.distrust_provider("The device was lost.")
        assert f"{NAME} is left out: The device was lost (" in error.problem
    with pytest.raises(ProviderError, match="The device was lost"):
        open_session(good(), NAME, 1)
