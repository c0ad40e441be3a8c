"""A dim picture is shown to the network in good light, smoothly, and its colours come back dim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import Matting, paths
from rvm_core.matting.light import Exposure
from tests import graphs


def room(brightest: int) -> NDArray[np.uint8]:
    picture = np.full((36, 64, 3), brightest // 4, np.uint8)
    picture[:, :16] = brightest
    return picture


def test_the_gain_of_a_stream() -> None:
    exposure = Exposure()

    def gain(brightest: int) -> float:
        return exposure.light(room(brightest), None).gain

    assert gain(240) == 1.0, "well lit: as it is"
    gains = [gain(80) for _ in range(60)]
    assert gains[0] < 1.2, "a light that goes out is followed slowly"
    assert gains == sorted(gains)
    assert gains[-1] == pytest.approx(230 / 80, rel=0.01)
    exposure.reset()
    assert gain(100) == pytest.approx(2.3, rel=0.02), "another scene: at once"
    exposure.reset()
    assert gain(125) == pytest.approx((1 + 230 / 125) / 2, rel=0.02), "half way to good light: half of it"
    exposure.reset()
    assert gain(150) == 1.0, "a dark room in good light stays dark"
    exposure.reset()
    assert gain(4) == 4.0, "night is not made day"
    exposure.reset()
    assert exposure.light(np.zeros((4, 4, 3), np.uint8), None).gain == 4.0


def test_the_noise_of_a_stream() -> None:
    random = np.random.default_rng(0)

    def camera(sigma: float) -> NDArray[np.uint8]:
        return np.clip(np.rint(120 + random.normal(0, sigma, (90, 160, 3))), 0, 255).astype(np.uint8)

    exposure = Exposure()
    before = camera(5)
    assert exposure.light(before, None).noise == 0, "one picture alone may be all texture"
    assert exposure.light(camera(5), before).noise == pytest.approx(5 * 2**0.5, rel=0.1)
    still = camera(0)
    calming = [exposure.light(still, still).noise for _ in range(40)]
    assert 5 < calming[0] < 5 * 2**0.5, "a lamp that goes on is followed slowly"
    assert calming == sorted(calming, reverse=True)
    assert calming[-1] == 0, "what is calm is left alone"


@pytest.fixture
def _test_graphs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take brighter than the middle for a person and hand the picture on."""
    graphs.build_all(tmp_path)
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))


@pytest.mark.usefixtures("_test_graphs")
def test_the_engine_sees_it_without_its_noise() -> None:
    random = np.random.default_rng(0)
    with Matting("graph_good", "fast") as engine:
        for n in range(2):
            camera = np.clip(np.rint(170 + random.normal(0, 8, (90, 160, 3))), 0, 255).astype(np.uint8)
            _, foreground = engine.step_internal(camera)
            seen = float((foreground - foreground.mean()).std() * 255)
            assert seen == pytest.approx(8, rel=0.1) if n == 0 else seen < 5


@pytest.mark.usefixtures("_test_graphs")
def test_the_engine_sees_it_lit_and_gives_its_colours_back() -> None:
    with Matting("graph_good", "fast") as engine:
        alpha, foreground = engine.step_internal(room(80))
        np.testing.assert_allclose(alpha[:, :16], 1.0)
        np.testing.assert_allclose(alpha[:, 16:], 0.0)
        np.testing.assert_allclose(foreground, room(80).transpose(2, 0, 1) / 255, atol=1e-3)
        engine.reset("another scene")
        assert (engine.step_internal(room(20))[0] == 0).all(), "too dark to be lit so far"
