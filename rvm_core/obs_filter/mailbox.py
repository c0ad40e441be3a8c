"""Triple buffers between the graphics thread and the worker: nobody waits, the newest wins.

Three buffers each way; the index of the one in the middle lies in an atomic box, with the flag NEW
while nobody has taken it.  The writer swaps its finished buffer with the middle one, the reader swaps
its used one with the middle one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from rvm_core.kernels._jit import kernel
from rvm_core.obs_filter import atomics
from rvm_core.obs_filter._native import part
from rvm_core.obs_filter.state import NEW, STATE, offset

_IN_BOX = offset("in_box")
_OUT_BOX = offset("out_box")


@part
def publish_picture(s: Any, frame: int, epoch: int, captured_ns: int) -> int:
    """Graphics thread: hand `in_data[in_back]` to the worker; the id of the picture it replaced, or 0."""
    back = s.in_back
    s.in_frame[back] = frame
    s.in_epoch[back] = epoch
    s.in_ns[back] = captured_ns
    before = atomics.exchange(s.self + _IN_BOX, back | NEW)
    s.in_back = types.int32(before & 3)
    return s.in_frame[before & 3] if before & NEW else types.int64(0)


@part
def take_result(s: Any) -> int:
    """Graphics thread: the index of a new result, or -1.  It stays the reader's until the next call."""
    if atomics.load(s.self + _OUT_BOX) & NEW == 0:
        return types.int64(-1)
    taken = atomics.exchange(s.self + _OUT_BOX, types.int64(s.out_front)) & 3
    s.out_front = types.int32(taken)
    return taken


def has_picture(state: int) -> bool:
    """Worker: whether a new picture waits."""
    return bool(atomics.load(state + _IN_BOX) & NEW)


@kernel
def take_picture(state: int, front: int) -> int:
    """Worker: the index of a new picture in exchange for `front`, or -1."""
    if atomics.load(state + _IN_BOX) & NEW == 0:
        return -1
    return atomics.exchange(state + _IN_BOX, front) & 3


@kernel
def publish_result(state: int, back: int) -> int:
    """Worker: hand the filled buffer `back` to the graphics thread; the index to fill next."""
    return atomics.exchange(state + _OUT_BOX, back | NEW) & 3


def warm() -> None:
    """Compile the worker's side into the cache."""
    record = np.zeros(1, STATE)
    record["in_box"] = record["out_box"] = 1
    take_picture(record.ctypes.data, 2)
    publish_result(record.ctypes.data, 2)
