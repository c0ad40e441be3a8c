"""Zones that always stay or always go, against the oracle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.zones import apply_zones, coverage
from rvm_core.settings import Zone
from tests.unit import oracles

KEEPS, REMOVES = (
    (Zone(True, 0.1, 0.3, 0.45, 0.8), Zone(True, 0.4, 0.6, 1.0, 1.0)),
    Zone(False, 0, 0, 0.3, 0.4),
)


@pytest.mark.parametrize("size", [(1, 1), (20, 12), (33, 41)])
@pytest.mark.parametrize("softness", [0.0, 2.0, 20.0])
def test_coverage_equals_the_oracle(size: tuple[int, int], softness: float) -> None:
    keep, remove = coverage((*KEEPS, REMOVES), softness, size)
    np.testing.assert_allclose(keep, oracles.coverage([z[1:] for z in KEEPS], softness, *size), atol=1e-6)
    np.testing.assert_allclose(remove, oracles.coverage([REMOVES[1:]], softness, *size), atol=1e-6)
    assert (keep.dtype, remove.dtype) == (np.float32, np.float32)


def test_a_zone_is_half_at_its_edge_and_ends_softly() -> None:
    keep, _ = coverage([Zone(True, 0.25, 0.0, 0.75, 1.0)], 20.0, (200, 100))
    row = keep[50]
    assert row[49] < 0.5 < row[50]
    np.testing.assert_allclose(row[49] + row[50], 1, atol=1e-6)
    assert row[39] == 0
    assert row[60] == 1
    assert (np.diff(row[:100]) >= 0).all()
    np.testing.assert_allclose(row, row[::-1], atol=1e-6)
    assert (keep == row).all(), "at the picture's own border nothing fades"


def test_a_zone_beyond_the_picture_is_cut_off() -> None:
    keep, _ = coverage([Zone(True, 0.5, -1.0, 1.4, 3.0)], 10.0, (40, 20))
    assert (keep[:, 30:] == 1).all()
    assert (keep[:, :15] == 0).all()


Applied = dict[str, NDArray[np.float32]]


def applied(
    keep: NDArray[np.float32], remove: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], Applied, Applied]:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (*keep.shape, 4), np.uint8)
    before = {name: random.random((*keep.shape, 4), np.float32) for name in ("matte", "detail", "edge")}
    before["person"] = random.random(keep.shape, np.float32)
    after = {name: array.copy() for name, array in before.items()}
    apply_zones(picture, keep, remove, **after)
    return picture, before, after


def test_zones_put_the_picture_in_the_mattes_place_and_then_take_away() -> None:
    keep, remove = coverage((*KEEPS, REMOVES), 20.0, (23, 17))
    picture, before, after = applied(keep, remove)
    k, left = keep[..., None].astype(float), 1 - remove[..., None].astype(float)
    whole = np.dstack([oracles.linear(picture[..., :3] / 255.0), np.ones(keep.shape)])
    np.testing.assert_allclose(after["matte"], (before["matte"] * (1 - k) + whole * k) * left, atol=1e-6)
    np.testing.assert_allclose(after["detail"], before["detail"] * (1 - k) * left, atol=1e-6)
    np.testing.assert_allclose(after["edge"], before["edge"] * (1 - k), atol=1e-6)
    person = before["person"][..., None] * (1 - k) + k
    np.testing.assert_allclose(after["person"][..., None], person * left, atol=1e-6)


def test_outside_of_zones_nothing_changes() -> None:
    nowhere = np.zeros((9, 11), np.float32)
    _, before, after = applied(nowhere, nowhere)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name], array)


RGB, SHARE, MATTE = (
    np.zeros((4, 6, 3), np.uint8),
    np.zeros((4, 6), np.float32),
    np.zeros((4, 6, 4), np.float32),
)
WRONG_CALLS: list[Callable[[], None]] = [
    lambda: apply_zones(RGB[0], SHARE, SHARE, MATTE, MATTE, SHARE),
    lambda: apply_zones(RGB, SHARE[:3], SHARE, MATTE, MATTE, SHARE),
    lambda: apply_zones(RGB, SHARE, SHARE[:3], MATTE, MATTE, SHARE),
    lambda: apply_zones(RGB, SHARE, SHARE, MATTE[..., :3], MATTE, SHARE),
    lambda: apply_zones(RGB, SHARE, SHARE, MATTE, MATTE[:3], SHARE),
    lambda: apply_zones(RGB, SHARE, SHARE, MATTE, MATTE, SHARE[:3]),
    lambda: apply_zones(RGB, SHARE, SHARE, MATTE, MATTE, SHARE, MATTE[:3]),
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_wrong_arguments_are_refused(call: Callable[[], None]) -> None:
    with pytest.raises(PictureError):
        call()
