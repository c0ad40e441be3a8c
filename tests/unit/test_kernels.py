"""Planes against their oracle, and the checks that every kernel makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import kernels
from rvm_core.errors import PictureError
from rvm_core.kernels import srgb
from rvm_core.kernels._arguments import DEPTHS
from rvm_core.kernels.blocks import block_means
from rvm_core.kernels.bokeh import bokeh
from rvm_core.kernels.composite import composite
from rvm_core.kernels.cut import distance, histogram
from rvm_core.kernels.exposure import bright_luma
from rvm_core.kernels.foreground import diffused_foreground
from rvm_core.kernels.noise import noise_sigma
from rvm_core.kernels.planes import to_planes
from rvm_core.kernels.steady import steady
from tests.unit import oracles

SHAPES = [(1, 1, 3), (1, 7, 4), (5, 1, 3), (9, 16, 3), (13, 11, 4)]


def picture_of(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def views(shape: tuple[int, int, int]) -> list[NDArray[np.uint8]]:
    """The same picture contiguous, with padded rows, and mirrored twice over."""
    picture = picture_of(shape)
    padded = np.zeros((shape[0], shape[1] + 3, 4), np.uint8)
    padded[:, : shape[1], : shape[2]] = picture
    mirrored = np.ascontiguousarray(picture[::-1, ::-1])
    return [picture, padded[:, : shape[1], : shape[2]], mirrored[::-1, ::-1]]


@pytest.mark.parametrize("shape", SHAPES)
def test_planes(shape: tuple[int, int, int]) -> None:
    for picture in views(shape):
        out = np.full((1, 3, *shape[:2]), -1.0, np.float32)
        to_planes(picture, 0, 0, out)
        np.testing.assert_allclose(out, oracles.planes(picture), atol=1e-6)


@pytest.mark.parametrize(("left", "top", "width", "height"), [(0, 0, 16, 16), (3, 2, 4, 4), (5, 0, 16, 3)])
def test_planes_of_a_rectangle_repeat_the_last_row_and_column(
    left: int, top: int, width: int, height: int
) -> None:
    picture = picture_of((9, 11, 3))
    out = np.full((1, 3, height, width), -1.0, np.float32)
    to_planes(picture, left, top, out)
    padded = np.pad(picture, ((0, 32), (0, 32), (0, 0)), mode="edge")
    expected = oracles.planes(padded[top : top + height, left : left + width])
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_planes_with_a_gain_stay_within_1() -> None:
    picture = picture_of((9, 11, 3))
    out = np.empty((1, 3, 9, 11), np.float32)
    to_planes(picture, 0, 0, out, 2.5)
    np.testing.assert_allclose(out, np.minimum(2.5 * oracles.planes(picture), 1), atol=1e-6)
    assert out.max() == 1


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("noise", [2.0, 60.0, 400.0])
def test_planes_without_noise(shape: tuple[int, int, int], noise: float) -> None:
    for picture in views(shape):
        out = np.full((1, 3, *shape[:2]), -1.0, np.float32)
        to_planes(picture, 0, 0, out, 1.0, noise)
        np.testing.assert_allclose(out, oracles.calm_planes(picture, noise), atol=1e-4)


def test_planes_without_noise_of_a_rectangle() -> None:
    """Its neighbours are the picture's, not its own edge."""
    picture = picture_of((9, 11, 3))
    out = np.empty((1, 3, 4, 5), np.float32)
    to_planes(picture, 3, 2, out, 0.5, 60.0)
    np.testing.assert_allclose(out, 0.5 * oracles.calm_planes(picture, 60.0)[..., 2:6, 3:8], atol=1e-4)


@pytest.mark.parametrize("sigma", [1.0, 4.0, 12.0])
def test_noise_sigma(sigma: float) -> None:
    random = np.random.default_rng(1)
    ramp = np.linspace(60, 180, 48)[None, :, None]
    first, second = (
        np.clip(np.rint(ramp + random.normal(0, sigma, (32, 48, 3))), 0, 255).astype(np.uint8) for _ in "ab"
    )
    assert noise_sigma(first, second) == pytest.approx(sigma, rel=0.15)


