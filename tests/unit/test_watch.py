"""The watch over a clean plate: what it must notice, and what it must not cry about."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import plates
from rvm_core.bench.footage import frames
from rvm_core.errors import PictureError
from rvm_core.matting.watch import HOLD_PICTURES, PlateWatch

Picture = NDArray[np.uint8]
Change = Callable[[Picture], Picture]
SECOND = 30
NAMES = ("halfbody_room", "fullbody_crissyfield")


def room(seed: int = 0) -> Picture:
    """360 x 640: shapes of many sizes on a wall."""
    random = np.random.default_rng(seed)
    picture = np.full((360, 640, 3), random.integers(60, 200, 3), np.uint8)
    for _ in range(80):
        x, y = (int(random.integers(0, side)) for side in (640, 360))
        w, h = (int(side) for side in random.integers(10, 120, 2))
        colour = [int(value) for value in random.integers(0, 256, 3)]
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, cv2.FILLED)
    return cv2.GaussianBlur(picture, (0, 0), 1.5)


def warped(picture: Picture, matrix: list[list[float]]) -> Picture:
    size = picture.shape[1], picture.shape[0]
    return cv2.warpAffine(picture, np.float32(matrix), size, borderMode=cv2.BORDER_REFLECT)


def shifted(x: float, y: float = 0.0) -> Change:
    """By parts of the picture's width."""
    return lambda picture: warped(picture, [[1, 0, x * picture.shape[1]], [0, 1, y * picture.shape[1]]])


def zoomed(factor: float) -> Change:
    return lambda picture: warped(
        picture,
        [[factor, 0, (1 - factor) * picture.shape[1] / 2], [0, factor, (1 - factor) * picture.shape[0] / 2]],
    )


def lit(factor: float, noise: float = 0.0) -> Change:
    grain = cv2.randn(np.empty((360, 640, 3), np.int16), 0, noise)
    shifts = np.random.default_rng(5)

    def change(picture: Picture) -> Picture:
        moved = np.roll(grain, int(shifts.integers(0, grain.size)))
        return cv2.add(cv2.convertScaleAbs(picture, alpha=factor), moved, dtype=cv2.CV_8U)

    return change


