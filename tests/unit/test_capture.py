"""Which frames are captured for a slow worker, how long a picture stays, and whose room is given back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import carray

from rvm_core.kernels._jit import kernel

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core.obs_filter import capture, mailbox  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.capture import is_worth_capturing  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.pointers import as_record  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.state import SLOTS, STALL_NS, STATE, Reason  # noqa: E402 - as above

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


@kernel
def _take(state: int, now: int) -> None:
    capture._take(carray(as_record(state), 1)[0], now)


@kernel
def _begin_epoch(state: int, bits: int, now: int) -> None:
    capture._begin_epoch(carray(as_record(state), 1)[0], bits, now)


@kernel
def _expire(state: int, now: int) -> None:
    capture._expire(carray(as_record(state), 1)[0], now)


@kernel
def _free_slot(state: int) -> int:
    return capture._free_slot(carray(as_record(state), 1)[0])


NOW = 1_000_000 * MS


def record_of(*frames: int, shown: int = -1) -> tuple[Any, int]:
    """The record whose slots hold `frames`, the last one the newest, and its address."""
    record = np.zeros(1, STATE)
    address = record.ctypes.data
    record["self"], record["in_box"], record["out_box"] = address, 1, 1
    record["slot_frame"][0, : len(frames)] = frames
    record["newest"], record["frame"], record["staged"] = len(frames) - 1, max(frames, default=0), -1
    record["shown"] = shown
    return record, address


def test_a_picture_without_a_matte_gives_back_those_before_and_leaves_the_screen() -> None:
    record, address = record_of(3, 4, 5, 6, 7, shown=0)
    record["result_ns"], record["hold_until_ns"] = NOW - 9, NOW + 9
    record["out_frame"][0, 2] = -6
    mailbox.publish_result(address, 2)
    _take(address, NOW)
    assert record["slot_frame"][0].tolist() == [3, 0, 0, 6, 7, 0]
    assert (record["shown"][0], record["hold_until_ns"][0]) == (0, NOW + 9)
    assert (record["results_shown"][0], record["results_stale"][0]) == (0, 0)
    assert record["result_ns"][0] == NOW, "the worker counts as dead"


def test_there_is_room_however_many_pictures_get_no_matte() -> None:
    record, address = record_of(1, shown=0)
    back = 2
    for frame in range(2, 10 * SLOTS):
        slot = _free_slot(address)
        assert slot >= 0, f"picture {frame} finds no room"
        record["slot_frame"][0, slot], record["newest"], record["frame"] = frame, slot, frame
        record["out_frame"][0, back] = -frame
        back = mailbox.publish_result(address, back)
        _take(address, NOW + frame)
    assert record["shown"][0] == 0


@pytest.mark.parametrize(
    ("reasons", "stays_ns"),
    [
        (Reason.MODEL, STALL_NS),
        (Reason.SCENE, STALL_NS),
        (Reason.CUT, STALL_NS),
        (Reason.MEDIA, STALL_NS),
        (Reason.MODEL | Reason.PLATE, 0),
        (Reason.PLATE, 0),
        (Reason.FAILURE, 0),
        (Reason.SHOWN, 0),
    ],
)
def test_how_long_the_last_picture_stays(reasons: Reason, stays_ns: int) -> None:
    record, address = record_of(3, 4, shown=0)
    _begin_epoch(address, int(reasons), NOW)
    if stays_ns:
        assert record["hold_until_ns"][0] == NOW + stays_ns
        _begin_epoch(address, int(reasons), NOW + stays_ns // 2)
        _expire(address, NOW + stays_ns)
        assert record["shown"][0] == 0, "gone too soon"
        _expire(address, NOW + stays_ns + 1)
    assert (record["shown"][0], record["hold_until_ns"][0]) == (-1, 0)


def test_a_picture_without_a_matte_holds_the_last_whole_one_for_a_while() -> None:
    """In lowest latency newer pictures would show the room in the shape of a person who is gone."""
    record, address = record_of(3, 4, 5, shown=0)
    record["out_frame"][0, 2] = -4
    mailbox.publish_result(address, 2)
    _take(address, NOW)
    assert (record["shown"][0], record["hold_until_ns"][0]) == (0, NOW + STALL_NS)
