"""Engines made beside the one at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rvm_core import matting, models, paths
from rvm_core.errors import ModelMissing, ProviderError
from rvm_core.obs_filter import ending
from rvm_core.obs_filter.loading import Loaded, Loader, Wish
from tests import graphs

GOOD = Wish("graph_good", "fast", "cpu", 1)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    graphs.build_all(tmp_path)
    return tmp_path


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[matting.Matting]:
    """The engines that have been closed."""
    engines: list[matting.Matting] = []
    close = matting.Matting.close

    def closing(self: matting.Matting) -> None:
        engines.append(self)
        close(self)

    monkeypatch.setattr(matting.Matting, "close", closing)
    return engines


@pytest.fixture
def loader() -> Iterator[Loader]:
    made = Loader(lambda: None)
    yield made
    made.stop()


def taken(loader: Loader) -> Loaded:
    return eventually(loader.take)


def eventually(question: Callable[[], Any]) -> Any:
    last = time.monotonic() + 60
    while not (answer := question()):
        assert time.monotonic() < last, "nothing came"
        time.sleep(0.005)
    return answer


class Held:
    """Stands in for `function`, and waits in it until it is let go."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.entered, self.go = threading.Event(), threading.Event()
        self._function = function

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.entered.set()
        assert self.go.wait(60)
        return self._function(*given, **named)


def test_an_engine_comes_once_and_wakes_the_worker() -> None:
    woken = threading.Event()
    loader = Loader(woken.set)
    loader.load(GOOD, download=False)
    assert woken.wait(60)
    loaded = taken(loader)
    assert loaded.engine is not None
    assert (loaded.engine.info.model, loaded.problem, loaded.refusal) == ("graph_good", None, None)
    assert loaded.seconds > 0
    assert loader.take() is None
    assert loader.text == ""
    loaded.engine.close()
    loader.stop()


