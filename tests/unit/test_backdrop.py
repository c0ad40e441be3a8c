"""Background images: geometry of the three fits, formats, errors."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from rvm_core import backdrop
from rvm_core.errors import BackgroundError

RED, BLUE = (255, 0, 0), (0, 0, 255)
GREEN_ABGR = 0xFF00FF00
DIM, DIM_ABGR = (16, 32, 48), 0xFF302010


@pytest.fixture
def halves(tmp_path: Path) -> str:
    """40 x 20: the left half red, the right half blue."""
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, :20], image[:, 20:] = RED[::-1], BLUE[::-1]
    cv2.imwrite(str(tmp_path / "halves.png"), image)
    return str(tmp_path / "halves.png")


def colour(canvas: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    return tuple(int(v) for v in canvas[y, x])


def test_cover_fills_and_crops(halves: str) -> None:
    canvas = backdrop.load(halves, 60, 60, "cover", GREEN_ABGR)
    assert canvas.shape == (60, 60, 4)
    assert colour(canvas, 2, 2) == (*RED, 255)
    assert colour(canvas, 57, 57) == (*BLUE, 255)
    assert not (canvas[..., :3] == (0, 255, 0)).all(axis=2).any()


def test_contain_shows_all_on_the_colour(halves: str) -> None:
    canvas = backdrop.load(halves, 60, 60, "contain", GREEN_ABGR)
    assert colour(canvas, 30, 5) == (0, 255, 0, 255)
    assert colour(canvas, 30, 55) == (0, 255, 0, 255)
    assert colour(canvas, 5, 30) == (*RED, 255)
    assert colour(canvas, 55, 30) == (*BLUE, 255)


def test_stretch_ignores_the_shape(halves: str) -> None:
    canvas = backdrop.load(halves, 60, 90, "stretch", GREEN_ABGR)
    assert colour(canvas, 2, 88) == (*RED, 255)
    assert colour(canvas, 57, 2) == (*BLUE, 255)


def test_transparent_parts_show_the_colour(tmp_path: Path) -> None:
    image = np.zeros((4, 4, 4), np.uint8)
    cv2.imwrite(str(tmp_path / "clear.png"), image)
    canvas = backdrop.load(str(tmp_path / "clear.png"), 8, 8, "cover", GREEN_ABGR)
    assert (canvas == (0, 255, 0, 255)).all()


def test_half_transparent_parts_mix_with_the_colour(tmp_path: Path) -> None:
    image = np.full((4, 4, 4), (*RED[::-1], 51), np.uint8)
    cv2.imwrite(str(tmp_path / "pane.png"), image)
    canvas = backdrop.load(str(tmp_path / "pane.png"), 8, 8, "cover", DIM_ABGR)
    mixed = [round(0.2 * red + 0.8 * dim) for red, dim in zip(RED, DIM, strict=True)]
    assert (canvas == (*mixed, 255)).all()


def test_fine_detail_is_averaged(tmp_path: Path) -> None:
    image = np.zeros((64, 64), np.uint8)
    image[:, ::8] = 240
    cv2.imwrite(str(tmp_path / "lines.png"), image)
    assert (backdrop.load(str(tmp_path / "lines.png"), 8, 8, "cover", 0)[..., :3] == 30).all()


@pytest.mark.parametrize(
    ("suffix", "value"), [("png", np.uint8(128)), ("png", np.uint16(0x80FF)), ("hdr", np.float32(0.5))]
)
def test_every_depth_becomes_8_bit(tmp_path: Path, suffix: str, value: np.generic) -> None:
    file = tmp_path / f"grey.{suffix}"
    cv2.imwrite(str(file), np.full((4, 4, 3), value))
    canvas = backdrop.load(str(file), 8, 8, "cover", 0)
    assert np.abs(canvas[..., :3].astype(int) - 128).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_and_deep_images(tmp_path: Path, dtype: type) -> None:
    image = np.full((4, 4), np.iinfo(dtype).max, dtype)
    cv2.imwrite(str(tmp_path / "white.png"), image)
    assert (backdrop.load(str(tmp_path / "white.png"), 8, 8, "cover", 0) == 255).all()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 3), (3840, 2)])
def test_any_size(halves: str, width: int, height: int) -> None:
    for fit in ("cover", "contain", "stretch"):
        assert backdrop.load(halves, width, height, fit, 0).shape == (height, width, 4)


def test_cover_of_a_long_image_stays_small(tmp_path: Path) -> None:
    image = np.zeros((20_000, 1, 3), np.uint8)
    image[9_999] = 255
    cv2.imwrite(str(tmp_path / "long.png"), image)
    canvas = backdrop.load(str(tmp_path / "long.png"), 1920, 1080, "cover", 0)
    assert (canvas[..., :3] == 255).all(), "the one middle row fills the picture"


def test_unreadable_files_say_so(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    for path in ("", "/does/not/exist.png", str(tmp_path), "empty.png", str(tmp_path / "text.png")):
        with pytest.raises(BackgroundError):
            backdrop.load(path, 8, 8, "cover", 0)


def test_what_is_no_file_is_refused_and_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "pipe"), "/dev/zero", str(tmp_path)):
        with pytest.raises(BackgroundError, match="is not a file"):
            backdrop.load(path, 4, 4, "cover", 0)
    with pytest.raises(BackgroundError, match="cannot be read"):
        backdrop.load("a\0b", 4, 4, "cover", 0)
