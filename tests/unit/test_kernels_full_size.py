"""Alpha and the person's colour at full size against the oracles, and what a viewer would notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.full_size import full_size, small_matte
from tests.unit import oracles

DEPTHS = [np.uint8, np.uint16]


def made(
    picture: NDArray[Any], matte: NDArray[np.float32], detail: NDArray[np.float32], **options: Any
) -> tuple[NDArray[np.float32], NDArray[Any]]:
    alpha = np.full(picture.shape[:2], 9.0, np.float32)
    foreground = np.full((*picture.shape[:2], 3), 77, picture.dtype)
    full_size(picture, matte, detail, alpha, foreground, **options)
    return alpha, foreground


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("full", "small"),
    [((1, 1), (1, 1)), ((6, 9), (6, 9)), ((12, 18), (4, 6)), ((13, 37), (5, 8)), ((5, 7), (9, 16))],
)
def test_equals_the_oracle(depth: type, full: tuple[int, int], small: tuple[int, int]) -> None:
    random = np.random.default_rng(full[1])
    brightest = np.iinfo(depth).max
    picture = random.integers(0, brightest + 1, (*full, 4)).astype(depth)
    detail = random.uniform(-2, 2, (*small, 4)).astype(np.float32)
    matte = random.random((*small, 4), np.float32)
    matte[:2, :3, 3], matte[-2:, -3:, 3] = 0.0, 1.0  # nobody; all person
    matte[0, 0, 3] = 5e-5
    matte[..., :3] *= matte[..., 3:]
    expected = oracles.sharpened(picture, *(oracles.bilinear(part, full) for part in (detail, matte)))
    colour = oracles.full_size_foreground(picture, expected)
    for view in (picture, np.asfortranarray(picture), np.ascontiguousarray(picture[::-1])[::-1]):
        alpha, foreground = made(view, matte, detail)
        np.testing.assert_allclose(alpha, expected[..., 3], atol=1e-5)
        seen = expected[..., 3] > 1e-3  # what is hardly there has no colour that one could measure
        step = brightest / 255
        assert np.abs(foreground / step - colour)[seen].max(initial=0) <= (
            0.75 if depth is np.uint8 else 0.05
        )


def edge_of(small: tuple[int, int], random: np.random.Generator) -> NDArray[np.float32]:
    """Any way that spill may go, here and there none."""
    edge = random.uniform(-0.6, 0.6, (*small, 4)).astype(np.float32)
    edge[..., :3] -= (edge[..., :3] @ oracles.LUMA)[..., None].astype(np.float32)
    edge[: small[0] // 2] = 0.0
    return edge


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("contrast", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("full", "small"), [((1, 1), (1, 1)), ((13, 37), (5, 8)), ((5, 7), (9, 16))])
def test_harder_edges_without_spill_equal_the_oracle(
    depth: type, contrast: float, full: tuple[int, int], small: tuple[int, int]
) -> None:
    random = np.random.default_rng(full[1])
    brightest = np.iinfo(depth).max
    picture = random.integers(0, brightest + 1, (*full, 3)).astype(depth)
    detail = random.uniform(-2, 2, (*small, 4)).astype(np.float32)
    matte = np.clip(random.normal(0.5, 0.6, (*small, 4)), 0, 1).astype(np.float32)
    matte[..., :3] *= matte[..., 3:]
    edge = edge_of(small, random)
    expected = oracles.sharpened(picture, *(oracles.bilinear(part, full) for part in (detail, matte)))
    hard = np.clip((expected[..., 3] - 0.5) / (1 - 0.95 * contrast) + 0.5, 0, 1)
    straight = expected[..., :3] / np.maximum(expected[..., 3:], 1e-4)
    colour = oracles.full_size_foreground(picture, np.dstack([straight * hard[..., None], hard]))
    light = oracles.linear(colour / 255)
    colour = oracles.encoded8(oracles.without_spill(light, oracles.bilinear(edge, full)))
    alpha, foreground = made(picture, matte, detail, edge=edge, contrast=contrast)
    np.testing.assert_allclose(alpha, hard, atol=1e-5 / (1 - 0.95 * contrast))
    seen = (hard > 1e-3) & (expected[..., 3] > 1e-3)
    step = brightest / 255
    assert np.abs(foreground / step - colour)[seen].max(initial=0) <= (0.75 if depth is np.uint8 else 0.05)


@pytest.mark.parametrize("depth", DEPTHS)
def test_neutral_settings_change_no_bit(depth: type) -> None:
    random = np.random.default_rng(5)
    picture = random.integers(0, np.iinfo(depth).max + 1, (24, 30, 3)).astype(depth)
    matte = np.clip(random.normal(0.5, 0.6, (8, 10, 4)), 0, 1).astype(np.float32)
    detail = random.uniform(-2, 2, matte.shape).astype(np.float32)
    plain = made(picture, matte, detail)
    nothing = np.zeros_like(matte)
    nothing[..., 3] = 0.7  # the share of light is no spill
    for found, expected in zip(made(picture, matte, detail, edge=nothing, contrast=0.0), plain, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("depth", DEPTHS)
def test_spill_reaches_into_the_person_and_spares_what_has_none(depth: type) -> None:
    unit = np.iinfo(depth).max // 255
    picture = np.full((8, 12, 3), (90 * unit, 130 * unit, 80 * unit), depth)
    picture[:, 6:] = (200 * unit, 140 * unit, 120 * unit)
    matte = np.zeros((4, 6, 4), np.float32)
    matte[..., 3] = 1.0
    green = np.zeros_like(matte)
    way = np.array([0.0, 1.0, 0.0]) - oracles.LUMA[1]
    green[..., :3] = way / np.linalg.norm(way)
    alpha, foreground = made(picture, matte, np.zeros_like(matte), edge=green)
    assert (alpha == 1).all()
    tinted, skin = foreground[:, :6] / unit, foreground[:, 6:]
    assert (tinted[..., 1] < 125).all()
    assert (tinted[..., [0, 2]] > (90, 80)).all()
    assert np.abs(skin.astype(int) - picture[:, 6:]).max() <= (0 if depth is np.uint8 else 2)


@pytest.mark.parametrize("column", range(4))
def test_the_rooms_colour_is_taken_out_on_both_sides_of_where_it_is_known(column: int) -> None:
    picture = np.full((8, 16, 3), (60, 200, 60), np.uint8)
    matte, edge = np.ones((2, 4, 4), np.float32), np.zeros((2, 4, 4), np.float32)
    way = np.array([-1.0, 0.4, -1.0]) * 0.7
    edge[:, column, :3] = way - way @ oracles.LUMA
    _, foreground = made(picture, matte, np.zeros_like(matte), edge=edge)
    is_taken = (foreground != picture).any(axis=2)
    reach = np.abs((np.arange(16) + 0.5) / 4 - (column + 0.5))
    assert is_taken[:, reach < 0.9].all()
    assert not is_taken[:, reach > 1].any()


@pytest.mark.parametrize(("contrast", "held"), [(3.0, 1.0), (-3.0, 0.0)])
def test_contrast_is_held_to_its_range(contrast: float, held: float) -> None:
    matte = np.random.default_rng(0).random((4, 6, 4), np.float32)
    picture, flat = np.full((8, 12, 3), 90, np.uint8), np.zeros_like(matte)
    asked, limit = (made(picture, matte, flat, contrast=value) for value in (contrast, held))
    for found, expected in zip(asked, limit, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_hard_edges_leave_no_colour_where_nobody_is_left() -> None:
    matte = np.full((4, 6, 4), 0.2, np.float32)
    alpha, foreground = made(np.full((8, 12, 3), 200, np.uint8), matte, np.zeros_like(matte), contrast=1.0)
    assert (alpha == 0).all()
    assert (foreground == 0).all()


def test_an_edge_of_the_picture_becomes_an_edge_of_the_matte() -> None:
    small = np.full((6, 8, 3), 20, np.uint8)
    small[:, :4], small[:, 4] = 220, 120  # the edge runs through the fifth pixel
    alpha = np.zeros((6, 8), np.float32)
    alpha[:, :4], alpha[:, 4] = 1.0, 0.5
    picture = np.full((24, 32, 3), 20, np.uint8)
    picture[:, :18] = 220
    colour = np.ascontiguousarray(small.transpose(2, 0, 1) / np.float32(255))
    found, _ = made(picture, *small_matte(small, alpha, colour, 4.0))
    bilinear = oracles.bilinear(alpha[..., None], (24, 32))[..., 0]
    truth = (np.arange(32) < 18).astype(np.float32)[None]
    assert np.abs(found - truth).mean() < 0.5 * np.abs(bilinear - truth).mean()


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_person_keeps_every_value_of_the_picture_and_a_room_none(depth: type) -> None:
    picture = np.arange(256, dtype=depth)[None, :, None].repeat(3, axis=2) * (np.iinfo(depth).max // 255)
    matte = np.zeros((1, 64, 4), np.float32)
    wild = np.random.default_rng(0).uniform(-4, 4, matte.shape).astype(np.float32)
    matte[..., 3] = 1.0
    alpha, foreground = made(picture, matte, wild)
    assert (alpha == 1).all()
    np.testing.assert_array_equal(foreground, picture)
    alpha, foreground = made(picture, np.zeros_like(matte), wild)
    assert (alpha == 0).all()
    assert (foreground == 0).all()


def test_alpha_stays_in_range_and_an_even_picture_changes_nothing() -> None:
    random = np.random.default_rng(4)
    matte = random.random((20, 20, 4), np.float32)
    matte[..., :3] *= matte[..., 3:]
    wild = random.uniform(-9, 9, matte.shape).astype(np.float32)
    alpha, _ = made(random.integers(0, 256, (40, 50, 3), np.uint8), matte, wild)
    assert alpha.min() >= 0
    assert alpha.max() <= 1
    even = np.full((6, 8, 3), 90, np.uint8)
    soft = random.random((6, 8), np.float32)
    colour = np.full((3, 6, 8), 0.3, np.float32)
    alpha, _ = made(np.full((24, 32, 3), 90, np.uint8), *small_matte(even, soft, colour, 4.0))
    np.testing.assert_allclose(alpha, oracles.bilinear(soft[..., None], (24, 32))[..., 0], atol=1e-5)


def test_not_a_number_stays_in_bounds() -> None:
    nothing = np.full((2, 2, 4), np.nan, np.float32)
    _, foreground = made(np.full((4, 4, 3), 200, np.uint8), nothing, nothing)
    assert foreground.shape == (4, 4, 3)


RGB, ALPHA, MATTE = (
    np.zeros((4, 6, 3), np.uint8),
    np.zeros((4, 6), np.float32),
    np.zeros((2, 3, 4), np.float32),
)
WRONG_CALLS: list[Callable[[], object]] = [
    lambda: full_size(RGB.astype(np.float32), MATTE, MATTE, ALPHA, RGB),
    lambda: full_size(RGB[..., :2], MATTE, MATTE, ALPHA, RGB),
    lambda: full_size(RGB, MATTE[..., :3], MATTE, ALPHA, RGB),
    lambda: full_size(RGB, MATTE, MATTE[:1], ALPHA, RGB),
    lambda: full_size(RGB, MATTE, MATTE, ALPHA[:3], RGB),
    lambda: full_size(RGB, MATTE, MATTE, ALPHA, RGB.astype(np.uint16)),
    lambda: full_size(RGB, MATTE, MATTE, ALPHA, RGB, edge=MATTE[:1]),
    lambda: small_matte(RGB, ALPHA[:3], np.zeros((3, 4, 6), np.float32), 2.0),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(PictureError):
        call()