def test_it_says_what_it_does(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(models.ensure)
    monkeypatch.setattr(models, "ensure", held)
    loader.load(GOOD, download=False)
    assert held.entered.wait(60)
    assert loader.text == "graph_good is being loaded."
    held.go.set()
    taken(loader)


def test_the_last_wish_counts(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, closed: list[matting.Matting]
) -> None:
    rehearse = matting.Matting.rehearse
    held = Held(rehearse)
    monkeypatch.setattr(matting.Matting, "rehearse", lambda engine: held(engine))
    loader.load(GOOD, download=False)
    assert held.entered.wait(60)
    loader.load(GOOD._replace(model="graph_slow"), download=False)
    held.go.set()
    engine = taken(loader).engine
    assert engine is not None
    assert engine.info.model == "graph_slow"
    assert loader.take() is None
    assert [one.info.model for one in closed] == ["graph_good"]


def test_what_nobody_took_is_closed(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, closed: list[matting.Matting]
) -> None:
    loader.load(GOOD, download=False)
    eventually(lambda: loader._loaded)
    held = Held(models.ensure)
    monkeypatch.setattr(models, "ensure", held)
    loader.load(GOOD._replace(model="graph_half"), download=False)
    assert loader.take() is None, "what was wished for before"
    assert [one.info.model for one in closed] == ["graph_good"]
    held.go.set()
    eventually(lambda: loader._loaded)
    loader.stop()
    assert loader.take() is None
    assert [one.info.model for one in closed] == ["graph_good", "graph_half"]


def test_an_engine_comes_rehearsed_and_the_first_picture_tells_of_a_failure(loader: Loader) -> None:
    loader.load(GOOD, download=False)
    engine = taken(loader).engine
    assert engine is not None
    assert engine.last_ms > 0
    loader.load(GOOD._replace(model="graph_nan"), download=False)
    loaded = taken(loader)
    assert loaded.engine is not None
    assert loaded.problem is None


def test_another_provider_is_tried_only_where_any_will_do(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []
    go = threading.Event()

    def trial(is_wanted: Callable[[], bool]) -> bool:
        assert go.wait(60)
        tried.append(is_wanted())
        return len(tried) == 1

    monkeypatch.setattr(matting.Matting, "provider_trial", lambda _self: trial)
    loader.load(GOOD, download=False)
    assert taken(loader).engine is not None
    eventually(lambda: loader._thread is None)
    assert tried == []
    loader.load(GOOD._replace(provider="auto"), download=False)
    slower = taken(loader).engine
    go.set()
    faster = taken(loader).engine
    assert None not in (slower, faster)
    assert slower is not faster
    eventually(lambda: loader._thread is None)
    loader.load(GOOD._replace(provider="auto"), download=False)
    assert taken(loader).engine is not None
    eventually(lambda: loader._thread is None)
    assert loader.take() is None, "nothing is faster"
    assert tried == [True, True]


def test_a_trial_hears_that_nobody_waits_for_it(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[bool] = []
    go = threading.Event()

    def trial(is_wanted: Callable[[], bool]) -> bool:
        assert go.wait(60)
        wanted.append(is_wanted())
        return wanted[-1]

    monkeypatch.setattr(matting.Matting, "provider_trial", lambda _self: trial)
    loader.load(GOOD._replace(provider="auto"), download=False)
    assert taken(loader).engine is not None, "it waits for the trial"
    loader.load(GOOD._replace(model="graph_half"), download=False)
    go.set()
    engine = taken(loader).engine
    assert engine is not None
    assert engine.info.model == "graph_half"
    assert wanted == [False]


def test_a_provider_that_is_refused_leaves_the_processor(loader: Loader) -> None:
    loader.load(GOOD._replace(provider="abacus"), download=False)
    loaded = taken(loader)
    assert loaded.engine is not None
    assert loaded.engine.info.provider == "cpu"
    assert isinstance(loaded.refusal, ProviderError)
    assert "abacus" in str(loaded.refusal)


def test_what_hinders_is_told(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    (paths.models_dir() / "graph_good.onnx").unlink()
    loader.load(GOOD, download=False)
    loaded = taken(loader)
    assert loaded.engine is None
    assert isinstance(loaded.problem, ModelMissing)
    loader.load(GOOD, download=True)
    assert taken(loader).engine is not None
    monkeypatch.setattr(matting, "Matting", lambda *_: 1 / 0)
    loader.load(GOOD, download=False)
    assert "graph_good cannot be loaded (division by zero)" in str(taken(loader).problem)


@pytest.mark.parametrize("where", ["download", "opening", "rehearsal", "trial"])
def test_stopping_waits_for_nothing_and_what_is_under_way_ends(
    monkeypatch: pytest.MonkeyPatch, closed: list[matting.Matting], where: str
) -> None:
    made: list[Any] = []
    whole = {"download": models.ensure, "opening": matting.Matting, "rehearsal": matting.Matting.rehearse}
    held = Held(whole.get(where, lambda _is_wanted: made.append("a trial's end")))
    if where == "download":
        monkeypatch.setattr(models, "ensure", held)
    elif where == "opening":
        monkeypatch.setattr(matting, "Matting", held)
    elif where == "rehearsal":
        monkeypatch.setattr(matting.Matting, "rehearse", lambda engine: held(engine))
    else:
        monkeypatch.setattr(matting.Matting, "provider_trial", lambda _engine: held)
    woken: list[bool] = []
    loader = Loader(lambda: woken.append(True))
    loader.load(GOOD._replace(provider="auto"), download=False)
    assert held.entered.wait(60)
    assert bool(ending._at_work) is (where != "download"), "which may be cut off by the interpreter's end"
    woken.clear()
    loader.stop()  # while it is held
    assert loader.take() is None
    held.go.set()
    eventually(lambda: loader._thread is None)
    assert (woken, loader.take(), loader.text) == ([], None, "")
    assert len(closed) == (where in ("rehearsal", "trial"))
    assert not ending._at_work


def test_a_download_that_nobody_waits_for_ends(loader: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    go = threading.Event()

    def ensure(name: str, **named: Any) -> None:
        if name == "graph_slow":
            return
        named["progress"](45_000_000, 100_000_000)
        texts.append(loader.text)
        assert go.wait(60)
        named["progress"](46_000_000, 100_000_000)
        texts.append("went on")

    monkeypatch.setattr(models, "ensure", ensure)
    loader.load(GOOD, download=True)
    eventually(lambda: texts)
    loader.load(GOOD._replace(model="graph_slow"), download=False)
    go.set()
    engine = taken(loader).engine
    assert engine is not None
    assert engine.info.model == "graph_slow"
    assert texts == ["graph_good is being fetched: 40 % of 100 MB."]


@pytest.mark.parametrize("where", ["the trial", "the faster engine"])
def test_a_trial_that_fails_leaves_what_was_given(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """And the next wish is granted."""
    made: list[Any] = []
    real = matting.Matting

    def make(*given: Any) -> Any:
        made.append(given)
        if len(made) == 2:
            raise ModelMissing("It is gone.", "Fetch it.")
        return real(*given)

    def trial(_is_wanted: Callable[[], bool]) -> bool:
        return bool(1 / 0) if where == "the trial" else True

    monkeypatch.setattr(matting.Matting, "provider_trial", lambda _self: trial)
    if where == "the faster engine":
        monkeypatch.setattr(matting, "Matting", make)
    loader.load(GOOD._replace(provider="auto"), download=False)
    assert taken(loader).engine is not None
    eventually(lambda: loader._thread is None or not loader._thread.is_alive())
    assert loader.take() is None
    loader.load(GOOD, download=False)
    assert taken(loader).engine is not None


def test_nobody_is_woken_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event that would wake is freed by then."""
    woken: list[bool] = []
    entered, go = threading.Event(), threading.Event()

    def ensure(*_given: Any, **_named: Any) -> None:
        entered.set()
        assert go.wait(60)
        raise ModelMissing("The network is gone.", "Try again.")

    monkeypatch.setattr(models, "ensure", ensure)
    loader = Loader(lambda: woken.append(True))
    loader.load(GOOD, download=True)
    assert entered.wait(60)
    loader.stop()
    go.set()
    eventually(lambda: loader._thread is None)
    assert woken == []


def test_an_engine_whose_rehearsal_fails_is_closed(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, closed: list[matting.Matting]
) -> None:
    def refuse(_self: matting.Matting) -> None:
        raise ProviderError("It does not take this size.", "Choose another.")

    monkeypatch.setattr(matting.Matting, "rehearse", refuse)
    loader.load(GOOD, download=False)
    assert isinstance(taken(loader).problem, ProviderError)
    assert len(closed) == 2, "the one that was wished for, and that on the processor"
