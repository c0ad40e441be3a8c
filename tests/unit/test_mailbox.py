"""Triple buffers and atomics: nothing torn, nothing out of order, the newest wins."""

from __future__ import annotations

import re
import threading
from typing import Any

import numba
import numpy as np
import pytest
from numba import carray, types

from rvm_core.kernels._jit import kernel

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core.obs_filter import atomics, mailbox  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.pointers import as_record  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.state import BOXES, NEW, STATE  # noqa: E402 - libobs must be loaded first

# Large pictures tear where the reader and the writer have the same one; small ones are swapped so fast
# that a swap falls between any two steps of another.
SIZES = [pytest.param(4096, 200_000, id="large"), pytest.param(32, 40_000_000, id="small")]
PATIENCE = 1_000_000_000
"""Looks into an empty box before the newest one counts as lost: seconds."""
TORN, NOT_NEWER, MISLABELLED, LOST = -1, -2, -3, -4


@kernel
def _publish_many(state: int, buffers: Any, frames: int) -> int:
    """As the graphics thread does, as fast as it can: each buffer holds its frame's id in every word."""
    s = carray(as_record(state), 1)[0]
    replaced = 0
    for frame in range(1, frames + 1):
        back = s.in_back
        for i in range(buffers.shape[1]):
            buffers[back, i] = frame
        if mailbox.publish_picture(s, types.int64(frame), types.int64(frame + 1), types.int64(frame + 2)) > 0:
            replaced += 1
    return replaced


@kernel
def _is_whole(words: Any) -> bool:
    strangers = 0
    for i in range(words.size):
        strangers += words[i] != words[0]
    return strangers == 0


@kernel
def _take_many(state: int, buffers: Any, frames: int) -> int:
    """As the worker does, as fast as it can: how many pictures came until the last one, or what was wrong."""
    s = carray(as_record(state), 1)[0]
    front, last, taken, empty = 2, 0, 0, 0
    while last < frames:
        index = mailbox.take_picture(state, front)
        if index < 0:
            empty += 1
            if empty > PATIENCE:
                return LOST
            continue
        front = index
        frame = buffers[index, 0]
        if not _is_whole(buffers[index]):
            return TORN
        if frame <= last:
            return NOT_NEWER
        if not frame == s.in_frame[index] == s.in_epoch[index] - 1 == s.in_ns[index] - 2:
            return MISLABELLED
        last, taken, empty = frame, taken + 1, 0
    return taken


@kernel
def _publish_many_results(state: int, buffers: Any, frames: int) -> None:
    """As the worker does, as fast as it can."""
    back = 2
    for frame in range(1, frames + 1):
        for i in range(buffers.shape[1]):
            buffers[back, i] = frame
        back = mailbox.publish_result(state, back)


@kernel
def _take_result(state: int) -> int:
    """As the graphics thread does."""
    return mailbox.take_result(carray(as_record(state), 1)[0])


@kernel
def _take_many_results(state: int, buffers: Any, frames: int) -> int:
    """As the graphics thread does, as fast as it can: as ``_take_many``."""
    last, taken, empty = 0, 0, 0
    while last < frames:
        index = _take_result(state)
        if index < 0:
            empty += 1
            if empty > PATIENCE:
                return LOST
            continue
        frame = buffers[index, 0]
        if not _is_whole(buffers[index]):
            return TORN
        if frame <= last:
            return NOT_NEWER
        last, taken, empty = frame, taken + 1, 0
    return taken


def fresh_record() -> np.ndarray[Any, Any]:
    record = np.zeros(1, STATE)
    record["self"] = record.ctypes.data
    record["in_box"] = record["out_box"] = 1
    return record


@pytest.mark.parametrize(("words", "frames"), SIZES)
def test_worker_sees_whole_pictures_in_order(words: int, frames: int) -> None:
    def run(frames: int) -> tuple[int, int]:
        record, buffers = fresh_record(), np.zeros((BOXES, words), np.int64)
        address, replaced = record.ctypes.data, []
        writer = threading.Thread(target=lambda: replaced.append(_publish_many(address, buffers, frames)))
        writer.start()
        taken = _take_many(address, buffers, frames)
        writer.join()
        return taken, replaced[0]

    run(1)  # compiled
    taken, replaced = run(frames)
    assert taken + replaced == frames, "each picture is taken or replaced, never both"


@pytest.mark.parametrize(("words", "frames"), SIZES)
def test_graphics_thread_sees_whole_results_in_order(words: int, frames: int) -> None:
    def run(frames: int) -> int:
        record, buffers = fresh_record(), np.zeros((BOXES, words), np.int64)
        address = record.ctypes.data
        writer = threading.Thread(target=_publish_many_results, args=(address, buffers, frames))
        writer.start()
        taken = _take_many_results(address, buffers, frames)
        writer.join()
        return taken

    assert run(1) == 1  # compiled
    assert run(frames) > 1


def test_nothing_to_take_leaves_the_box_alone() -> None:
    record = fresh_record()
    assert mailbox.take_picture(record.ctypes.data, 2) == -1
    assert record["in_box"][0] == 1
    assert mailbox.publish_result(record.ctypes.data, 2) == 1
    assert record["out_box"][0] == 2 | NEW
    assert _take_result(record.ctypes.data) == 2
    assert record["out_front"][0] == 2
    assert record["out_box"][0] == 0, "the buffer held before goes back"
    assert _take_result(record.ctypes.data) == -1, "the same result twice"


@pytest.mark.parametrize(
    ("function", "arguments", "pattern"),
    [
        (atomics.load, (types.intp,), r"load atomic i64, .* acquire"),
        (atomics.store, (types.intp, types.int64), r"store atomic i64 .* release"),
        (atomics.exchange, (types.intp, types.int64), r"atomicrmw xchg .* acq_rel"),
        (atomics.fetch_add, (types.intp, types.int64), r"atomicrmw add .* acq_rel"),
        (atomics.fetch_or, (types.intp, types.int64), r"(atomicrmw or|cmpxchg) .* acq_rel"),
        (mailbox.take_picture, (types.intp, types.int64), r"atomicrmw xchg .* acq_rel"),
        (mailbox.publish_result, (types.intp, types.int64), r"atomicrmw xchg .* acq_rel"),
    ],
)
def test_memory_order_is_in_the_code(function: Any, arguments: tuple[Any, ...], pattern: str) -> None:
    compiled = numba.njit(arguments)(function.py_func)
    assert re.search(pattern, next(iter(compiled.inspect_llvm().values())))


def test_atomics_compute() -> None:
    cell = np.array([5], np.int64)
    address = cell.ctypes.data
    assert atomics.fetch_add(address, 3) == 5
    assert atomics.fetch_or(address, 16) == 8
    assert atomics.exchange(address, -1) == 24
    atomics.store(address, 7)
    assert atomics.load(address) == 7
