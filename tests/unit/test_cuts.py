"""When a picture counts as a cut: always if it is far from the last one, after a seek if it is less far."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.cuts import SEEK_NS, Cuts
from rvm_core.kernels.cut import SEEK_THRESHOLD, THRESHOLD, distance, histogram

SECOND = 1_000_000_000
NOW = 5 * SECOND
FRAME = SECOND // 30


def picture(bright_at: int, ground: int = 60) -> NDArray[np.uint8]:
    """A bright square on `ground`."""
    pixels = np.full((72, 128, 4), ground, np.uint8)
    pixels[20:40, bright_at : bright_at + 20] = 255
    return pixels


LEFT, NUDGED, RIGHT, BRIGHT = picture(20), picture(21), picture(90), picture(90, ground=160)


@pytest.fixture
def cuts() -> Cuts:
    """It has seen LEFT."""
    made = Cuts()
    assert not made.is_cut(LEFT, NOW)
    return made


def test_the_pictures_lie_where_the_tests_need_them() -> None:
    def apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
        return distance(histogram(a), histogram(b))

    assert apart(LEFT, NUDGED) < SEEK_THRESHOLD < apart(LEFT, RIGHT) < THRESHOLD < apart(LEFT, BRIGHT)
    assert SEEK_THRESHOLD < apart(NUDGED, RIGHT) < THRESHOLD


def test_a_cut_is_far_from_the_picture_before(cuts: Cuts) -> None:
    assert not cuts.is_cut(RIGHT, NOW)
    assert not cuts.is_cut(RIGHT, NOW)
    assert cuts.is_cut(picture(20, ground=160), NOW)
    assert cuts.is_cut(LEFT, NOW)


def test_what_was_forgotten_is_not_compared(cuts: Cuts) -> None:
    cuts.forget()
    assert not cuts.is_cut(BRIGHT, NOW)
    assert cuts.is_cut(LEFT, NOW)


def test_the_picture_of_before_a_seek_does_not_hide_the_one_after(cuts: Cuts) -> None:
    """As the worker does it: a new epoch forgets, and its first pictures are still the old ones."""
    cuts.forget()
    cuts.expect(NOW)
    assert not cuts.is_cut(LEFT, NOW)
    assert not cuts.is_cut(NUDGED, NOW + FRAME)
    assert cuts.is_cut(RIGHT, NOW + 2 * FRAME)


def test_a_seek_is_one_cut(cuts: Cuts) -> None:
    cuts.expect(NOW)
    assert cuts.is_cut(RIGHT, NOW)
    assert not cuts.is_cut(LEFT, NOW + FRAME)
    assert cuts.is_cut(BRIGHT, NOW + 2 * FRAME)


def test_a_seek_is_expected_as_long_as_libobs_may_hold_its_picture_back(cuts: Cuts) -> None:
    cuts.expect(NOW)
    assert SEEK_NS > 2 * SECOND
    assert cuts.is_cut(RIGHT, NOW + SEEK_NS - 1)
    cuts.expect(NOW)
    assert not cuts.is_cut(LEFT, NOW + SEEK_NS)


def test_another_epoch_does_not_end_the_expectation(cuts: Cuts) -> None:
    cuts.expect(NOW)
    cuts.forget()
    assert not cuts.is_cut(LEFT, NOW)
    assert cuts.is_cut(RIGHT, NOW + FRAME)
