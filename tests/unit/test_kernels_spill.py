"""The room's colour and light at the person's edges, against the oracle, and what a viewer would notice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.spill import spill_and_wrap
from tests.unit import oracles

GREEN, WOOD, GREY = (70, 200, 90), (176, 138, 100), (120, 120, 120)
SKIN, HAIR = (205, 150, 125), (40, 32, 28)


def edge_of(
    picture: NDArray[np.uint8], alpha: NDArray[np.float32], spill: float = 1.0, wrap: float = 0.0
) -> NDArray[np.float32]:
    out = np.full((*alpha.shape, 4), 9.0, np.float32)
    spill_and_wrap(picture, alpha, alpha, spill, wrap, out)
    return out


def person(
    room: tuple[int, int, int], own: tuple[int, int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A square person of one colour in the middle of a room of another."""
    picture = np.full((72, 96, 3), room, np.uint8)
    alpha = np.zeros((72, 96), np.float32)
    picture[16:56, 28:68], alpha[16:56, 28:68] = own, 1.0
    return picture, alpha


def chroma(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(light - (light @ oracles.LUMA)[..., None])


# 110 rows make cells of two pixels, 200 of three.
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (9, 16), (75, 14), (110, 13), (200, 31)])
@pytest.mark.parametrize(("spill", "wrap"), [(1.0, 0.0), (0.4, 0.7), (0.0, 1.0)])
def test_equals_the_oracle(shape: tuple[int, int], spill: float, wrap: float) -> None:
    random = np.random.default_rng(shape[1])
    alpha = np.clip(random.normal(0.5, 0.6, shape), 0, 1).astype(np.float32)
    kept = (alpha * random.random(shape)).astype(np.float32)
    alpha[shape[0] // 3 :, : shape[1] // 2] = kept[shape[0] // 3 :, : shape[1] // 2] = 1.0  # has an inside
    picture = random.integers(0, 256, (*shape, 4), np.uint8)
    picture[:, : shape[1] // 2, :3] = random.integers(0, 60, 3)
    expected = oracles.edge(picture, alpha.astype(np.float64), kept.astype(np.float64), spill, wrap)
    for view in (picture, picture[..., :3], np.asfortranarray(picture)):
        out = np.full((*shape, 4), 9.0, np.float32)
        spill_and_wrap(view, alpha, kept, spill, wrap, out)
        np.testing.assert_allclose(out, expected, atol=2e-4)


@pytest.mark.parametrize(("own", "amount"), [(SKIN, 0.6), (HAIR, 0.15)])
def test_green_light_on_the_edge_is_taken_away_and_its_brightness_stays(
    own: tuple[int, int, int], amount: float
) -> None:
    picture, alpha = person(GREEN, own)
    edge = edge_of(picture, alpha)
    clean = oracles.linear(np.array(own) / 255.0)
    tinted = np.broadcast_to(clean + amount * oracles.linear(np.array(GREEN) / 255.0), (*alpha.shape, 3))
    left = oracles.without_spill(tinted, edge)
    rim = np.s_[18:54, 28]
    before = np.linalg.norm(chroma(tinted) - chroma(clean), axis=-1)[rim]
    after = np.linalg.norm(chroma(left) - chroma(clean), axis=-1)[rim]
    assert after.max() < 0.5 * before.min()
    np.testing.assert_allclose(left @ oracles.LUMA, tinted @ oracles.LUMA, atol=1e-3)
    assert np.abs(left - tinted)[36, 48].max() < 1e-6, "far inside nothing changes"


@pytest.mark.parametrize("own", [SKIN, (110, 70, 50)])
def test_skin_before_a_wall_of_its_own_hue_does_not_turn_grey(own: tuple[int, int, int]) -> None:
    picture, alpha = person(WOOD, own)
    light = oracles.linear(picture / 255.0)
    left = oracles.without_spill(light, edge_of(picture, alpha))
    inside = alpha == 1
    assert np.linalg.norm(chroma(left) - chroma(light), axis=-1)[inside].max() < 0.05 * np.linalg.norm(
        chroma(light)[36, 48]
    )


def test_a_tinted_rim_is_not_taken_for_the_persons_own_colour() -> None:
    picture, alpha = person(GREEN, SKIN)
    untouched = edge_of(picture, alpha)
    inside = np.s_[19:53, 31:65]
    picture[alpha == 1] = (160, 210, 130)
    picture[inside] = SKIN
    tinted = edge_of(picture, alpha)
    rim = np.s_[20:52, 28]
    assert (np.linalg.norm(tinted[rim], axis=-1) > 0.5 * np.linalg.norm(untouched[rim], axis=-1)).all()


def test_a_room_without_a_colour_spills_none() -> None:
    picture, alpha = person(GREY, SKIN)
    assert np.abs(edge_of(picture, alpha)[..., :3]).max() < 1e-6


def test_spill_and_wrap_go_by_their_settings_and_their_nearness() -> None:
    picture, alpha = person(GREEN, HAIR)
    both, spill, wrap = (
        edge_of(picture, alpha, *amounts) for amounts in ((0.64, 0.5), (1.0, 0.0), (0.0, 1.0))
    )
    np.testing.assert_allclose(both[..., :3], 0.8 * spill[..., :3], atol=1e-6)
    np.testing.assert_allclose(both[..., 3], 0.5 * wrap[..., 3], atol=1e-6)
    assert (spill[..., 3] == 0).all()
    assert (wrap[..., :3] == 0).all()
    row = wrap[36, 27:50, 3]
    assert (np.diff(row) <= 0).all(), "less and less inside"
    assert row[0] == pytest.approx(0.6, abs=0.05)
    assert 0 < row[4] < 0.01
    assert row[5:].max() == 0
    np.testing.assert_allclose(spill[..., :3] @ oracles.LUMA, 0, atol=1e-6)


def test_an_edge_that_lies_further_inside_is_near_the_room() -> None:
    picture, alpha = person(GREEN, HAIR)
    kept = alpha.copy()
    kept[:, 28:40] = 0.0
    out = np.empty((72, 96, 4), np.float32)
    spill_and_wrap(picture, alpha, kept, 1.0, 1.0, out)
    assert out[36, 40, 3] > 0.3
    assert edge_of(picture, alpha, wrap=1.0)[36, 40, 3] < 0.01


RGB, ALPHA, OUT = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.float32), np.zeros((4, 6, 4), np.float32)
WRONG_CALLS: list[Callable[[], None]] = [
    lambda: spill_and_wrap(RGB[..., :2], ALPHA, ALPHA, 1.0, 1.0, OUT),
    lambda: spill_and_wrap(RGB, ALPHA[:3], ALPHA, 1.0, 1.0, OUT),
    lambda: spill_and_wrap(RGB, ALPHA, ALPHA[:3], 1.0, 1.0, OUT),
    lambda: spill_and_wrap(RGB, ALPHA, ALPHA, 1.0, 1.0, OUT[..., :3]),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], None]) -> None:
    with pytest.raises(PictureError):
        call()
