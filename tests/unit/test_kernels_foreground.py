"""The person's own colour against its oracles, and what a viewer would notice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.foreground import diffused_foreground
from tests.unit import oracles


def diffused(alpha: NDArray[np.float32], foreground: NDArray[np.float32]) -> NDArray[np.float32]:
    out = np.full((*alpha.shape, 4), 9.0, np.float32)
    diffused_foreground(alpha, foreground, out)
    return out


# 110 rows make the window wider than three.
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 1), (9, 16), (110, 12)])
def test_diffused_equals_the_oracle(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(shape[1])
    alpha = random.uniform(-0.2, 1.2, shape).astype(np.float32)
    foreground = random.uniform(-0.1, 1.1, (3, *shape)).astype(np.float32)
    expected = oracles.diffused_foreground(alpha, foreground)
    np.testing.assert_allclose(diffused(alpha, foreground), expected, atol=2e-5)


def test_the_edge_takes_the_colour_of_the_inside() -> None:
    alpha = np.zeros((9, 9), np.float32)
    alpha[:, :4], alpha[:, 4] = 1.0, 0.5
    foreground = np.zeros((3, 9, 9), np.float32)
    foreground[0, :, :4], foreground[1, :, 4:] = 1.0, 1.0  # red person, green room
    matte = diffused(alpha, foreground)
    assert (matte[:, 4, 0] > 0.45).all()
    assert (matte[:, 4, 1] < 0.05).all()
    assert (matte[:, 8] == 0).all()


def test_not_a_number_counts_as_nobody() -> None:
    alpha = np.full((4, 4), np.nan, np.float32)
    assert (diffused(alpha, np.full((3, 4, 4), np.nan, np.float32)) == 0).all()


ALPHA, FOREGROUND = np.zeros((4, 6), np.float32), np.zeros((3, 4, 6), np.float32)
MATTE = np.zeros((4, 6, 4), np.float32)
WRONG_CALLS: list[Callable[[], None]] = [
    lambda: diffused_foreground(ALPHA[0], FOREGROUND, MATTE),
    lambda: diffused_foreground(ALPHA, FOREGROUND[:2], MATTE),
    lambda: diffused_foreground(ALPHA, FOREGROUND, MATTE[:, :5]),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], None]) -> None:
    with pytest.raises(PictureError):
        call()
