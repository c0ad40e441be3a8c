"""The filter's settings, copied out of libobs by native code and read by the worker.

libobs calls `update` on the graphics thread, so it must not be Python.  The values lie in a sequence
lock: its number is odd while they are written, and a reader that saw it change reads again.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numba import carray, types
from numpy.typing import NDArray

from rvm_core.kernels._jit import kernel
from rvm_core.libobs.handles import immortal
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter import atomics
from rvm_core.obs_filter._native import callback, part
from rvm_core.obs_filter.pointers import as_bytes
from rvm_core.obs_filter.state import MAX_TEXT, NUMBER_KINDS, POINTER, SETTING_COUNT, STATE, offset
from rvm_core.settings import SCHEMA, Kind

_SEQUENCE = offset("setting_sequence")
_get_double = symbol("obs_data_get_double")
_get_int = symbol("obs_data_get_int")
_get_bool = symbol("obs_data_get_bool")
_get_string = symbol("obs_data_get_string")
_event_signal = symbol("os_event_signal")
_KEYS = [immortal(ctypes.create_string_buffer(setting.key.encode())) for setting in SCHEMA]


@part
def _copy_text(source: int, target: int) -> None:
    into = carray(as_bytes(target), MAX_TEXT)
    length = 0
    if source != 0:
        text = carray(as_bytes(source), MAX_TEXT)
        while length < MAX_TEXT - 1 and text[length] != 0:
            into[length] = text[length]
            length += 1
    into[length] = 0


@callback(types.void(POINTER, types.intp))
def update(state: Any, settings: int) -> None:
    """`obs_source_info.update`: copy every value of the schema and wake the worker."""
    s = carray(state, 1)[0]
    if s.source == 0:
        return
    atomics.fetch_add(s.self + _SEQUENCE, 1)
    for i in range(SETTING_COUNT):
        kind = s.setting_kind[i]
        key = s.setting_key[i]
        if kind == 0:
            s.setting_number[i] = _get_double(settings, key)
        elif kind == 1:
            s.setting_number[i] = types.float64(_get_int(settings, key))
        elif kind == 2:
            s.setting_number[i] = types.float64(_get_bool(settings, key))
        else:
            _copy_text(_get_string(settings, key), s.setting_text[i])
    atomics.fetch_add(s.self + _SEQUENCE, 1)
    _event_signal(s.event)


@kernel
def sequence(state: int) -> int:
    """The lock's number; ordered after every read before it."""
    return atomics.fetch_add(state + _SEQUENCE, 0)


def warm() -> None:
    """Compile Python's side into the cache."""
    sequence(np.zeros(1, STATE).ctypes.data)


class SettingsBlock:
    """Python's side of the block: owns the text buffers of one record."""

    def __init__(self, record: NDArray[np.void]) -> None:
        self._record = record
        self._texts = np.zeros((SETTING_COUNT, MAX_TEXT), np.uint8)
        self._address = int(record["self"][0])
        self._taken = 0
        for i, setting in enumerate(SCHEMA):
            record["setting_key"][0, i] = ctypes.addressof(_KEYS[i])
            record["setting_kind"][0, i] = NUMBER_KINDS[setting.kind]
            record["setting_text"][0, i] = self._texts[i].ctypes.data

    def changed(self) -> bool:
        """Whether `update` ran since the last :meth:`take`.  The worker alone."""
        return sequence(self._address) != self._taken

    def take(self) -> dict[str, Any]:
        """The values as by :meth:`read`; from here on they no longer count as changed.  The worker alone.

        Whoever else reads must not mark them: the worker would never see the change.
        """
        self._taken, values = self._read()
        return values

    def read(self) -> dict[str, Any]:
        """The values by key, as the schema stores them.  Any thread but the graphics thread."""
        return self._read()[1]

    def _read(self) -> tuple[int, dict[str, Any]]:
        """The lock's number and the values that belong to it."""
        while True:
            before = sequence(self._address)
            numbers = self._record["setting_number"][0].copy()
            texts = self._texts.copy()
            if before % 2 == 0 and sequence(self._address) == before:
                break
        values = {
            setting.key: self._value(setting.kind, numbers[i], texts[i]) for i, setting in enumerate(SCHEMA)
        }
        return before, values

    @staticmethod
    def _value(kind: Kind, number: float, text: NDArray[np.uint8]) -> Any:
        if kind in (Kind.CHOICE, Kind.PATH, Kind.TEXT):
            return text.tobytes().partition(b"\0")[0].decode(errors="replace")
        return float(number) if kind is Kind.NUMBER else bool(number) if kind is Kind.SWITCH else int(number)
