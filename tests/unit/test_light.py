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
    assert exposure.gain(room(240)) == 1.0, "well lit: as it is"
    gains = [exposure.gain(room(80)) for _ in range(60)]
    assert gains[0] < 1.2, "a light that goes out is followed slowly"
    assert gains == sorted(gains)
    assert gains[-1] == pytest.approx(230 / 80, rel=0.01)
    exposure.reset()
    assert exposure.gain(room(115)) == pytest.approx(2.0, rel=0.02), "another scene: at once"
    exposure.reset()
    assert exposure.gain(room(4)) == 4.0, "night is not made day"
    exposure.reset()
    assert exposure.gain(np.zeros((4, 4, 3), np.uint8)) == 4.0


def test_the_engine_sees_it_lit_and_gives_its_colours_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test graph takes brighter than the middle for a person and hands the picture on."""
    graphs.build_all(tmp_path)
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    with Matting("graph_good", "fast") as engine:
        alpha, foreground = engine.step_internal(room(80))
        np.testing.assert_allclose(alpha[:, :16], 1.0)
        np.testing.assert_allclose(alpha[:, 16:], 0.0)
        np.testing.assert_allclose(foreground, room(80).transpose(2, 0, 1) / 255, atol=1e-3)
        engine.reset("another scene")
        assert (engine.step_internal(room(20))[0] == 0).all(), "too dark to be lit so far"