def test_noise_is_neither_texture_nor_movement() -> None:
    texture, flat = picture_of((32, 48, 3)), np.full((32, 48, 4), 90, np.uint8)
    assert noise_sigma(texture, texture) == 0
    assert noise_sigma(flat, flat + 40) == 0
    assert noise_sigma(texture[:2], texture[:2]) == 0
    with pytest.raises(PictureError):
        noise_sigma(texture, texture[:8])


@pytest.mark.parametrize("shape", SHAPES)
def test_bright_luma(shape: tuple[int, int, int]) -> None:
    for picture in views(shape):
        lumas = np.sort(np.rint(picture[..., :3] @ np.array([0.2126, 0.7152, 0.0722])).ravel())
        for share in (0.1, 0.5, 0.98, 1.0):
            expected = lumas[math.ceil(share * lumas.size) - 1]
            assert bright_luma(picture, share) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("shape", [(16, 24, 3), (17, 9, 4), (3, 3, 3)])
def test_block_means(shape: tuple[int, int, int]) -> None:
    for picture in views(shape):
        means = block_means(picture, 8)
        assert means.shape == (-(-shape[0] // 8), -(-shape[1] // 8), 3)
        for y in range(means.shape[0]):
            for x in range(means.shape[1]):
                block = picture[8 * y : 8 * y + 8, 8 * x : 8 * x + 8, :3]
                np.testing.assert_allclose(means[y, x], block.reshape(-1, 3).mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_steady(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(3)
    alpha_before, network = random.random((2, *shape[:2]), np.float32)
    for picture in views(shape):
        before = np.clip(picture[..., :3] + random.integers(-12, 13, shape[:2])[..., None], 0, 255)
        before = before.astype(np.uint8)
        alpha = network.copy()
        steady(picture, before, alpha_before, alpha)
        expected = oracles.steady(picture, before, alpha_before, network)
        np.testing.assert_allclose(alpha, expected, atol=1e-5)


def test_steady_holds_what_stands_still_and_lets_go_of_what_moves() -> None:
    still, moved = np.full((8, 8, 3), 90, np.uint8), np.full((8, 8, 3), 98, np.uint8)
    before, new = np.full((8, 8), 0.5, np.float32), np.full((8, 8), 0.55, np.float32)
    for picture, expected in ((still, 0.5 + 0.3 * 0.05), (moved, 0.55)):
        alpha = new.copy()
        steady(picture, still, before, alpha)
        np.testing.assert_allclose(alpha, expected, atol=1e-6)
    alpha = np.ones((8, 8), np.float32)
    steady(still, still, before, alpha)
    assert (alpha == 1).all(), "the network saw something: it passes"


def test_composite_of_16_bits() -> None:
    random = np.random.default_rng(9)
    near, far = random.integers(0, 65536, (2, 5, 7, 3)).astype(np.uint16)
    alpha = np.clip(random.normal(0.5, 0.6, (5, 7)), 0, 1).astype(np.float32)
    out = np.empty_like(near)
    composite(near, alpha, far, out)
    share = alpha[..., None]
    light = oracles.linear(near / 65535) * share + oracles.linear(far / 65535) * (1 - share)
    assert np.abs(out / 257 - oracles.encoded8(light)).max() <= 0.01
    np.testing.assert_array_equal(out[alpha == 1], near[alpha == 1])
    np.testing.assert_array_equal(out[alpha == 0], far[alpha == 0])


@pytest.mark.parametrize("shape", SHAPES)
def test_composite(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(4)
    alpha = np.clip(random.normal(0.5, 0.6, shape[:2]), -0.2, 1.2).astype(np.float32)
    background = picture_of((*shape[:2], 3), seed=5)
    for picture in views(shape):
        out = np.full((*shape[:2], 4), 77, np.uint8)
        composite(picture, alpha, background, out)
        expected = oracles.composite(picture, alpha, background)
        assert np.abs(out[..., :3].astype(int) - expected).max() <= 1
        assert (out[..., 3] == 77).all()
        over_itself = background.copy()
        composite(picture, alpha, over_itself, over_itself)
        np.testing.assert_array_equal(over_itself, out[..., :3])


def test_not_a_number_stays_in_bounds() -> None:
    picture, nothing = picture_of((2, 2, 3)), np.full((2, 2), np.nan, np.float32)
    matte = np.full((2, 2, 4), 9.0, np.float32)
    diffused_foreground(nothing, np.full((3, 2, 2), np.nan, np.float32), matte)
    assert (matte == 0).all()
    out = np.zeros((2, 2, 4), np.uint8)
    composite(picture, nothing, np.full((2, 2, 3), 9, np.uint8), out)
    assert (out[..., :3] == 9).all(), "no part of the room"
    bokeh(picture, nothing, 2.0, 0.0, out)
    assert (out == (0, 0, 0, 255)).all()


def test_tables_are_the_srgb_curve() -> None:
    steps = np.linspace(0, 1, 4001)
    decoded = [srgb.decode(float(v), srgb.DECODE_FINE) for v in steps]
    np.testing.assert_allclose(decoded, oracles.linear(steps), atol=1e-6)
    for dtype in DEPTHS:
        light, root, encoded = srgb.tables(dtype)
        values = np.arange(light.size)
        np.testing.assert_allclose(light, oracles.linear(values / values[-1]), atol=1e-6)
        back = encoded[np.rint(root * (encoded.size - 1)).astype(int)]
        assert np.abs(back.astype(int) - values).max() <= (0 if dtype is np.uint8 else 1)


RGB = picture_of((4, 6, 3))
ALPHA = np.zeros((4, 6), np.float32)
WRONG_CALLS: list[Callable[[], Any]] = [
    lambda: block_means(RGB[..., 0], 2),
    lambda: to_planes(RGB.astype(np.float32), 0, 0, np.empty((1, 3, 4, 6), np.float32)),  # type: ignore[arg-type]
    lambda: bright_luma(RGB[0], 0.5),
    lambda: to_planes(RGB[..., :2], 0, 0, np.empty((1, 3, 4, 6), np.float32)),
    lambda: to_planes(RGB, 0, 0, np.empty((1, 4, 4, 6), np.float32)),
    lambda: to_planes(RGB, 0, -1, np.empty((1, 3, 4, 6), np.float32)),
    lambda: to_planes(RGB[:0], 0, 0, np.empty((1, 3, 0, 6), np.float32)),
    lambda: diffused_foreground(ALPHA[:3], np.zeros((3, 4, 6), np.float32), np.empty((4, 6, 4), np.float32)),
    lambda: diffused_foreground(ALPHA, np.zeros((4, 6, 4), np.float32), np.empty((4, 6, 4), np.float32)),
    lambda: diffused_foreground(ALPHA, np.zeros((3, 4, 6)), np.empty((4, 6, 4), np.float32)),  # type: ignore[arg-type]
    lambda: diffused_foreground(ALPHA, np.zeros((3, 4, 6), np.float32), np.empty((4, 6, 3), np.float32)),
    lambda: steady(RGB, RGB[:3], ALPHA, ALPHA.copy()),
    lambda: steady(RGB, RGB, ALPHA[:3], ALPHA.copy()),
    lambda: steady(RGB, RGB, ALPHA, np.zeros((4, 6))),  # type: ignore[arg-type]
    lambda: composite(RGB, ALPHA.T, RGB, RGB.copy()),
    lambda: composite(RGB, ALPHA, RGB[:3], RGB.copy()),
    lambda: composite(RGB, ALPHA, RGB, RGB[:3].copy()),
    lambda: bokeh(RGB, ALPHA.T, 1.0, 0.0, np.empty((4, 6, 4), np.uint8)),
    lambda: bokeh(RGB, ALPHA, float("nan"), 0.0, np.empty((4, 6, 4), np.uint8)),
    lambda: bokeh(RGB, ALPHA, 1.0, float("inf"), np.empty((4, 6, 4), np.uint8)),
    lambda: bokeh(RGB, ALPHA, 1.0, 0.0, np.empty((4, 6, 3), np.uint8)),
    lambda: histogram(RGB[0]),
    lambda: distance(histogram(RGB), histogram(RGB)[:-1]),
    lambda: histogram("picture"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(PictureError):
        call()


def test_warm_reaches_every_kernel() -> None:
    kernels.warm()
