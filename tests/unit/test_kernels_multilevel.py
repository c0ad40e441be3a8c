"""The foreground estimated from picture and alpha, against its oracle and against known colours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.foreground import diffused_foreground
from rvm_core.kernels.multilevel import multilevel_foreground
from tests.unit import oracles


def estimated(picture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.full((3, *alpha.shape), 9.0, np.float32)
    multilevel_foreground(picture, alpha, out)
    return out


def scene(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """The person's colour [3, h, w], alpha with a soft edge, and the picture over a striped room."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    front = np.stack([0.8 - 0.2 * y, 0.3 + 0.3 * x, 0.1 + 0.2 * y])
    room = np.where((x * 8).astype(int) % 2, 0.9, 0.2) * np.array([0.2, 0.6, 1.0])[:, None, None]
    alpha = np.clip(3.0 - 6.0 * np.hypot(x - 0.5, y - 0.6), 0, 1)
    picture = np.rint(255 * (alpha * front + (1 - alpha) * room)).astype(np.uint8).transpose(1, 2, 0)
    return front.astype(np.float32), alpha.astype(np.float32), np.ascontiguousarray(picture)


# 40 columns are more than the coarse sizes; odd sides are halved with the last pixel repeated.
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (9, 16), (7, 40)])
def test_equals_the_oracle(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(shape[1])
    picture = random.integers(0, 256, (*shape, 4), np.uint8)
    alpha = random.uniform(-0.3, 1.3, shape).astype(np.float32)
    alpha[0, 0] = np.nan
    expected = oracles.multilevel_foreground(picture, alpha)
    for view in (picture, picture[..., :3], np.ascontiguousarray(picture[::-1])[::-1]):
        np.testing.assert_allclose(estimated(view, alpha), expected, atol=2e-4)


def test_nearer_to_the_person_than_the_picture_is() -> None:
    front, alpha, picture = scene(24, 36)
    edge = (alpha > 0.05) & (alpha < 0.95)
    wrong = np.abs(estimated(picture, alpha) - front).mean(axis=0)
    wrong_picture = np.abs(picture.transpose(2, 0, 1) / 255 - front).mean(axis=0)
    assert wrong[edge].mean() < 0.35 * wrong_picture[edge].mean()
    np.testing.assert_allclose(wrong[alpha == 1], 0, atol=1 / 255)


def test_colour_goes_on_beyond_the_edge() -> None:
    """What is enlarged bilinearly mixes edge pixels with their neighbours of alpha 0."""
    front, alpha, picture = scene(24, 36)
    solid = alpha > 0
    around = np.zeros_like(solid)
    for shift in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        around |= np.roll(solid, shift, (0, 1))
    beyond = around & ~solid
    wrong = np.abs(estimated(picture, alpha) - front).mean(axis=0)[beyond]
    wrong_picture = np.abs(picture.transpose(2, 0, 1) / 255 - front).mean(axis=0)[beyond]
    assert wrong.mean() < 0.5 * wrong_picture.mean()


def test_nobody_and_nothing_but_somebody() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
    planes = picture.transpose(2, 0, 1) / np.float32(255)
    np.testing.assert_allclose(estimated(picture, np.ones((8, 16), np.float32)), planes, atol=1e-6)
    mean = np.broadcast_to(planes.mean(axis=(1, 2))[:, None, None], planes.shape)
    for nobody in (0.0, -1.0, np.nan):
        alpha = np.full((8, 16), nobody, np.float32)
        np.testing.assert_allclose(estimated(picture, alpha), mean, atol=1e-5)


def test_noise_of_the_camera_stays_noise() -> None:
    """Of the estimate's change from picture to picture, no more is seen than the camera put in."""
    _, alpha, picture = scene(24, 36)
    random = np.random.default_rng(0)
    noisy = [
        np.clip(np.rint(picture + random.normal(0, 5, picture.shape)), 0, 255).astype(np.uint8)
        for _ in range(6)
    ]
    edge = (alpha > 0.05) & (alpha < 0.95)
    seen = np.stack([estimated(one, alpha) * alpha for one in noisy]).std(axis=0)[:, edge]
    assert seen.mean() < 5 / 255


def test_the_compositor_takes_it_like_the_network_s() -> None:
    front, alpha, picture = scene(24, 36)
    matte = np.empty((24, 36, 4), np.float32)
    diffused_foreground(alpha, estimated(picture, alpha), matte)
    edge = (alpha > 0.2) & (alpha < 0.95)
    light = oracles.linear(front.transpose(1, 2, 0))
    assert np.abs(matte[..., :3] / np.maximum(matte[..., 3:], 1e-3) - light)[edge].mean() < 0.05


PICTURE, ALPHA, OUT = (
    np.zeros((4, 6, 3), np.uint8),
    np.zeros((4, 6), np.float32),
    np.zeros((3, 4, 6), np.float32),
)
WRONG_CALLS: list[Callable[[], None]] = [
    lambda: multilevel_foreground(PICTURE[..., :2], ALPHA, OUT),
    lambda: multilevel_foreground(PICTURE, ALPHA[:3], OUT),
    lambda: multilevel_foreground(PICTURE, ALPHA, OUT[:2]),
    lambda: multilevel_foreground(PICTURE, ALPHA.astype(np.float64), OUT),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], None]) -> None:
    with pytest.raises(PictureError):
        call()
