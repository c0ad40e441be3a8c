"""The background's light around the person, against the oracle, and what a viewer would notice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels._arguments import DEPTHS
from rvm_core.kernels.composite import composite
from rvm_core.kernels.light_wrap import LIGHT_LONG_SIDE, light_of
from tests.unit import oracles


@pytest.mark.parametrize(
    ("size", "reduced"),
    [((480, 270), (24, 13)), ((270, 480), (13, 24)), ((960, 20), (24, 1)), ((24, 24), (24, 24))],
)
def test_the_light_is_a_handful_of_area_means(size: tuple[int, int], reduced: tuple[int, int]) -> None:
    width, height = size
    background = np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8)
    light = light_of(background)
    assert light.shape == (*reduced[::-1], 3)
    assert light.dtype == np.float32
    wide, tall = width / reduced[0], height / reduced[1]
    for y, x in [(0, 0), (reduced[1] - 1, reduced[0] - 1), (reduced[1] // 2, reduced[0] // 2 + 1)]:
        covers = np.outer(_cover(y * tall, tall, height), _cover(x * wide, wide, width))[..., None]
        mean = np.rint((background[..., :3] * covers).sum(axis=(0, 1)) / (wide * tall))
        step = np.abs(oracles.linear((mean + 1) / 255) - oracles.linear(mean / 255))
        assert (np.abs(light[y, x] - oracles.linear(mean / 255)) <= 1.01 * step).all()
    assert LIGHT_LONG_SIDE == 24


def _cover(start: float, size: float, count: int) -> NDArray[np.float64]:
    """How much of each of `count` pixels lies between `start` and `start` + `size`."""
    at = np.arange(count)
    return np.clip(np.minimum(at + 1, start + size) - np.maximum(at, start), 0, None)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(
    ("full", "small", "lit"),
    [
        ((1, 1), (1, 1), (1, 1)),
        ((13, 37), (5, 8), (3, 9)),
        ((12, 18), (12, 18), (2, 3)),
        ((5, 7), (9, 16), (24, 24)),
    ],
)
def test_composite_equals_the_oracle(
    depth: type, full: tuple[int, int], small: tuple[int, int], lit: tuple[int, int]
) -> None:
    random = np.random.default_rng(full[0])
    brightest = int(np.iinfo(depth).max)
    near, far = random.integers(0, brightest + 1, (2, *full, 3)).astype(depth)
    alpha = np.clip(random.normal(0.5, 0.6, full), 0, 1).astype(np.float32)
    edge, light = random.random((*small, 4), np.float32), random.random((*lit, 3), np.float32)
    edge[: small[0] // 2, :, 3] = 0.0
    share = alpha[..., None].astype(float)
    front, k = oracles.linear(near / brightest) * share, oracles.bilinear(edge, full)[..., 3:]
    front = front + k * oracles.wrapped(light.astype(float), full) * np.maximum(share - front, 0)
    expected = oracles.encoded8(front + oracles.linear(far / brightest) * (1 - share))
    out = np.empty_like(near)
    composite(near, alpha, far, out, edge=edge, light=light)
    assert np.abs(out * (255 / brightest) - expected).max() <= (0.75 if depth is np.uint8 else 0.05)
    composite(near, alpha, far, near, edge=edge, light=light)
    np.testing.assert_array_equal(near, out)


def test_without_a_share_of_the_light_nothing_changes() -> None:
    random = np.random.default_rng(1)
    near, far = random.integers(0, 256, (2, 12, 18, 3)).astype(np.uint8)
    alpha = np.clip(random.normal(0.5, 0.6, (12, 18)), 0, 1).astype(np.float32)
    plain, out = np.empty_like(near), np.empty_like(near)
    composite(near, alpha, far, plain)
    spill_only = random.random((6, 9, 4), np.float32)
    spill_only[..., 3] = 0.0
    for light in (np.ones((2, 3, 3), np.float32), None):
        composite(
            near,
            alpha,
            far,
            out,
            edge=spill_only if light is not None else np.ones_like(spill_only),
            light=light,
        )
        np.testing.assert_array_equal(out, plain)


def test_light_of_one_side_falls_on_that_side_and_never_beyond_white() -> None:
    near, alpha = np.full((40, 60, 3), 40, np.uint8), np.ones((40, 60), np.float32)
    background = np.zeros((40, 60, 3), np.uint8)
    background[:, :30] = 255, 200, 100
    edge = np.full((10, 15, 4), 0.5, np.float32)
    out = np.empty_like(near)
    composite(near, alpha, background, out, edge=edge, light=light_of(background))
    assert (out[:, 0] > near[:, 0]).all()
    assert (out[:, -1] == near[:, -1]).all()
    assert out[20, 2, 0] > out[20, 2, 1] > out[20, 2, 2]
    near[:] = 255
    composite(near, alpha, background, out, edge=np.ones_like(edge), light=light_of(background))
    assert (out == 255).all()


RGB, ALPHA = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.float32)
EDGE, LIGHT = np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 3), np.float32)
WRONG_CALLS: list[Callable[[], object]] = [
    lambda: light_of(RGB[..., 0]),
    lambda: light_of(RGB.astype(np.uint16)),  # type: ignore[arg-type]
    lambda: composite(RGB, ALPHA, RGB, RGB.copy(), edge=EDGE[..., :3], light=LIGHT),
    lambda: composite(RGB, ALPHA, RGB, RGB.copy(), edge=EDGE, light=EDGE),
    lambda: composite(RGB, ALPHA, RGB, RGB.copy(), edge=EDGE[:0], light=LIGHT),
    lambda: composite(RGB, ALPHA, RGB, RGB.copy(), edge=EDGE, light=LIGHT[0]),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(PictureError):
        call()
