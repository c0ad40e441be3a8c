"""The blur against its oracle, and what a viewer would notice."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.kernels.bokeh import bokeh
from tests.unit import oracles


def blurred(
    picture: NDArray[np.uint8], alpha: NDArray[np.float32], radius_px: float, highlights: float = 0.0
) -> NDArray[np.int64]:
    out = np.full((*alpha.shape, 4), 77, np.uint8)
    bokeh(picture, alpha, radius_px, highlights, out)
    assert (out[..., 3] == 255).all()
    return out[..., :3].astype(np.int64)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 1), (7, 12), (10, 10)])
@pytest.mark.parametrize("radius_px", [0.0, 0.4, 0.7, 1.5, 3.2, 6.0])
def test_equals_the_oracle(shape: tuple[int, int], radius_px: float) -> None:
    random = np.random.default_rng(int(radius_px * 10) + shape[0])
    picture = random.integers(0, 256, (*shape, 4), np.uint8)
    alpha = random.uniform(-0.2, 1.2, shape).astype(np.float32)
    for view in (picture, picture[..., :3], np.asfortranarray(picture)):
        found = blurred(view, alpha, radius_px, 0.6)
        assert np.abs(found - oracles.bokeh(picture, alpha, radius_px, 0.6)).max() <= 0.75


def test_an_even_wall_stays_even_whatever_the_highlights() -> None:
    picture = np.full((9, 14, 3), 200, np.uint8)
    alpha = np.zeros((9, 14), np.float32)
    assert np.abs(blurred(picture, alpha, 4.0, 1.0) - 200).max() <= 1


def test_no_radius_keeps_the_background() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    assert np.abs(blurred(picture, np.zeros((6, 7), np.float32), 0.0) - picture).max() <= 1


def test_the_person_never_bleeds_into_the_background() -> None:
    picture = np.full((16, 24, 3), (40, 90, 60), np.uint8)
    alpha = np.zeros((16, 24), np.float32)
    picture[4:, 8:16], alpha[4:, 8:16] = (255, 0, 255), 1.0
    for radius_px in (0.0, 1.5, 3.0):  # the hole is wider than the disc, so the pyramid fills it
        assert np.abs(blurred(picture, alpha, radius_px) - (40, 90, 60)).max() <= 1


def test_a_lamp_becomes_a_disc() -> None:
    picture = np.full((21, 21, 3), 20, np.uint8)
    picture[10, 10] = 255
    alpha = np.zeros((21, 21), np.float32)
    plain, bright = blurred(picture, alpha, 6.0), blurred(picture, alpha, 6.0, 1.0)
    disc = np.hypot(*np.mgrid[-10:11, -10:11]) < 5.4
    outside = np.hypot(*np.mgrid[-10:11, -10:11]) > 7.1
    assert bright[disc].min() > plain[disc].min() + 60
    assert np.ptp(bright[disc]) <= 1
    assert np.abs(bright[outside] - 20).max() <= 1


def test_the_radius_is_continuous() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (12, 12, 3), np.uint8)
    alpha = np.zeros((12, 12), np.float32)
    steps = [blurred(picture, alpha, 1.0 + 0.05 * k) for k in range(41)]
    assert max(np.abs(a - b).max() for a, b in pairwise(steps)) <= 30
