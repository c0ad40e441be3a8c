"""The engine: sizes, sessions, the recurrent state, failures; on test graphs and on the real model."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import Matting, paths
from rvm_core.errors import (
    InferenceError,
    ModelContract,
    ModelMissing,
    PictureError,
    ProviderError,
    SettingsError,
)
from rvm_core.matting import internal_size, level_for, providers, session
from rvm_core.matting.size import BUDGET_PX, WHITE, in_cells
from rvm_core.models import ensure
from tests import graphs

PICTURES = [(1920, 1080), (640, 480), (1080, 1920), (1000, 1000), (641, 359), (3840, 2160), (17, 33),
            (2560, 1080), (854, 480), (176, 144), (720, 577), (16, 16), (64, 36)]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("graphs")
    graphs.build_all(made)
    return made


@pytest.fixture
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(folder))
    return folder


@pytest.fixture(scope="session")
def real_model() -> str:
    try:
        ensure("rvm_mobilenetv3", download=False)
    except ModelMissing as missing:
        pytest.skip(str(missing))
    return "rvm_mobilenetv3"


def grey(level: int, width: int = 64, height: int = 36) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


# Sizes


@pytest.mark.parametrize(
    ("level", "size"), [("fast", (256, 144)), ("balanced", (288, 160)), ("fine", (416, 236))]
)
def test_the_levels_of_full_hd(level: str, size: tuple[int, int]) -> None:
    assert internal_size(1920, 1080, level) == size
    assert internal_size(1080, 1920, level) == size[::-1]


@pytest.mark.parametrize("level", BUDGET_PX)
@pytest.mark.parametrize(("width", "height"), PICTURES)
def test_sizes_keep_their_promises(width: int, height: int, level: str) -> None:
    w, h = internal_size(width, height, level)
    assert w % 4 == h % 4 == 0
    assert min(w, h) >= 16
    assert w <= max(width, 16)
    assert h <= max(height, 16)
    assert in_cells(w) * in_cells(h) <= BUDGET_PX[level]
    if min(width, height) > 64:
        assert w / h == pytest.approx(width / height, rel=0.021)
        assert w * h >= 0.8 * min(BUDGET_PX[level], width * height)


def test_sizes_at_the_ends() -> None:
    assert internal_size(1, 1, "fine") == (16, 16)
    assert internal_size(100000, 1, "fast")[1] == 16
    for width, height in ((0, 5), (5, 0), (-1, 5)):
        with pytest.raises(PictureError):
            internal_size(width, height, "fast")
    with pytest.raises(SettingsError):
        internal_size(640, 360, "auto")


def test_the_level_that_a_computer_holds() -> None:
    assert level_for(100.0) == "fast"
    assert level_for(33.0) == "fast"
    assert level_for(33.0 / (320 * 180) * (256 * 144)) == "balanced"
    assert level_for(8.0) == "fine"
    assert level_for(8.0, budget_ms=16.0) == "balanced"


# Sessions


def test_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for processors, threads in ((1, 1), (2, 1), (3, 1), (4, 2), (8, 4), (64, 4), (None, 1)):
        monkeypatch.setattr(session.os, "cpu_count", lambda n=processors: n)
        assert session.resolve_threads(0) == threads
        assert session.resolve_threads(7) == 7


def test_a_session_is_shared_and_closes_with_its_last_holder(data: Path) -> None:
    file = data / "models" / "graph_good.onnx"
    found: list[session.Session] = []
    threads = [
        threading.Thread(target=lambda: found.append(session.open_session(file, "cpu", 1))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len({id(one) for one in found}) == 1
    assert session.open_session(file, "cpu", 1) is found[0]
    assert session.open_session(file, "cpu", 2) is not found[0]
    gone = weakref.ref(found[0])
    found.clear()
    gc.collect()
    assert gone() is None


@pytest.mark.usefixtures("data")
def test_closing_an_engine_lets_go_of_the_session() -> None:
    engine = Matting("graph_good", "fast", threads=3)
    held = weakref.ref(engine._network.call.session)
    with engine:
        engine.step(grey(0))
    gc.collect()
    assert held() is None


def test_a_provider_that_is_not_there_says_how_to_get_it(data: Path) -> None:
    assert next(iter(providers.available())) == "cpu"
    file = data / "models" / "graph_good.onnx"
    for name, words in (
        ("directml", "this onnxruntime was built without it"),
        ("mlx", "not installed; it comes with the package onnxruntime-ep-mlx"),
        ("abacus", "onnxruntime has no such provider"),
    ):
        if name not in providers.available():
            with pytest.raises(ProviderError, match=f"{name} cannot be used: {words}.*Choose Automatic"):
                session.open_session(file, name, 1)


def test_no_silent_fall_back(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.ort.InferenceSession, "get_providers", lambda _: ["AzureExecutionProvider"])
    with pytest.raises(ProviderError, match="AzureExecutionProvider instead of cpu"):
        session.open_session(data / "models" / "graph_good.onnx", "cpu", 9)


@pytest.mark.usefixtures("data")
def test_a_graph_with_other_tensors_is_refused() -> None:
    with pytest.raises(ModelContract, match="its outputs are fgr, pha, r1o, r2o, r3o"):
        Matting("graph_contract", "fast")


def test_a_file_that_is_no_graph(tmp_path: Path) -> None:
    file = tmp_path / "x.onnx"
    file.write_bytes(b"no graph")
    with pytest.raises(ModelContract, match=r"x\.onnx is not a model"):
        session.open_session(file, "cpu", 1)


def test_a_missing_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    with pytest.raises(ModelMissing):
        Matting()


# The engine on graphs whose every number is known


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("model", ["graph_good", "graph_half"])
def test_alpha_is_what_the_graph_computes_and_the_state_goes_on(model: str) -> None:
    with Matting(model, "fast") as engine:
        assert engine.info.model == model
        assert (engine.info.provider, engine.info.level) == ("cpu", "fast")
        assert engine.step(grey(255)).alpha == pytest.approx(1.0)
        for n in (1, 2, 3):  # the picture moves, or its alpha would be steadied
            expected = graphs.GHOST**n / WHITE["fast"]
            assert engine.step(grey(20 * (n % 2))).alpha == pytest.approx(expected, abs=2e-3)
        engine.reset("test")
        assert (engine.step(grey(0)).alpha == 0).all()
        assert engine.last_ms > 0


@pytest.mark.usefixtures("data")
def test_alpha_is_steadied_where_the_picture_stands_still_and_forgotten_with_the_rest() -> None:
    with Matting("graph_good", "fast") as engine:
        engine.step(grey(255))
        engine.step(grey(0))
        assert engine.step(grey(0)).alpha.min() > graphs.GHOST**2 / WHITE["fast"] + 0.04
        engine.reset("test")
        assert (engine.step(grey(0)).alpha == 0).all()


@pytest.mark.usefixtures("data")
def test_two_engines_share_a_session_but_no_memory() -> None:
    with Matting("graph_good", "fast") as one, Matting("graph_good", "fast") as other:
        assert one._network.call.session is other._network.call.session
        one.step(grey(255))
        assert (other.step(grey(0)).alpha == 0).all()


@pytest.mark.usefixtures("data")
def test_results_belong_to_the_caller() -> None:
    with Matting("graph_good", "fast") as engine:
        alpha, foreground = engine.step_internal(grey(255))
        before = foreground.copy()
        engine.reset("test")
        engine.step_internal(grey(0))
        assert (alpha == 1).all()
        np.testing.assert_array_equal(foreground, before)
        alpha[:] = 0.5
        assert (engine.step_internal(grey(0))[0] == 0).all()


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(("width", "height"), [*PICTURES, (1, 1), (3, 200)])
def test_every_size(width: int, height: int) -> None:
    with Matting("graph_good", "fast") as engine:
        picture = np.zeros((height, width, 3), np.uint8)
        picture[:, width // 2 :] = 255
        matte = engine.step(picture)
        assert matte.alpha.shape == (height, width)
        assert matte.alpha.dtype == np.float32
        assert 0 <= matte.alpha.min() <= matte.alpha.max() <= 1
        assert (matte.alpha[:, width - 1] == 1).all()
        assert width < 8 or (matte.alpha[:, 0] == 0).all()
        # A person keeps the picture's own colour, and nobody takes the room's.
        np.testing.assert_array_equal(matte.foreground[matte.alpha == 1], picture[matte.alpha == 1])
        assert matte.foreground.shape == picture.shape
        assert matte.foreground.dtype == np.uint8


@pytest.mark.usefixtures("data")
def test_a_new_size_starts_anew(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "rvm_core")
    with Matting("graph_good", "fast") as engine:
        engine.step(grey(255, 640, 360))
        caplog.clear()
        # The network's size stays: only the picture's is new.
        assert (engine.step(grey(0, 1280, 720)).alpha == 0).all()
        assert [r.getMessage() for r in caplog.records] == [
            "recurrent state reset: the picture is now 1280 x 720"
        ]
        engine.step_internal(grey(255, 64, 64))
        assert (engine.step_internal(grey(0, 64, 32))[0] == 0).all()


@pytest.mark.usefixtures("data")
def test_views_and_a_fourth_channel() -> None:
    padded = np.zeros((36, 80, 4), np.uint8)
    padded[:, :32, :3] = 255
    with Matting("graph_good", "fast") as engine:
        for picture in (padded[:, :64], padded[:, :64, :3], padded[::-1, 63::-1]):
            engine.reset("test")
            alpha, foreground = engine.step_internal(picture)
            np.testing.assert_array_equal(alpha, picture[..., 0] / 255)
            np.testing.assert_allclose(foreground, picture[..., :3].transpose(2, 0, 1) / 255, atol=1e-6)


@pytest.mark.usefixtures("data")
def test_a_failing_network_raises_and_forgets() -> None:
    with Matting("graph_nan", "fast") as engine, pytest.raises(InferenceError, match="not finite"):
        engine.step(grey(0))
    with Matting("graph_raises", "fast") as engine:
        engine.step_internal(grey(255, 128, 72))
        with pytest.raises(InferenceError, match="out of data bounds"):
            engine.step_internal(grey(0, graphs.RAISING_WIDTH, 144))
        assert (engine.step_internal(grey(0, 128, 72))[0] == 0).all()


@pytest.mark.usefixtures("data")
def test_the_state_is_reset_by_a_failure_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with Matting("graph_good", "fast") as engine:
        engine.step(grey(255))

        def fail(_self: Any, _feeds: Any) -> dict[str, Any]:
            raise InferenceError("It broke.", "Repair it.")

        with monkeypatch.context() as patch:
            patch.setattr(session.Session, "run", fail)
            with pytest.raises(InferenceError):
                engine.step(grey(255))
        assert (engine.step(grey(0)).alpha == 0).all()


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((36, 64), np.uint8),
        np.zeros((36, 64, 4), np.uint8),
        np.zeros((36, 64, 3), np.float32),
        np.zeros((0, 64, 3), np.uint8),
        [[[0, 0, 0]]],
        None,
    ],
)
def test_bad_pictures(picture: Any) -> None:
    with Matting("graph_good", "fast") as engine, pytest.raises(PictureError):
        engine.step(picture)


@pytest.mark.usefixtures("data")
def test_a_picture_too_small_for_the_network() -> None:
    with Matting("graph_good", "fast") as engine, pytest.raises(PictureError, match="at least 16"):
        engine.step_internal(grey(0, 64, 15))


@pytest.mark.usefixtures("data")
def test_auto_is_measured_once_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    with Matting("graph_good") as engine:
        assert engine.info.level in BUDGET_PX
        assert (engine.step(grey(0, 256, 144)).alpha == 0).all()  # the measurement left nothing behind

        def never(_self: Any, _feeds: Any) -> dict[str, Any]:
            raise AssertionError("measured again")

        monkeypatch.setattr(session.Session, "run", never)
        with Matting("graph_good") as other:
            assert other.info == engine.info


@pytest.mark.usefixtures("data")
def test_auto_hears_of_the_frames_that_its_host_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    with Matting("graph_good") as engine:
        heard: list[int] = []
        monkeypatch.setattr(engine._pace, "note", lambda _ms, missed: heard.append(missed))
        engine.step_internal(grey(0))
        engine.host_missed(2)
        engine.host_missed(1)
        engine.step_internal(grey(0))
        engine.step_internal(grey(0))
        assert heard == [0, 3, 0]


@pytest.mark.usefixtures("data")
def test_auto_hears_how_many_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with Matting("graph_good") as engine:
        heard: list[float] = []
        monkeypatch.setattr(engine._pace, "note", lambda ms, _missed: heard.append(ms / engine.last_ms))
        engine.step_internal(grey(0))
        engine.share(3.0)
        engine.step_internal(grey(0))
        engine.step_internal(grey(0))
        assert heard == pytest.approx([1, 3, 3])


@pytest.mark.usefixtures("data")
def test_a_rehearsal_leaves_nothing_behind() -> None:
    with Matting("graph_good", "fast") as engine:
        engine.rehearse()
        assert engine.last_ms > 0
        assert (engine.step_internal(grey(0, *engine.internal_size(1280, 720)))[0] == 0).all()
    with Matting("graph_plate", "fast") as engine:
        engine.rehearse()  # without a plate
    with Matting("graph_nan", "fast") as engine, pytest.raises(InferenceError):
        engine.rehearse()


@pytest.mark.usefixtures("data")
def test_a_lane_may_call_the_network_twice_and_late() -> None:
    calls: list[Any] = []

    def lane(call: Any) -> Any:
        calls.append(call)
        call()
        return call()

    with Matting("graph_good", "fast") as engine, Matting("graph_good", "fast") as plain:
        engine.call_on(lane)
        for level in (255, 0, 0):
            np.testing.assert_array_equal(
                engine.step_internal(grey(level))[0], plain.step_internal(grey(level))[0]
            )
    assert len(calls) == 3
    calls[0]()  # the one that starved, after the engine is gone


@pytest.mark.usefixtures("data")
def test_an_unknown_quality() -> None:
    with pytest.raises(SettingsError):
        Matting("graph_good", "superb")


# The real network


def test_the_real_network_finds_the_person(real_model: str, reference_data: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    capture = cv2.VideoCapture(str(reference_data / "clips" / "pyfeat_single_face.mp4"))
    with Matting(real_model, "fast") as engine:
        for _ in range(12):
            frame = np.ascontiguousarray(capture.read()[1][..., ::-1])
            matte = engine.step(frame)
        height, width = frame.shape[:2]
        assert matte.alpha.shape == (height, width)
        assert 0.15 < matte.alpha.mean() < 0.4
        assert matte.alpha[height // 2 :, width // 2 - 20 : width // 2 + 20].mean() > 0.9
        assert matte.alpha[:40, :40].max() < 0.1
        inside = matte.alpha > 0.999
        change = np.abs(matte.foreground.astype(int) - frame)[inside]
        assert change.mean() < 2


@pytest.mark.parametrize(("width", "height"), [(640, 480), (270, 480), (300, 300), (161, 91), (16, 16)])
def test_the_real_network_takes_every_shape(real_model: str, width: int, height: int) -> None:
    with Matting(real_model, "fast") as engine:
        for _ in range(2):
            matte = engine.step(grey(90, width, height))
        assert matte.alpha.shape == (height, width)
