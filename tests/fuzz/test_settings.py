"""Settings of a filter as a scene file has them: from libobs's reader to what the worker gets."""

from __future__ import annotations

import ctypes
import json
import math
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core import presets  # noqa: E402 - libobs must be loaded first
from rvm_core.errors import SettingsError  # noqa: E402 - libobs must be loaded first
from rvm_core.libobs import log  # noqa: E402 - libobs must be loaded first
from rvm_core.libobs.handles import Event  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter import instance, values  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.settings_block import SettingsBlock, update  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter.state import STATE  # noqa: E402 - libobs must be loaded first
from rvm_core.settings import BY_KEY, SCHEMA, Kind, Settings, completed  # noqa: E402 - libobs must be loaded first
from tests.fuzz.outside import (  # noqa: E402 - libobs must be loaded first
    SCALARS,
    TEXTS,
    VALUES,
    as_bytes,
    attempt,
    check,
    damaged,
    deep,
    json_texts,
    quietly,
)

P = ctypes.c_void_p
function = libobs.function

CHOICES = st.sampled_from([value for one in SCHEMA for value, _ in one.choices + one.live_choices])
KEYS = st.sampled_from([*BY_KEY]) | TEXTS
GIVEN = st.dictionaries(KEYS, CHOICES | SCALARS | VALUES, max_size=12)


def is_valid(found: Settings) -> None:
    """Every value is of its kind and within its limits, so that nothing after it needs to ask."""
    for field in fields(found):
        if field.name == "zones":
            for zone in found.zones:
                assert all(0 <= side <= 2 for side in zone[1:])
            continue
        setting, value = BY_KEY[field.name], getattr(found, field.name)
        if setting.kind is Kind.SWITCH:
            assert isinstance(value, bool)
        elif setting.kind in (Kind.NUMBER, Kind.COUNT):
            assert math.isfinite(value)
            assert setting.low <= value <= setting.high
        elif setting.kind is Kind.COLOR:
            assert isinstance(value, int)
            assert 0 <= value <= 0xFFFFFFFF
        else:
            assert isinstance(value, str)
            if setting.kind is Kind.CHOICE:
                assert value in dict(setting.choices + setting.live_choices)


@given(GIVEN)
@example({"blur_strength": 10**400, "mode": "x" * 100_000})
def test_any_values_become_valid_settings(given: dict[str, Any]) -> None:
    with quietly():
        found, problems = Settings.from_values(given)
        is_valid(found)
        for problem in problems:
            check(problem)
        complete = completed(given)[0]
        assert Settings.from_values(complete) == (found, [])
        for preset in presets.BUILT_IN:
            assert presets.changes(preset, given | presets.changes(preset, given)) == {}


@given(GIVEN)
@example({"x" * 5000: 1})
def test_files_take_valid_settings_or_none(given: dict[str, Any]) -> None:
    with quietly():
        found, _ = attempt(lambda: Settings.for_file(given), SettingsError)
        if found is not None:
            is_valid(found)


@given(damaged(GIVEN.flatmap(json_texts).map(as_bytes)))
@example(b'{"unknown": ' + deep(1500).encode() + b"}")
@example(b'{"background_file": "\\u0000", "mode": {"blur": 1}, "threads": 1e300}')
def test_a_scene_file_reaches_the_worker(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """As OBS does it: libobs reads the text, our callback copies the values, the worker completes them."""
    said: list[str] = []
    monkeypatch.setattr(log, "warning", said.append)
    monkeypatch.setattr(instance.Instance, "name", "Filter")
    data = function("obs_data_create_from_json")(content.partition(b"\0")[0])
    if not data:  # libobs itself refuses it
        return
    try:
        values.set_defaults(data)
        record, event = np.zeros(1, STATE), Event()
        record["self"], record["source"], record["event"] = record.ctypes.data, 1, event.address
        block = SettingsBlock(record)
        living: Any = instance.Instance.__new__(instance.Instance)
        living.worker = SimpleNamespace(preset=SimpleNamespace(is_alone=None))
        with quietly():
            living.look_over(data)
            ctypes.CFUNCTYPE(None, P, P)(update.address)(record.ctypes.data, data)
            seen, problems = Settings.from_values(block.read())
            is_valid(seen)
            for problem in problems:
                check(problem)
            is_valid(Settings.from_values(values.read(data))[0])
            assert all(len(message) < 2000 for message in said), "nobody reads that"
            assert isinstance(json.loads(function("obs_data_get_json")(data)), dict)
        event.close()
    finally:
        function("obs_data_release")(data)
