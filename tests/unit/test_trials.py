"""Providers: the proof, what is kept of it, and what ``auto`` makes of that.

The provider under test is onnxruntime's own processor under another name, whose results are spoilt at will.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvm_core import Matting, paths
from rvm_core.errors import InferenceError, ModelContract, PlateError, ProviderError
from rvm_core.interruption import Interrupted, Interruption
from rvm_core.matting import ledger, proof, providers, trials
from rvm_core.matting.contract import BGMV2, RVM
from rvm_core.matting.ledger import Verdict
from rvm_core.matting.session import Session, open_session, value
from rvm_core.settings import Settings
from rvm_core.video import convert
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
    assert "Processor" in caught.value.remedy
    assert any(reason in r.getMessage() and "version 1" in r.getMessage() for r in caplog.records)
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
    proof.prove(Session(good(), NAME, 1), Session(good(), "cpu", 1))
    timing = proof.timed(Session(good(), NAME, 1), Session(good(), "cpu", 1))
    assert timing.ms > 0
    assert timing.cpu_ms > 0


def test_a_busy_moment_is_no_reason_to_leave_what_was_fast_enough(spoilt: Spoilt) -> None:
    admitted()
    spoilt.does = slow
    assert admitted().provider == NAME
    spoilt.does = FAULTS["wrong"][0]
    with pytest.raises(ProviderError, match="its result is wrong"):
        admitted()


def test_what_is_tried_again_is_known_meanwhile(spoilt: Spoilt) -> None:
    """Another filter's ``auto`` must not leave it for that."""
    ledger.record(Verdict(NAME, trials._what(NAME, good()), "", 1.0, 10.0))
    seen: list[str] = []

    def look(outputs: Outputs) -> Outputs:
        seen.append(trials.best(good()))
        return outputs

    spoilt.does = look
    admitted()
    assert set(seen) == {NAME}


def test_a_model_that_is_none_says_nothing_of_the_provider(spoilt: Spoilt) -> None:
    with pytest.raises(Exception, match="graph_contract"):
        trials.admitted(paths.models_dir() / "graph_contract.onnx", NAME, 1, None, RVM)
    assert ledger.everything() == []
    assert spoilt.runs == 0


def end_in_a_trial(is_child: bool = False) -> None:
    """A program that ends after it has begun a trial, as a driver or a user would end it."""
    program = (
        "import os, sys; from rvm_core.matting import ledger;"
        f"ledger.is_child = {is_child}; ledger.leave_note({NAME!r}, sys.argv[1]); os._exit(11)"
    )
    what = trials._what(NAME, good())
    done = subprocess.run([sys.executable, "-c", program, what], check=False, env=dict(os.environ))
    assert done.returncode == 11


def test_two_programs_in_a_row_that_ended_in_a_trial(spoilt: Spoilt) -> None:
    end_in_a_trial()
    assert ledger.everything() == [], "one may have been killed"
    assert trials.untried(good()) == (NAME,)
    end_in_a_trial()
    with pytest.raises(ProviderError, match="it ended the program when it was last tried"):
        admitted()
    assert spoilt.runs == 0
    ledger.forget(NAME)
    assert admitted().provider == NAME


@pytest.mark.usefixtures("spoilt")
def test_a_trial_that_comes_to_its_end_clears_a_provider() -> None:
    end_in_a_trial()
    assert admitted().provider == NAME
    end_in_a_trial()
    assert [one.reason for one in ledger.everything()] == [""]
    assert admitted().provider == NAME


@pytest.mark.usefixtures("spoilt")
def test_an_interrupted_trial_between_two_that_ended_the_program_clears_nothing() -> None:
    what = trials._what(NAME, good())
    end_in_a_trial()
    ledger.leave_note(NAME, what)
    ledger.withdraw_note(NAME, what)
    assert ledger.everything() == []
    end_in_a_trial()
    with pytest.raises(ProviderError, match="it ended the program"):
        admitted()


@pytest.mark.usefixtures("spoilt")
def test_a_child_made_for_the_trial_is_killed_by_nobody_else() -> None:
    end_in_a_trial(is_child=True)
    with pytest.raises(ProviderError, match="it ended the program"):
        admitted()


def test_what_another_program_tries_is_no_refusal(spoilt: Spoilt) -> None:
    for _ in range(2):
        ledger.record(Verdict(NAME, trials._what(NAME, good()), process=os.getppid()))
        assert trials.untried(good()) == (NAME,)
    assert spoilt.runs == 0


