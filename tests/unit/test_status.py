"""What a filter tells of itself: the line, the rows, the latency."""

from __future__ import annotations

import pytest

from rvm_core import paths
from rvm_core.errors import ProviderError
from rvm_core.libobs import api
from rvm_core.matting import MattingInfo
from rvm_core.obs_filter import details, language
from rvm_core.obs_filter.state import TIMINGS
from rvm_core.obs_filter.status import Status
from tests.unit.filters import INFO, MISSING, Filter, at_work


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> Filter:
    monkeypatch.delenv(paths.STATUS_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(language, "_known", ["en-US"])
    made = Filter()
    monkeypatch.setattr(api, "function", made.function)
    return made


@pytest.fixture
def status(one: Filter) -> Status:
    return Status(one)  # type: ignore[arg-type]


def test_the_line_says_what_runs_the_more_is_known_the_better(one: Filter, status: Status) -> None:
    assert status.line() == ("The model is being loaded.", False)
    status.engine_loaded(INFO)
    assert status.line() == ("rvm_mobilenetv3 on cpu, balanced.", False)
    status.room_made(1280, 720, 512, 288)
    assert status.line() == ("rvm_mobilenetv3 on cpu, balanced: 512x288 for 1280x720.", False)
    status.matte_done(14.0, 0)
    runs = "rvm_mobilenetv3 on cpu, balanced: 512x288 for 1280x720, 14 ms a matte."
    assert status.line() == (runs, False)
    status.engine_loaded(INFO, ("webgpu: it is slow", "mlx: it failed"))
    assert status.line() == (f"{runs} Left out: webgpu: it is slow; mlx: it failed.", False)
    status.happening("rvm_resnet50 is being loaded.")
    assert status.line()[0].startswith("rvm_resnet50 is being loaded. rvm_mobilenetv3 on cpu")
    assert one.rebuilt == 4, "at what changes alone"


def test_the_line_says_what_hinders_and_what_to_do(one: Filter, status: Status) -> None:
    at_work(one, status).report("engine", MISSING)
    assert status.line() == (str(MISSING), True)
    status.solved("engine")
    status.report("refusal", ProviderError("webgpu is left out: it is slow.", "Choose Automatic."))
    text, is_problem = status.line()
    assert text.startswith("webgpu is left out: it is slow. Choose Automatic. rvm_mobilenetv3 on cpu")
    assert is_problem


def test_the_rows_of_a_filter_at_work(one: Filter, status: Status) -> None:
    assert status.rows() == ()
    at_work(one, status).engine_loaded(INFO, ("webgpu: it is slow: 90 ms a picture, the processor 14",))
    assert list(status.rows()) == [
        ("Model", "RVM MobileNetV3 (recommended)"),
        ("Runs on", "Processor (threads: 2)"),
        ("Left out", "Graphics card (WebGPU): it is slow: 90 ms a picture, the processor 14"),
        ("Quality", "Balanced, the network sees 512×288 of 1280×720"),
        ("Speed", "30 mattes a second, 14 ms each"),
        ("Latency", "2 frames, 67 ms"),
        ("Sync offset", "67 ms for the microphone"),
        ("Started anew", "2, the last: scene switch"),
        ("Dropped", "4 of 100 pictures"),
    ]
    assert status.details()[1] == "Runs on: Processor (threads: 2)"


def test_the_rows_say_what_is_wrong_and_what_was(one: Filter, status: Status) -> None:
    at_work(one, status, mattes=0).report("engine", MISSING)
    assert list(status.rows())[-2:] == [("Problem", MISSING.problem), ("What to do", MISSING.remedy)]
    status.solved("engine")
    assert status.rows()[-1] == ("Last problem", f"{MISSING.problem} It is over.")


def test_a_provider_that_we_do_not_know_is_called_by_its_name(one: Filter, status: Status) -> None:
    at_work(one, status).engine_loaded(MattingInfo("mine", "abacus", 2, "fast"))
    assert status.rows()[:2] == (("Model", "mine"), ("Runs on", "abacus"))


def test_several_reasons_of_one_reset_are_all_told(one: Filter, status: Status) -> None:
    at_work(one, status).reset_happened(3, "picture size, model, provider or quality")
    assert ("Started anew", "3, the last: picture size, model, provider or quality") in status.rows()


def test_the_rows_speak_the_language_of_obs(
    one: Filter, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "translated", lambda text, locale: f"<{locale} {text}>")
    monkeypatch.setattr(language, "_known", ["xx"])
    at_work(one, status).report("refusal", MISSING)
    for text in (MISSING.problem, MISSING.remedy):
        assert f"<xx {text}>" in status.line()[0]
    for label, text in status.rows():
        assert label.startswith("<xx "), label
        assert text.startswith("<xx "), text
    assert details.rows(status.snapshot() | {"left_out": ["webgpu: slow"]})[2].text == (
        "<xx Graphics card (WebGPU)>: <xx slow>"
    )


def test_the_latency_is_the_median_of_what_came_on_screen(one: Filter, status: Status) -> None:
    assert status.latency_ms() == 0.0
    for ms in (60.0, 70.0, 400.0):
        one.show(ms, 2.0)
    assert status.latency_ms() == 70.0
    assert status.snapshot()["latency_ms"] == 70.0
    for _ in range(TIMINGS):  # old ones are forgotten
        one.show(33.0, 1.0)
    assert status.latency_ms() == 33.0


def test_a_picture_that_waits_for_no_matte_is_not_late(one: Filter, status: Status) -> None:
    at_work(one, status)
    one.record["lowest_latency"] = 1
    assert status.latency_ms() == 0.0
    assert ("Latency", "None; the matte trails by 67 ms") in status.rows()
    assert "Sync offset" not in dict(status.rows())


def test_an_open_window_is_kept_true_only_while_that_is_wanted(one: Filter, status: Status) -> None:
    at_work(one, status)
    before = one.rebuilt
    status.refresh(False, False)
    assert one.rebuilt == before
    status.refresh(True, True)
    assert one.rebuilt == before + 1
