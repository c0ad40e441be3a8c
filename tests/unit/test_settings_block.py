"""Settings go from libobs to the worker through native code, unchanged."""

from __future__ import annotations

import ctypes
import json
import threading
from typing import Any

import numba
import numpy as np
import pytest

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core.libobs.handles import Event  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.settings_block import SettingsBlock, sequence, update  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.state import MAX_TEXT, STATE  # noqa: E402 - libobs must be loaded first
from rvm_core.settings import BY_KEY, Settings  # noqa: E402 - libobs must be loaded first

READS = 5000
REST = 3_000  # looks at the lock between two updates, some 20 µs: the reader must come to its turn
LIBRARY = ctypes.CDLL(None)
P = ctypes.c_void_p
LIBRARY.obs_data_create_from_json.restype = P
LIBRARY.obs_data_create_from_json.argtypes = [ctypes.c_char_p]
LIBRARY.obs_data_release.argtypes = [P]


class Block:
    """A record, its block and the callback, as libobs sees them."""

    def __init__(self) -> None:
        self.record = np.zeros(1, STATE)
        self.event = Event()
        self.record["self"] = self.record.ctypes.data
        self.record["source"] = 1
        self.record["event"] = self.event.address
        self.block = SettingsBlock(self.record)

    def update(self, json_text: str) -> dict[str, Any]:
        data = LIBRARY.obs_data_create_from_json(json_text.encode())
        ctypes.CFUNCTYPE(None, P, P)(update.address)(self.record.ctypes.data, data)
        LIBRARY.obs_data_release(data)
        return self.block.read()


@pytest.fixture
def block() -> Block:
    return Block()


def test_every_kind_arrives(block: Block) -> None:
    values = block.update(
        '{"mode":"blur","blur_strength":0.75,"threads":3,"background_color":4278255615,'
        '"reset_on_scene_switch":true,"background_file":"/a/ü b.png"}'
    )
    assert values["mode"] == "blur"
    assert values["blur_strength"] == 0.75
    assert values["threads"] == 3
    assert values["background_color"] == 4278255615
    assert values["reset_on_scene_switch"] is True
    assert values["background_file"] == "/a/ü b.png"
    assert set(values) == set(BY_KEY)


def test_change_is_noticed_once_and_wakes_the_worker(block: Block) -> None:
    assert not block.block.changed()
    data = LIBRARY.obs_data_create_from_json(b"{}")
    ctypes.CFUNCTYPE(None, P, P)(update.address)(block.record.ctypes.data, data)
    LIBRARY.obs_data_release(data)
    assert block.block.changed()
    assert block.event.wait(0)
    block.block.take()
    assert not block.block.changed()


def test_a_change_that_others_read_still_counts_as_one_for_the_worker(block: Block) -> None:
    block.block.take()
    assert block.update('{"mode":"blur"}')["mode"] == "blur"
    assert block.block.changed()
    assert block.block.take()["mode"] == "blur"


def test_overlong_text_is_cut_and_ended(block: Block) -> None:
    values = block.update('{"background_file":"' + "x" * 2 * MAX_TEXT + '"}')
    assert values["background_file"] == "x" * (MAX_TEXT - 1)
    assert block.update('{"background_file":"short"}')["background_file"] == "short"


def test_reader_sees_one_update_at_a_time(block: Block) -> None:
    texts = [{"threads": n, "blur_strength": n / 8, "background_file": f"{n}" * 4000} for n in (1, 2)]
    first, second = (LIBRARY.obs_data_create_from_json(json.dumps(text).encode()) for text in texts)
    call = ctypes.CFUNCTYPE(None, P, P)(update.address)
    address = block.record.ctypes.data
    going = np.ones(1, np.int64)

    @numba.njit(nogil=True)
    def write(going: Any, state: int, first: int, second: int) -> None:
        call(state, first)
        while going[0] != 0:
            first, second = second, first
            call(state, first)
            for _ in range(REST):
                sequence(state)

    write(np.zeros(1, np.int64), address, first, second)  # compiled
    writer = threading.Thread(target=write, args=(going, address, first, second))
    writer.start()
    try:
        seen = set()
        for _ in range(READS):
            values = block.block.read()
            n = values["threads"]
            assert values["blur_strength"] == n / 8
            assert values["background_file"] == f"{n}" * 4000
            seen.add(n)
    finally:
        going[0] = 0
        writer.join()
        LIBRARY.obs_data_release(first)
        LIBRARY.obs_data_release(second)
    assert seen == {1, 2}, "nothing was written meanwhile"


def test_wrong_types_become_defaults(block: Block) -> None:
    values = block.update('{"mode":7,"blur_strength":"strong","threads":99}')
    settings, problems = Settings.from_values(values)
    assert settings.mode == BY_KEY["mode"].default
    assert settings.threads == BY_KEY["threads"].high
    assert problems


def test_a_blank_record_is_left_alone() -> None:
    blank = np.zeros(1, STATE)
    data = LIBRARY.obs_data_create_from_json(b"{}")
    ctypes.CFUNCTYPE(None, P, P)(update.address)(blank.ctypes.data, data)
    LIBRARY.obs_data_release(data)
    assert not blank.tobytes().strip(b"\0")
