"""Alpha against what the place looks like, beside its oracle and in what it promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.place import KNOWN_AFTER, against_place
from tests.unit import oracles

SIDES = (12, 20)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 4), (5, 1, 3), (9, 16, 4)])
@pytest.mark.parametrize("moved", [0.0, 0.15, 1.0])
def test_it_equals_the_oracle(shape: tuple[int, int, int], moved: float) -> None:
    random = np.random.default_rng(shape[1])
    picture = random.integers(0, 256, shape, np.uint8)
    place = picture[..., :3] + random.normal(0, 4, (*shape[:2], 3))
    place[random.random(shape[:2]) < moved] += 60
    place = place.astype(np.float32)
    age = random.integers(0, 30, shape[:2]).astype(np.uint8)
    alpha = random.random(shape[:2], np.float32)
    alpha[:, shape[1] // 2 :] = 0.0
    expected = oracles.against_place(picture, place, age, alpha)
    for view in (picture, np.asfortranarray(picture), np.ascontiguousarray(picture[::-1])[::-1]):
        ours = place.copy(), age.copy(), alpha.copy()
        trust = against_place(view, *ours)
        assert trust == pytest.approx(expected[3])
        np.testing.assert_allclose(ours[2], expected[0], atol=1e-4)
        np.testing.assert_allclose(ours[0], expected[1], atol=1e-2)
        np.testing.assert_array_equal(ours[1], expected[2])


def room(seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(60, 200, (*SIDES, 3)).astype(np.uint8)


class Place:
    """A still room that was seen empty for `pictures`."""

    def __init__(self, pictures: int = KNOWN_AFTER) -> None:
        self.colours, self.age = np.zeros((*SIDES, 3), np.float32), np.zeros(SIDES, np.uint8)
        for _ in range(pictures):
            self.alpha_of(room(), 0.0)

    def alpha_of(self, picture: NDArray[np.uint8], given: float) -> NDArray[np.float32]:
        """What becomes of `given` in the left half, where the network sees nobody in the right."""
        alpha = np.zeros(SIDES, np.float32)
        alpha[:, : SIDES[1] // 2] = given
        against_place(picture, self.colours, self.age, alpha)
        return alpha[:, : SIDES[1] // 2 - 1]


def with_person(colour: int = 10) -> NDArray[np.uint8]:
    picture = room()
    picture[:, : SIDES[1] // 2] = colour, colour, 250
    return picture


def test_what_looks_as_ever_is_place_and_what_does_not_is_person() -> None:
    assert Place().alpha_of(room(), 0.6).max() < 0.05
    assert Place().alpha_of(with_person(), 0.4).min() > 0.9


def test_a_place_not_yet_known_says_nothing() -> None:
    assert Place(KNOWN_AFTER - 1).alpha_of(room(), 0.6) == pytest.approx(0.6)


def test_what_the_network_surely_calls_place_is_no_ghost() -> None:
    assert Place().alpha_of(with_person(), 0.01).max() <= 0.01


def test_a_shadow_is_no_person() -> None:
    shaded = room()
    shaded[:, : SIDES[1] // 2] = shaded[:, : SIDES[1] // 2] * 0.7
    assert Place().alpha_of(shaded, 0.3).max() <= 0.31


def test_furniture_that_was_moved_is_unknown_for_a_while() -> None:
    place, moved = Place(2 * KNOWN_AFTER), room()
    moved[:, :3] += 50
    place.alpha_of(moved, 0.0)
    assert place.alpha_of(moved, 0.6)[:, :2] == pytest.approx(0.6)


def test_after_the_camera_moved_the_place_is_learnt_anew() -> None:
    place = Place()
    for turn in range(KNOWN_AFTER):
        assert place.alpha_of(room(1), 0.6) == pytest.approx(0.6), turn
    for _ in range(KNOWN_AFTER):
        place.alpha_of(room(1), 0.0)
    assert place.alpha_of(room(1), 0.6).max() < 0.05


def test_a_person_is_not_learnt() -> None:
    place = Place()
    before = place.colours[:, : SIDES[1] // 2 - 2].copy()
    for _ in range(50):
        place.alpha_of(with_person(), 0.9)
    np.testing.assert_array_equal(place.colours[:, : SIDES[1] // 2 - 2], before)


RGB, PLATE = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6, 3), np.float32)
AGE, ALPHA = np.zeros((4, 6), np.uint8), np.zeros((4, 6), np.float32)
WRONG_CALLS: list[Callable[[], object]] = [
    lambda: against_place(RGB[..., :2], PLATE, AGE, ALPHA),
    lambda: against_place(RGB, PLATE[:3], AGE, ALPHA),
    lambda: against_place(RGB, PLATE, AGE.astype(np.float32), ALPHA),
    lambda: against_place(RGB, PLATE, AGE, ALPHA[:, :5]),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(PictureError):
        call()
