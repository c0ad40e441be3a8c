"""Films before a clean plate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import plates
from rvm_core.errors import PlateError
from rvm_core.video import Converted
from tests.files import films
from tests.video import write_clip

WIDTH, HEIGHT = 640, 360
PERSON = np.s_[100:260, 240:400]
PLATED = {"model": "graph_plate", "quality": "fast", "mode": "color", "background_color": 0xFF3040C0}
COLOUR = (0xC0, 0x40, 0x30)

Convert = Callable[..., Converted]


def room() -> NDArray[np.uint8]:
    """Dark grey blots, unlike each other; colours would lose half of their detail in the film."""
    coarse = np.random.default_rng(4).integers(0, 120, (HEIGHT // 12, WIDTH // 16, 1), np.uint8)
    return np.repeat(np.repeat(np.repeat(coarse, 12, axis=0), 16, axis=1), 3, axis=2)


def with_person(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    seen = picture.copy()
    seen[PERSON] = 250
    return seen


@pytest.fixture
def plate(tmp_path: Path) -> str:
    plates.write(room(), tmp_path / "plate.png")
    return str(tmp_path / "plate.png")


def film(tmp_path: Path, *pictures: NDArray[np.uint8]) -> Path:
    """Twelve frames of each picture."""
    return write_clip(tmp_path / "in.mp4", [picture for picture in pictures for _ in range(12)])


def shown(output: Path) -> NDArray[Any]:
    return films.pictures(output, WIDTH, HEIGHT).astype(float)


def test_the_person_is_what_differs_from_the_plate(tmp_path: Path, plate: str, convert: Convert) -> None:
    done = convert(film(tmp_path, with_person(room())), tmp_path / "out.mp4", plate=plate, crf=4, **PLATED)
    assert not done.warnings
    assert done.model == "graph_plate"
    for picture in shown(tmp_path / "out.mp4"):
        assert picture[120:240, 260:380].min() > 235
        beside = np.ones((HEIGHT, WIDTH), bool)
        beside[84:276, 224:416] = False
        assert (np.abs(picture[beside] - COLOUR).max(axis=1) < 16).mean() > 0.995


def test_a_camera_that_moves_is_said_with_its_time(tmp_path: Path, plate: str, convert: Convert) -> None:
    moved = np.roll(room(), 40, axis=1)
    clip = film(tmp_path, *[with_person(room())] * 2, *[with_person(moved)] * 2)
    done = convert(clip, tmp_path / "out.mp4", plate=plate, **PLATED)
    (warning,) = done.warnings
    assert "The camera has moved" in warning
    since = float(warning.split()[1])
    assert 0.8 < since < 1.4


def test_no_plate_is_said_before_anything_is_written(tmp_path: Path, convert: Convert) -> None:
    clip = film(tmp_path, room())
    with pytest.raises(PlateError, match="graph_plate needs a clean plate"):
        convert(clip, tmp_path / "out.mp4", **PLATED)
    with pytest.raises(PlateError, match="cannot be read"):
        convert(clip, tmp_path / "out.mp4", plate=str(tmp_path / "none.png"), **PLATED)
    plates.write(room()[:, :320], tmp_path / "narrow.png")
    with pytest.raises(PlateError, match="not the picture's shape"):
        convert(clip, tmp_path / "out.mp4", plate=str(tmp_path / "narrow.png"), **PLATED)
    assert not (tmp_path / "out.mp4").exists()
