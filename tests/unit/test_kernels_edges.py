"""Edges moved and softened, against the oracle, and what somebody at a slider would notice."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels._scratch import Scratch
from rvm_core.kernels.edges import add_picture, edit_alpha
from tests.unit import oracles


def edited(alpha: NDArray[np.float32], shift_px: float = 0.0, feather_px: float = 0.0) -> NDArray[np.float32]:
    out = np.full(alpha.shape, 9.0, np.float32)
    before = alpha.copy()
    edit_alpha(alpha, shift_px, feather_px, out)
    np.testing.assert_array_equal(alpha, before)
    return out


def half_plane(angle: float, side: int = 41) -> NDArray[np.float32]:
    """Person to one side of a line through the middle, its edge one pixel soft."""
    y, x = np.mgrid[:side, :side] - side // 2
    return np.clip(0.5 - (np.cos(angle) * x + np.sin(angle) * y), 0, 1).astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (9, 16), (17, 12)])
@pytest.mark.parametrize("shift_px", [0.0, 0.3, 1.0, -1.4, 2.7, -6.2, 30.0])
@pytest.mark.parametrize("feather_px", [0.0, 0.8, 2.0, -3.4, 9.5, -40.0])
def test_equals_the_oracle(shape: tuple[int, int], shift_px: float, feather_px: float) -> None:
    random = np.random.default_rng(shape[1])
    alpha = np.clip(random.normal(0.2, 0.6, shape), 0, 1).astype(np.float32)
    expected = oracles.feathered(oracles.shifted(alpha, shift_px), feather_px)
    np.testing.assert_allclose(edited(alpha, shift_px, feather_px), expected, atol=2e-6)


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 4, 1.2, np.pi / 2, np.pi, 4.0])
@pytest.mark.parametrize("shift_px", [0.25, 0.7, 1.0, 2.5, 6.0, -0.4, -1.0, -5.3])
def test_an_edge_moves_by_the_shift_in_every_direction(angle: float, shift_px: float) -> None:
    gained = edited(half_plane(angle), shift_px) - half_plane(angle)
    across, down = abs(np.cos(angle)), abs(np.sin(angle))
    line = gained[20] if across >= down else gained[:, 20]
    assert max(across, down) * float(line.sum()) == pytest.approx(shift_px, rel=0.04, abs=0.06)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_no_edge_reaches_further_than_64_pixels(sign: float) -> None:
    alpha = np.zeros((3, 300), np.float32)
    alpha[:, :150] = 1.0
    for amounts in ((1.0, 0.0), (0.0, 1.0)):
        held, asked = (edited(alpha, *(sign * px * amount for amount in amounts)) for px in (64.0, 100.0))
        np.testing.assert_array_equal(asked, held)


def test_a_speck_becomes_a_disc() -> None:
    alpha = np.zeros((31, 31), np.float32)
    alpha[15, 15] = 1.0
    distance = np.hypot(*np.mgrid[-15:16, -15:16])
    grown = edited(alpha, 6.0)
    assert grown[distance < 5.5].min() > 0.4
    assert grown[distance > 7.1].max() == 0
    assert (edited(1 - alpha, -6.0) == 1 - grown).all()


def test_what_the_picture_cuts_off_is_no_edge() -> None:
    alpha = np.zeros((12, 16), np.float32)
    alpha[:, 8:] = 1.0
    for shift_px, feather_px in ((-3.0, 0.0), (3.0, 0.0), (0.0, 5.0), (0.0, -5.0)):
        seen = edited(alpha, shift_px, feather_px)
        assert (seen == seen[:1]).all()
        assert (seen[:, 15] == 1).all()
        assert (seen[:, 0] == 0).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_slider_moves_without_a_jump(sign: float) -> None:
    alpha = oracles.bilinear(np.random.default_rng(0).random((7, 9, 1)) > 0.6, (28, 36))[..., 0]
    alpha = alpha.astype(np.float32)
    steps = np.arange(0, 8, 0.1)
    for moved in (
        [edited(alpha, shift_px=float(sign * step)) for step in steps],
        [edited(alpha, feather_px=float(sign * step)) for step in steps],
    ):
        for smaller, larger in pairwise(moved):
            change = sign * (larger - smaller)
            assert change.max() < 0.16
            assert change.min() > -0.04, "it goes on the same way"
        assert np.abs(moved[-1] - moved[0]).max() > 0.3


def test_a_feather_takes_nothing_away_and_is_level_at_both_ends() -> None:
    alpha = np.zeros((5, 40), np.float32)
    alpha[:, :20] = 1.0
    seen = edited(alpha, feather_px=10.0)[2]
    distance = np.arange(1, 21)
    assert (seen[:20] == 1).all()
    np.testing.assert_allclose(seen[20:], np.maximum(1 - (distance / 10) ** 2, 0) ** 2, atol=1e-6)
    np.testing.assert_allclose(edited(1 - alpha, feather_px=-10.0)[2], 1 - seen, atol=1e-6)


def test_soft_hair_keeps_its_alpha_beneath_a_feather() -> None:
    alpha = np.random.default_rng(1).random((20, 20), np.float32)
    assert (edited(alpha, feather_px=6.0) >= alpha).all()
    assert (edited(alpha, feather_px=-6.0) <= alpha + 1e-6).all()


def test_inward_and_softened_outward_is_a_soft_edge_about_the_old_one() -> None:
    alpha = np.zeros((5, 40), np.float32)
    alpha[:, :20] = 1.0  # the edge lies at 19.5
    seen = edited(alpha, -4.0, 8.0)[2]
    assert (seen[:16] == 1).all()
    assert (seen[24:] == 0).all()
    assert 0.4 < (seen[19] + seen[20]) / 2 < 0.6


def test_nothing_to_do_changes_nothing() -> None:
    alpha = np.random.default_rng(2).random((9, 11), np.float32)
    np.testing.assert_array_equal(edited(alpha), alpha)
    for even in (np.zeros((9, 11), np.float32), np.ones((9, 11), np.float32)):
        for px in (3.0, -3.0):
            np.testing.assert_array_equal(edited(even, px, px), even)


def test_memory_is_kept_from_one_picture_to_the_next() -> None:
    scratch, random = Scratch(), np.random.default_rng(3)
    kept = []
    for alpha in random.random((3, 9, 11), np.float32):
        out = np.empty_like(alpha)
        edit_alpha(alpha, -2.0, 3.0, out, scratch)
        np.testing.assert_array_equal(out, edited(alpha, -2.0, 3.0))
        kept.append({name: id(array) for name, array in scratch._arrays.items()})
    assert kept[0] == kept[1] == kept[2]
    assert kept[0]


def test_what_an_edge_adds_has_the_colours_of_the_picture() -> None:
    random = np.random.default_rng(4)
    picture = random.integers(0, 256, (6, 8, 4), np.uint8)
    matte = random.random((6, 8, 4), np.float32)
    matte[..., :3] *= matte[..., 3:]
    shown = random.random((6, 8), np.float32)
    before = matte.copy()
    add_picture(picture, shown, matte)
    added = np.maximum(shown - before[..., 3], 0)
    np.testing.assert_allclose(matte[..., 3], np.maximum(shown, before[..., 3]), atol=1e-6)
    light = oracles.linear(picture[..., :3] / 255.0)
    np.testing.assert_allclose(matte[..., :3], before[..., :3] + added[..., None] * light, atol=1e-6)


ALPHA = np.zeros((4, 6), np.float32)
WRONG_CALLS: list[Callable[[], None]] = [
    lambda: edit_alpha(ALPHA[0], 1.0, 0.0, ALPHA),
    lambda: edit_alpha(ALPHA, 1.0, 0.0, ALPHA[:3]),
    lambda: edit_alpha(ALPHA.astype(np.float64), 1.0, 0.0, ALPHA),  # type: ignore[arg-type]
    lambda: edit_alpha(ALPHA, float("nan"), 0.0, ALPHA.copy()),
    lambda: edit_alpha(ALPHA, 0.0, float("inf"), ALPHA.copy()),
    lambda: add_picture(np.zeros((4, 6, 3), np.uint8), ALPHA[:3], np.zeros((4, 6, 4), np.float32)),
    lambda: add_picture(np.zeros((4, 6, 3), np.uint8), ALPHA, np.zeros((4, 6, 3), np.float32)),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], None]) -> None:
    with pytest.raises(PictureError):
        call()