class Hanging:
    """A picture that takes until it may end; onnxruntime is busy with it meanwhile."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()

    def __call__(self, outputs: Outputs) -> Outputs:
        self.began.set()
        assert self.may_end.wait(60)
        return outputs


@contextmanager
def trial_under_way(spoilt: Spoilt) -> Iterator[tuple[Interruption, Hanging, list[Any]]]:
    """A trial that hangs, and what has come of it in the end."""
    hanging, interruption, came = Hanging(), Interruption(), []
    spoilt.does = hanging

    def work() -> None:
        try:
            with interruption.applied():
                came.append(admitted())
        except BaseException as fault:
            came.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    assert hanging.began.wait(60)
    try:
        yield interruption, hanging, came
    finally:
        hanging.may_end.set()
        thread.join(60)


@pytest.mark.parametrize("known", [[], [Verdict(NAME, "", "", 1.0, 10.0)]])
@pytest.mark.parametrize("result", [lambda outputs: outputs, raising, FAULTS["wrong"][0]])
def test_a_trial_that_is_interrupted_is_forgotten_at_once(
    spoilt: Spoilt, known: list[Verdict], result: Callable[[Outputs], Outputs]
) -> None:
    known = [replace(one, what=trials._what(NAME, good())) for one in known]
    for one in known:
        ledger.record(one)
    with trial_under_way(spoilt) as (interruption, hanging, came):
        assert kept()[0]["process"] == os.getpid()
        interruption.set()
        assert kept() == [asdict(one) for one in known], "before the provider ends"
        assert came == []
        hanging_does, spoilt.does = spoilt.does, lambda outputs: result(hanging_does(outputs))
        hanging.may_end.set()
    assert [type(one) for one in came] == [Interrupted]
    assert kept() == [asdict(one) for one in known]
    spoilt.does = lambda outputs: outputs
    assert admitted().provider == NAME


def test_who_waits_for_anothers_trial_can_be_interrupted(spoilt: Spoilt) -> None:
    with trial_under_way(spoilt):
        waiting, came = Interruption(), []

        def work() -> None:
            try:
                with waiting.applied():
                    admitted()
            except Interrupted as fault:
                came.append(fault)

        thread = threading.Thread(target=work)
        thread.start()
        waiting.set()
        thread.join(60)
        assert len(came) == 1


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
    monkeypatch.setattr(trials, "timed", lambda *_: proof.Timing(1.0, 10.0))
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
        assert error.problem == f"{NAME} is left out: The device was lost."
    with pytest.raises(ProviderError, match="The device was lost"):
        open_session(good(), NAME, 1)


def seen_while_trying(spoilt: Spoilt, question: Callable[[], Any]) -> Any:
    """The answer to `question` at the first picture that the provider under test gets in a trial."""
    answers: list[Any] = []

    def ask(outputs: Outputs) -> Outputs:
        if not answers:
            answers.append(question())
        return outputs

    spoilt.does = ask
    admitted()
    return answers[0]


def kept() -> list[Any]:
    """What the ledger's file holds."""
    return list(json.loads(paths.ledger_file().read_text())["verdicts"])


def test_a_note_lies_there_while_a_provider_is_tried(spoilt: Spoilt) -> None:
    assert [(one["provider"], one["process"]) for one in seen_while_trying(spoilt, kept)] == [
        (NAME, os.getpid())
    ]
    assert [one["process"] for one in kept()] == [0]


@pytest.mark.parametrize("question", [ledger.everything, lambda: trials.refusals(good())])
def test_a_trial_under_way_is_no_verdict(spoilt: Spoilt, question: Callable[[], Any]) -> None:
    assert not seen_while_trying(spoilt, question)


