"""Which frames are captured for a worker that is slower than the frame rate."""

from __future__ import annotations

import numpy as np
import pytest

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core.obs_filter.capture import is_worth_capturing  # noqa: E402 - libobs must be loaded first

MS = 1_000_000
INTERVAL = 33 * MS


class Stream:
    """A graphics thread and a worker that takes `period` +- `jitter` for a picture, without OBS."""

    def __init__(self, period: int, jitter: float, seconds: int = 60) -> None:
        random = np.random.default_rng(0)
        self.captures = self.mattes = 0
        self.ages: list[int] = []
        taken, free_at, expected = 0, 0, period
        staged = waiting = arrived = -1
        for now in range(0, seconds * 1000 * MS, INTERVAL):
            if staged >= 0:
                waiting, staged, arrived = staged, -1, now  # a frame later it is the worker's
            if waiting >= 0 and free_at <= now:
                taken = max(free_at, arrived)
                self.ages.append(taken - waiting)
                self.mattes += 1
                busy = int(period * (1 + jitter * random.uniform(-1, 1)))
                expected = (7 * expected + busy) // 8
                free_at, waiting = taken + busy, -1
            if is_worth_capturing(now, INTERVAL, taken, expected):
                staged = now
                self.captures += 1


@pytest.mark.parametrize("period_ms", [10, 11, 30, 36, 40])
def test_every_frame_for_a_worker_that_keeps_up(period_ms: int) -> None:
    assert Stream(period_ms * MS, 0.0, 10).captures == pytest.approx(10_000 / 33, abs=2)


@pytest.mark.parametrize("jitter", [0.0, 0.2])
@pytest.mark.parametrize("period_ms", [75, 100, 150, 400])
def test_hardly_a_picture_for_nothing(period_ms: int, jitter: float) -> None:
    stream = Stream(period_ms * MS, jitter)
    assert stream.captures < 1.6 * stream.mattes
    frames_a_matte = -(-period_ms // 33) + 1
    assert stream.mattes > 60_000 / (33 * frames_a_matte), "the worker waits for pictures"
    assert np.median(stream.ages) <= 3 * INTERVAL, "what it takes is old"
