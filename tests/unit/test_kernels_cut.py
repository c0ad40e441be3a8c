"""Cuts: the histogram against its oracle, and real clips on either side of the threshold."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.kernels.cut import BINS, SEEK_THRESHOLD, THRESHOLD, distance, histogram
from tests.unit import oracles

EVERY = 24
TENTH = 3
"""Frames in a tenth of a second."""
FRAMES = 120


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 6, 4), (7, 5, 3), (8, 12, 4)])
def test_histogram_equals_the_oracle(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(shape[0]).integers(0, 256, shape, np.uint8)
    for view in (picture, np.asfortranarray(picture), np.ascontiguousarray(picture[::-1])[::-1]):
        found = histogram(view)
        assert found.shape == (BINS,)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, oracles.histogram(picture), atol=1e-5)


@pytest.mark.parametrize("level", [0, 255])
def test_the_ends_of_the_range_have_bins(level: int) -> None:
    picture = np.full((2, 2, 3), level, np.uint8)
    np.testing.assert_allclose(histogram(picture), oracles.histogram(picture), atol=1e-5)


def test_distance_equals_the_oracle() -> None:
    random = np.random.default_rng(0)
    a, b = (histogram(random.integers(0, high, (9, 9, 3), np.uint8)) for high in (100, 256))
    assert distance(a, b) == pytest.approx(oracles.distance(a, b), abs=1e-6)
    assert distance(a, b) == pytest.approx(distance(b, a))
    assert distance(a, a) == 0.0


def clip(file: Path) -> list[NDArray[np.uint8]]:
    cv2 = pytest.importorskip("cv2")
    capture = cv2.VideoCapture(str(file))
    frames = []
    for _ in range(FRAMES):
        is_read, frame = capture.read()
        if not is_read:
            break
        small = cv2.resize(frame, (64, 36), interpolation=cv2.INTER_AREA)
        frames.append(np.ascontiguousarray(small[..., ::-1]))
    assert len(frames) > 60, file
    return frames


@pytest.fixture(scope="module")
def clips(reference_data: Path) -> list[list[NDArray[np.uint8]]]:
    return [clip(file) for file in sorted(reference_data.glob("*/*.mp4"))]


def shortened(frames: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    return frames[::EVERY]


def test_no_cut_within_a_clip(clips: list[list[NDArray[np.uint8]]]) -> None:
    random = np.random.default_rng(0)
    for frames in clips:
        for before, after in zip(frames[5::10], frames[6::10], strict=False):
            for gain in (0.9, 1.0, 1.1):  # flicker of exposure, under the noise of a webcam
                noisy = after * gain + random.normal(0, 4, after.shape)
                seen = np.clip(noisy, 0, 255).astype(np.uint8)
                assert distance(histogram(before), histogram(seen)) < THRESHOLD / 1.5


def test_what_moves_in_a_tenth_of_a_second_is_no_seek(clips: list[list[NDArray[np.uint8]]]) -> None:
    for frames in clips:
        histograms = [histogram(frame) for frame in frames]
        apart = [distance(a, b) for a, b in zip(histograms, histograms[TENTH:], strict=False)]
        # In some clips a person suddenly stands there, which as many pairs span.
        assert np.count_nonzero(np.array(apart) > SEEK_THRESHOLD) <= TENTH


def test_a_cut_between_two_clips(clips: list[list[NDArray[np.uint8]]]) -> None:
    """Nearly any: two people who sit before walls of the same colours may be taken for one shot."""
    seen = [
        distance(histogram(a), histogram(b)) > THRESHOLD
        for first, second in itertools.combinations(clips, 2)
        for a in shortened(first)
        for b in shortened(second)
    ]
    assert np.mean(seen) > 0.95
