"""The matte at full size against its oracles, and what a viewer would notice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.upscale import add_detail, fit_detail
from tests.unit import oracles


def fitted(
    picture: NDArray[np.uint8], alpha: NDArray[np.float32], enlargement: float = 4.0
) -> NDArray[np.float32]:
    out = np.full((*alpha.shape, 4), 9.0, np.float32)
    fit_detail(picture, alpha, enlargement, out)
    return out


def sharpened(
    picture: NDArray[np.uint8], detail: NDArray[np.float32], matte: NDArray[np.float32]
) -> NDArray[np.float32]:
    out = matte.copy()
    add_detail(picture, detail, out)
    return out


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 4), (5, 1, 3), (9, 16, 4)])
@pytest.mark.parametrize("enlargement", [0.5, 1.0, 2.0, 4.0])
def test_the_fit_equals_the_oracle(shape: tuple[int, int, int], enlargement: float) -> None:
    random = np.random.default_rng(shape[1])
    picture = random.integers(0, 256, shape, np.uint8)
    alpha = random.random(shape[:2], np.float32)
    alpha[:3, :4] = 0.3  # flat
    expected = oracles.detail(picture, alpha, enlargement)
    for view in (picture, np.asfortranarray(picture), np.ascontiguousarray(picture[::-1])[::-1]):
        np.testing.assert_allclose(fitted(view, alpha, enlargement), expected, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 3), (6, 9, 4)])
def test_full_size_equals_the_oracle(shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, shape, np.uint8)
    detail = random.uniform(-2, 2, (*shape[:2], 4)).astype(np.float32)
    matte = random.random((*shape[:2], 4), np.float32)
    matte[0, 0, 3] = 5e-5
    matte[..., :3] *= matte[..., 3:]
    expected = oracles.sharpened(picture, detail, matte)
    for view in (picture, np.asfortranarray(picture), np.ascontiguousarray(picture[::-1])[::-1]):
        np.testing.assert_allclose(sharpened(view, detail, matte), expected, atol=1e-5)


def test_an_edge_of_the_picture_becomes_an_edge_of_the_matte() -> None:
    small = np.full((6, 8, 3), 20, np.uint8)
    small[:, :4], small[:, 4] = 220, 120  # the edge runs through the fifth pixel
    alpha = np.zeros((6, 8), np.float32)
    alpha[:, :4], alpha[:, 4] = 1.0, 0.5
    picture = np.full((24, 32, 3), 20, np.uint8)
    picture[:, :18] = 220

    def enlarged(part: NDArray[np.float32]) -> NDArray[np.float32]:
        at = np.clip((np.arange(32) + 0.5) / 4 - 0.5, 0, 7)
        low = np.minimum(at.astype(int), 6)
        share = (at - low)[:, None]
        return np.repeat((part[:1, low] * (1 - share) + part[:1, low + 1] * share), 24, axis=0).astype(
            np.float32
        )

    matte = np.repeat(alpha[..., None], 4, axis=2)
    bilinear = enlarged(matte)
    found = sharpened(picture, enlarged(fitted(small, alpha)), bilinear)
    truth = (np.arange(32) < 18).astype(np.float32)[None]
    assert np.abs(found[..., 3] - truth).mean() < 0.5 * np.abs(bilinear[..., 3] - truth).mean()
    np.testing.assert_allclose(found[..., 0], found[..., 3], atol=1e-6)


def test_an_even_picture_and_a_sure_matte_stay_as_they_are() -> None:
    random = np.random.default_rng(3)
    alpha = random.random((6, 8), np.float32)
    even = np.full((6, 8, 3), 90, np.uint8)
    detail = fitted(even, alpha)
    matte = np.repeat(alpha[..., None], 4, axis=2)
    np.testing.assert_allclose(sharpened(even, detail, matte), matte, atol=1e-5)
    sure = np.repeat((alpha > 0.5).astype(np.float32)[..., None], 4, axis=2)
    wild = random.uniform(-4, 4, (6, 8, 4)).astype(np.float32)
    np.testing.assert_array_equal(sharpened(even, wild, sure), sure)


def test_alpha_and_colour_stay_in_range() -> None:
    random = np.random.default_rng(4)
    picture = random.integers(0, 256, (20, 20, 3), np.uint8)
    matte = random.random((20, 20, 4), np.float32)
    matte[..., :3] *= matte[..., 3:]
    found = sharpened(picture, random.uniform(-9, 9, (20, 20, 4)).astype(np.float32), matte)
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found[..., :3] <= found[..., 3:] + 1e-6).all()


ALPHA, RGB = np.zeros((4, 6), np.float32), np.zeros((4, 6, 3), np.uint8)
MATTE = np.zeros((4, 6, 4), np.float32)
WRONG_CALLS: list[Callable[[], None]] = [
    lambda: fit_detail(RGB[..., :2], ALPHA, 2.0, MATTE),
    lambda: fit_detail(RGB, ALPHA[:3], 2.0, MATTE),
    lambda: fit_detail(RGB, ALPHA, 2.0, MATTE[..., :3]),
    lambda: add_detail(RGB[:3], MATTE, MATTE),
    lambda: add_detail(RGB, MATTE[:3], MATTE),
    lambda: add_detail(RGB, MATTE, MATTE[..., :3]),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], None]) -> None:
    with pytest.raises(PictureError):
        call()