def behind_a_person(picture: Picture, number: int, share: float = 0.7) -> Picture:
    """`share` of the picture is a walking, noisy somebody."""
    seen = picture.copy()
    across = int(640 * share)
    left = int((640 - across) * (0.5 + 0.5 * np.sin(number / 9)))
    clothes = np.random.default_rng(11).integers(0, 256, (18, max(across // 20, 1), 3), np.uint8)
    seen[:, left : left + across] = cv2.resize(clothes, (across, 360), interpolation=cv2.INTER_CUBIC)
    return seen


def problems(watch: PlateWatch, pictures: Iterable[Picture]) -> list[str]:
    found = []
    for picture in pictures:
        watch.look(picture)
        found.append(watch.problem)
    return found


HARMLESS: dict[str, Change] = {
    "as it was": lambda picture: picture,
    "darker": lit(0.8, 4),
    "brighter": lit(1.2),
    "noise": lit(1.0, 12),
    "warmer": lambda picture: cv2.transform(picture, np.diag([1.25, 1.0, 0.7])),
    "out of focus": lambda picture: cv2.GaussianBlur(picture, (0, 0), 2),
}
MOVED: dict[str, Change] = {
    "left": shifted(-0.02),
    "right": shifted(0.02),
    "down": shifted(0, 0.02),
    "zoomed in": zoomed(1.05),
    "zoomed out": zoomed(0.95),
    "moved in dimmer light": lambda picture: lit(0.8, 4)(shifted(0.02)(picture)),
}
FAULTS: dict[str, tuple[Change, str]] = {
    **{name: (change, "moved") for name, change in MOVED.items()},
    "dark": (lit(0.3, 5), "light"),
    "glaring": (lambda picture: 255 - (255 - picture) // 8, "light"),
    "far away": (shifted(0.25), "moved"),
    "black": (lambda picture: picture * 0, "moved"),
    "another room": (lambda _picture: room(1), "moved"),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_person_who_fills_most_of_the_picture_is_no_fault(name: str) -> None:
    seen = (behind_a_person(HARMLESS[name](room()), number) for number in range(4 * SECOND))
    assert not any(problems(PlateWatch(room()), seen))


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_noticed_within_a_second_behind_a_person(name: str) -> None:
    change, word = FAULTS[name]
    watch = PlateWatch(room())
    seen = (behind_a_person(change(room()), number, 0.4) for number in range(2 * SECOND))
    found = problems(watch, seen)
    assert all(found[SECOND:])
    assert word in found[-1]


def test_a_fault_is_said_and_taken_back_after_half_a_second() -> None:
    watch = PlateWatch(room())
    good, bad = room(), shifted(0.03)(room())
    found = problems(watch, [good] * SECOND + [bad] * SECOND + [good] * SECOND)
    said = next(number for number, problem in enumerate(found) if problem)
    gone = next(number for number in range(said, len(found)) if not found[number])
    for begun, noticed in ((SECOND, said), (2 * SECOND, gone)):
        assert noticed - begun == HOLD_PICTURES - 1


def test_a_moment_is_no_fault() -> None:
    watch = PlateWatch(room())
    moment = [shifted(0.03)(room())] * (HOLD_PICTURES - 1)
    assert not any(problems(watch, ([room()] * HOLD_PICTURES + moment) * 4))


def test_pictures_may_have_any_size_and_a_fourth_channel() -> None:
    watch = PlateWatch(cv2.resize(room(), (1920, 1080)))
    small = np.dstack([cv2.resize(room(), (284, 160), interpolation=cv2.INTER_AREA), np.zeros((160, 284))])
    padded = np.zeros((160, 300, 4), np.uint8)
    padded[:, :284] = small
    assert not any(problems(watch, [padded[:, :284]] * SECOND))
    assert "moved" in problems(watch, [np.roll(padded[:, :284], 9, axis=1)] * SECOND)[-1]


def test_a_plain_wall_is_judged_by_its_colour() -> None:
    wall = np.full((360, 640, 3), (180, 170, 150), np.uint8)
    for change in (lit(0.8, 6), lit(1.2, 6), shifted(0.1)):
        seen = (behind_a_person(change(wall), number) for number in range(2 * SECOND))
        assert not any(problems(PlateWatch(wall), seen))
    for other in (wall // 4, np.full_like(wall, (20, 170, 20)), wall * 0):
        assert problems(PlateWatch(wall), [other] * SECOND)[-1]


def test_blinds_look_the_same_one_slat_further() -> None:
    slats = 120 + 40 * np.sin(np.arange(360) * 2 * np.pi / 20)
    blinds = np.broadcast_to(slats[:, None, None], (360, 640, 3)).astype(np.uint8)
    assert not any(problems(PlateWatch(blinds), map(lit(1.0, 12), [blinds] * 2 * SECOND)))


@pytest.mark.parametrize(("width", "height"), [(640, 20), (20, 640), (1, 1), (3840, 2160)])
def test_plates_of_any_shape(width: int, height: int) -> None:
    plate = cv2.resize(room(), (width, height), interpolation=cv2.INTER_AREA)
    assert not any(problems(PlateWatch(plate), [plate] * SECOND))


def test_wrong_pictures_are_refused() -> None:
    with pytest.raises(PictureError):
        PlateWatch(np.zeros((4, 4), np.uint8))
    with pytest.raises(PictureError):
        PlateWatch(room()).look(np.zeros((4, 4, 3), np.float32))  # type: ignore[arg-type]


# Real rooms


@cache
def clip(folder: Path, name: str) -> tuple[Picture, list[Picture]]:
    """The plate of a reference clip, and its pictures."""
    file = folder / "gt" / f"{name}.mp4"
    plate = plates.read(str(file.with_name(f"{name}_plate.png")))
    return plate, [frame.picture for frame in frames(file, "clean", 10_000)]


@pytest.mark.parametrize("name", NAMES)
def test_a_real_person_is_no_fault(reference_data: Path, name: str) -> None:
    plate, pictures = clip(reference_data, name)
    for change in HARMLESS.values():
        assert not any(problems(PlateWatch(plate), map(change, pictures)))


@pytest.mark.parametrize("name", NAMES)
def test_faults_in_a_real_room_are_noticed_within_a_second(reference_data: Path, name: str) -> None:
    plate, pictures = clip(reference_data, name)
    for change, word in [(change, "moved") for change in MOVED.values()] + [(lit(0.35, 6), "light")]:
        found = problems(PlateWatch(plate), map(change, pictures))
        assert all(found[SECOND:])
        assert all(word in problem for problem in found[SECOND:])
    other = clip(reference_data, next(each for each in NAMES if each != name))[1]
    assert all(problems(PlateWatch(plate), other)[SECOND:])
