"""How alpha follows the colour, against its oracle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.upscale import fit_detail
from tests.unit import oracles


def fitted(
    picture: NDArray[np.uint8], alpha: NDArray[np.float32], enlargement: float = 4.0
) -> NDArray[np.float32]:
    out = np.full((*alpha.shape, 4), 9.0, np.float32)
    fit_detail(picture, alpha, enlargement, out)
    return out


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 4), (5, 1, 3), (9, 16, 4)])
@pytest.mark.parametrize("enlargement", [0.5, 1.0, 2.0, 4.0])
def test_the_fit_equals_the_oracle(shape: tuple[int, int, int], enlargement: float) -> None:
    random = np.random.default_rng(shape[1])
    picture = random.integers(0, 256, shape, np.uint8)
    alpha = random.random(shape[:2], np.float32)
    alpha[:3, :4] = 0.3  # flat
    expected = oracles.detail(picture, alpha, enlargement)
    for view in (picture, np.asfortranarray(picture), np.ascontiguousarray(picture[::-1])[::-1]):
        np.testing.assert_allclose(fitted(view, alpha, enlargement), expected, atol=1e-4)


ALPHA, RGB = np.zeros((4, 6), np.float32), np.zeros((4, 6, 3), np.uint8)
MATTE = np.zeros((4, 6, 4), np.float32)
WRONG_CALLS: list[Callable[[], None]] = [
    lambda: fit_detail(RGB[..., :2], ALPHA, 2.0, MATTE),
    lambda: fit_detail(RGB, ALPHA[:3], 2.0, MATTE),
    lambda: fit_detail(RGB, ALPHA, 2.0, MATTE[..., :3]),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], None]) -> None:
    with pytest.raises(PictureError):
        call()
