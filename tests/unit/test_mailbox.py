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

WORDS = 4096
FRAMES = 20_000


@kernel
def _publish_many(state: int, buffers: Any, frames: int) -> int:
    """As the graphics thread does, as fast as it can: each buffer holds its frame's id in every word."""
    s = carray(as_record(state), 1)[0]
    replaced = 0
    for frame in range(1, frames + 1):
        back = s.in_back
        for i in range(buffers.shape[1]):
            buffers[back, i] = frame
        if mailbox.publish_picture(s, types.int64(frame), types.int64(frame), types.int64(frame)) > 0:
            replaced += 1
    return replaced


def fresh_record() -> np.ndarray[Any, Any]:
    record = np.zeros(1, STATE)
    record["self"] = record.ctypes.data
    record["in_box"] = record["out_box"] = 1
    return record


def test_reader_sees_whole_pictures_in_order() -> None:
    record, buffers = fresh_record(), np.zeros((BOXES, WORDS), np.int64)
    address, front, last, taken = record.ctypes.data, 2, 0, 0
    _publish_many(address, buffers, 1)  # compiled
    assert mailbox.take_picture(address, front) >= 0
    record = fresh_record()
    address = record.ctypes.data
    counts: list[int] = []
    writer = threading.Thread(target=lambda: counts.append(_publish_many(address, buffers, FRAMES)))
    writer.start()
    while last < FRAMES:
        index = mailbox.take_picture(address, front)
        if index < 0:
            continue
        front = index
        words = buffers[index].copy()
        assert (words == words[0]).all(), "torn"
        assert words[0] == record["in_frame"][0, index] == record["in_epoch"][0, index]
        assert words[0] > last, "not newer"
        last, taken = int(words[0]), taken + 1
    writer.join()
    assert taken + counts[0] == FRAMES, "each picture is taken or replaced, never both"


def test_nothing_to_take_leaves_the_box_alone() -> None:
    record = fresh_record()
    assert mailbox.take_picture(record.ctypes.data, 2) == -1
    assert record["in_box"][0] == 1
    assert mailbox.publish_result(record.ctypes.data, 2) == 1
    assert record["out_box"][0] == 2 | NEW


@pytest.mark.parametrize(
    ("function", "arguments", "pattern"),
    [
        (atomics.load, (types.intp,), r"load atomic i64, .* acquire"),
        (atomics.store, (types.intp, types.int64), r"store atomic i64 .* release"),
        (atomics.exchange, (types.intp, types.int64), r"atomicrmw xchg .* acq_rel"),
        (atomics.fetch_add, (types.intp, types.int64), r"atomicrmw add .* acq_rel"),
        (atomics.fetch_or, (types.intp, types.int64), r"(atomicrmw or|cmpxchg) .* acq_rel"),
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
