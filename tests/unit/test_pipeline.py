"""What the worker calls after the network."""

from __future__ import annotations

import numpy as np
import pytest

from rvm_core.errors import PictureError
from rvm_core.kernels.bokeh import bokeh
from rvm_core.pipeline import blur_radius_px, finish, visible_area
from rvm_core.settings import Settings
from tests.unit import oracles

HEIGHT, WIDTH = 24, 32
RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
ALPHA = RANDOM.random((HEIGHT, WIDTH), np.float32)
FOREGROUND = RANDOM.random((3, HEIGHT, WIDTH), np.float32)


def settings(**values: object) -> Settings:
    complete, problems = Settings.from_values(values)
    assert not problems
    return complete


def test_the_matte_and_its_detail_in_half_precision() -> None:
    matte, detail = np.full((2, HEIGHT, WIDTH, 4), 9, np.float16)
    finish(PICTURE, ALPHA, FOREGROUND, settings(), 2.0, matte, detail)
    expected = oracles.diffused_foreground(ALPHA, FOREGROUND)
    np.testing.assert_allclose(matte.astype(np.float32), expected, atol=6e-4)
    expected = oracles.detail(PICTURE, ALPHA, 2.0)
    np.testing.assert_allclose(detail.astype(np.float32), expected, atol=2e-3)


@pytest.mark.parametrize("mode", ["transparent", "blur", "color", "image", "matte"])
def test_the_background_is_written_in_blur_mode_alone(mode: str) -> None:
    matte, detail = np.empty((2, HEIGHT, WIDTH, 4), np.float16)
    background = np.full((HEIGHT, WIDTH, 4), 7, np.uint8)
    chosen = settings(mode=mode, blur_strength=1.0, bokeh_highlights=0.8)
    finish(PICTURE, ALPHA, FOREGROUND, chosen, 2.0, matte, detail, background)
    expected = np.full_like(background, 7)
    if mode == "blur":
        bokeh(PICTURE, ALPHA, 0.06 * HEIGHT, 0.8, expected)
    np.testing.assert_array_equal(background, expected)


def test_blur_mode_without_a_place_for_the_background() -> None:
    matte, detail = np.full((2, HEIGHT, WIDTH, 4), 9, np.float16)
    finish(PICTURE, ALPHA, FOREGROUND, settings(mode="blur"), 2.0, matte, detail)
    assert matte.max() <= 1


def test_the_radius_goes_with_the_height() -> None:
    assert blur_radius_px(1.0, 144) == pytest.approx(8.64)
    assert blur_radius_px(0.0, 144) == 0.0


@pytest.mark.parametrize("widths", [(WIDTH - 1, WIDTH), (WIDTH, WIDTH - 1)])
def test_a_matte_of_another_size_is_refused(widths: tuple[int, int]) -> None:
    matte, detail = (np.empty((HEIGHT, width, 4), np.float16) for width in widths)
    with pytest.raises(PictureError):
        finish(PICTURE, ALPHA, FOREGROUND, settings(), 2.0, matte, detail)


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (89, 67), (640, 480), (1921, 1439)])
@pytest.mark.parametrize(
    "person", [(0, 0, 32, 24), (5, 3, 6, 4), (0, 23, 1, 24), (31, 0, 32, 1), (10, 20, 30, 24)]
)
def test_the_area_holds_all_that_is_seen_and_little_else(
    person: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    cv2 = pytest.importorskip("cv2")
    left, top, right, bottom = person
    alpha = np.full((HEIGHT, WIDTH), 0.001, np.float32)
    alpha[top:bottom, left:right] = 1.0
    area = visible_area(alpha, size)
    is_seen = cv2.resize((alpha > 0.5).astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0
    rows, columns = np.flatnonzero(is_seen.any(axis=1)), np.flatnonzero(is_seen.any(axis=0))
    least = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    spare = 1 + size[0] / WIDTH
    for at, inner, sign in zip(area, least, (-1, -1, 1, 1), strict=True):
        assert 0 <= sign * (at - inner) <= spare, (area, least)
    assert 0 <= area[0] < area[2] <= size[0]
    assert 0 <= area[1] < area[3] <= size[1]


def test_nobody_leaves_no_area() -> None:
    assert visible_area(np.full((HEIGHT, WIDTH), 0.001, np.float32), (640, 480)) == (0, 0, 0, 0)