def test_a_process_of_somebody_else_lives(spoilt: Spoilt, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(_process: int, _signal: int) -> None:
        raise PermissionError

    ledger.record(Verdict(NAME, trials._what(NAME, good()), process=os.getppid()))
    monkeypatch.setattr(ledger.os, "kill", forbidden)
    assert trials.untried(good()) == (NAME,)
    assert spoilt.runs == 0


@pytest.mark.usefixtures("spoilt")
def test_what_is_known_of_others_stays() -> None:
    others = [Verdict("mlx", "another"), Verdict(NAME, "another model with version 1", "it is slow")]
    for one in others:
        ledger.record(one)
    with pytest.raises(ModelContract):
        trials.admitted(paths.models_dir() / "graph_contract.onnx", NAME, 1, None, RVM)
    assert kept() == [asdict(one) for one in others], "not as before the trial"
    ledger.forget(NAME)
    assert ledger.everything() == others[:1]


def test_what_ignores_its_memory_is_wrong(spoilt: Spoilt, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each picture by itself is right."""
    remembering = Session.run

    def run(self: Session, feeds: Mapping[str, Any]) -> Outputs:
        nothing = {name: value(np.zeros_like(feeds[name].numpy())) for name, _ in self.contract.states}
        return remembering(self, {**feeds, **nothing} if self.provider == NAME else feeds)

    monkeypatch.setattr(Session, "run", run)
    with pytest.raises(ProviderError, match="its result is wrong"):
        admitted()
    assert spoilt.runs == 2, "the first picture has nothing to remember"


def test_what_sees_nobody_before_a_clean_plate_is_wrong(spoilt: Spoilt) -> None:
    spoilt.does = changed("pha", np.zeros_like)
    with pytest.raises(ProviderError, match="its result is wrong: pha"):
        trials.admitted(paths.models_dir() / "graph_plate.onnx", NAME, 1, BGMV2.typical_size, BGMV2)


def test_the_first_picture_may_take_long(spoilt: Spoilt, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the driver compiles."""
    monkeypatch.setattr(proof, "_HOPELESS_S", 0.5)

    def compiling(outputs: Outputs) -> Outputs:
        time.sleep(0.6 if spoilt.runs == 1 else 0.0)
        return outputs

    spoilt.does = compiling
    assert admitted().provider == NAME


@pytest.mark.usefixtures("spoilt")
def test_slow_is_what_is_much_slower_than_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "BUDGET_MS", 0.0)
    monkeypatch.setattr(proof, "_SLOW", 1000.0)
    assert admitted().provider == NAME


@pytest.mark.usefixtures("spoilt")
def test_auto_is_the_fastest_of_several(monkeypatch: pytest.MonkeyPatch) -> None:
    two = providers.available()
    several = {
        **two,
        "tensorrt": two["cpu"]._replace(name="tensorrt"),
        "mlx": two["cpu"]._replace(name="mlx"),
    }
    monkeypatch.setattr(providers, "available", lambda: several)
    for name, ms in ((NAME, 5.0), ("tensorrt", 2.0), ("mlx", 3.0)):
        ledger.record(Verdict(name, trials._what(name, good()), "", ms, 10.0))
    assert trials.best(good()) == "tensorrt"


def test_a_trial_beside_the_engine_that_fails_leaves_it(spoilt: Spoilt) -> None:
    spoilt.does = raising
    with Matting("graph_good", "fast") as engine:
        assert not engine.provider_trial()(lambda: True)
        assert engine.left_out()[0].startswith(f"{NAME}: it failed")


@pytest.mark.usefixtures("spoilt")
def test_a_trial_is_of_the_size_that_will_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(trials, "admitted", lambda *given: asked.append(given))
    trials.find_faster(Session(good(), "cpu", 3), lambda: True)
    assert asked == [(good(), NAME, 3, RVM.typical_size, RVM)]


def test_a_film_begins_on_what_is_faster(spoilt: Spoilt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "prove", lambda *_: None)
    monkeypatch.setattr(trials, "timed", lambda *_: proof.Timing(1.0, 10.0))
    wanted = replace(Settings.for_file({}), model="graph_good")
    with convert._engine(replace(wanted, provider="cpu")) as engine:
        assert (engine.info.provider, ledger.everything()) == ("cpu", [])
    for _ in range(2):
        with convert._engine(wanted) as engine:
            assert (engine.info.provider, engine.info.level) == (NAME, "fine")
            engine.step(np.zeros((36, 64, 3), np.uint8))
    assert spoilt.runs == 2, "it is not what mattes"


@pytest.mark.usefixtures("spoilt")
@pytest.mark.parametrize(("provider", "calls"), [("cpu", 1), (NAME, 0)])
def test_only_the_processor_is_called_on_the_lane(provider: str, calls: int) -> None:
    """Another one leaves it to the host anyway."""
    called: list[int] = []

    def lane(call: Callable[[], Outputs]) -> Outputs:
        called.append(1)
        return call()

    with Matting("graph_good", "fast", provider) as engine:
        engine.call_on(lane)
        engine.step(np.zeros((36, 64, 3), np.uint8))
    assert len(called) == calls


def test_whatever_a_plug_in_raises_leaves_it_out(spoilt: Spoilt) -> None:
    def strange(_outputs: Outputs) -> Outputs:
        raise RuntimeError("the driver\n  says no")

    spoilt.does = strange
    with pytest.raises(ProviderError, match=r"it failed \(the driver says no\)"):
        admitted()
    assert trials.untried(good()) == ()


@pytest.mark.usefixtures("spoilt")
def test_a_ledger_that_cannot_be_written_leaves_nothing_beside_it() -> None:
    paths.ledger_file().mkdir()
    ledger.record(Verdict(NAME, "anything"))
    assert not list(paths.ledger_file().parent.glob("*.part"))


def test_an_interrupted_trial_leaves_what_was_known(spoilt: Spoilt) -> None:
    def interrupted(_outputs: Outputs) -> Outputs:
        raise KeyboardInterrupt

    admitted()
    before = ledger.everything()
    spoilt.does = interrupted
    with pytest.raises(KeyboardInterrupt):
        admitted()
    assert ledger.everything() == before


@pytest.mark.usefixtures("spoilt")
def test_a_film_that_lacks_its_plate_closes_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Matting] = []
    monkeypatch.setattr(Matting, "close", lambda self: closed.append(self))
    with pytest.raises(PlateError):
        convert._engine(replace(Settings.for_file({}), model="graph_plate", provider="cpu"))
    assert len(closed) == 1
