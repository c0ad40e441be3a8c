"""A clean plate for the filter: the countdown, the pictures, the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import paths, plates
from rvm_core.errors import PlateError
from rvm_core.obs_filter.plate_taking import COUNTDOWN_S, PlateTaking

Picture = NDArray[np.uint8]


class Clock:
    """Goes when it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    return Clock()


@pytest.fixture
def taking(clock: Clock) -> PlateTaking:
    return PlateTaking(clock)


def room(level: int = 90) -> Picture:
    """Two walls, so that one that moves is seen."""
    picture = np.full((90, 160, 3), level, np.uint8)
    picture[:, :80] = (10, 60, 30)
    return picture


def gather(taking: PlateTaking, pictures: Iterable[Picture]) -> None:
    for picture in pictures:
        taking.add(picture)


def taken(taking: PlateTaking, picture: Picture) -> Path:
    """The file of the plate that as many of `picture` as it takes make."""
    for _ in range(plates.FRAMES - 1):
        assert taking.add(picture) is None
    file = taking.add(picture)
    assert file is not None
    return file


def test_nothing_is_taken_before_somebody_asks(taking: PlateTaking) -> None:
    assert (taking.text, taking.wants_pictures) == ("", False)


def test_it_counts_down_as_long_as_it_says(taking: PlateTaking, clock: Clock) -> None:
    taking.begin()
    said = []
    for _ in range(round(COUNTDOWN_S)):
        assert not taking.wants_pictures
        said.append(taking.text)
        clock.now += 0.99
        assert (taking.text, taking.wants_pictures) == (said[-1], False)
        clock.now += 0.01
    assert said == [f"Leave the picture: {left} …" for left in (5, 4, 3, 2, 1)]
    assert (taking.text, taking.wants_pictures) == ("Stay out of the picture …", True)


def test_asked_again_it_counts_again(taking: PlateTaking, clock: Clock) -> None:
    taking.begin()
    clock.now += COUNTDOWN_S - 1
    taking.begin()
    clock.now += COUNTDOWN_S - 1
    assert (taking.text, taking.wants_pictures) == ("Leave the picture: 1 …", False)


def test_the_plate_is_a_file_and_then_it_is_over(taking: PlateTaking, clock: Clock) -> None:
    files = []
    for level in (90, 130):
        taking.begin()
        clock.now += COUNTDOWN_S
        files.append(taken(taking, room(level)))
        assert (taking.text, taking.wants_pictures) == ("", False)
        assert (plates.read(str(files[-1])) == room(level)).all()
    # within the same second
    assert files[0] != files[1]
    assert sorted(paths.plates_dir().iterdir()) == sorted(files)


def test_what_was_cancelled_leaves_nothing(taking: PlateTaking, clock: Clock) -> None:
    taking.begin()
    clock.now += COUNTDOWN_S
    gather(taking, [room(200)] * (plates.FRAMES - 1))
    taking.cancel()
    assert (taking.text, taking.wants_pictures) == ("", False)
    taking.begin()
    clock.now += COUNTDOWN_S
    assert (plates.read(str(taken(taking, room()))) == room()).all()


def test_something_that_moved_ends_it(taking: PlateTaking, clock: Clock) -> None:
    taking.begin()
    clock.now += COUNTDOWN_S
    with pytest.raises(PlateError, match="Something moved"):
        gather(taking, [np.roll(room(), 4 * number, axis=1) for number in range(plates.FRAMES)])
    assert (taking.text, taking.wants_pictures) == ("", False)
    assert not paths.plates_dir().exists()
    taking.begin()
    clock.now += COUNTDOWN_S
    taken(taking, room())


def test_a_file_that_cannot_be_written_ends_it(taking: PlateTaking, clock: Clock) -> None:
    paths.plates_dir().touch()
    taking.begin()
    clock.now += COUNTDOWN_S
    with pytest.raises(PlateError, match="cannot be written"):
        taken(taking, room())
    assert not taking.wants_pictures


def test_asked_again_it_gathers_anew(taking: PlateTaking, clock: Clock) -> None:
    for level in (200, 90):
        taking.begin()
        clock.now += COUNTDOWN_S
        gather(taking, [room(level)] * (plates.FRAMES // 2))
    taking.begin()
    clock.now += COUNTDOWN_S
    assert (plates.read(str(taken(taking, room()))) == room()).all()
