"""Requests of obs-websocket: any fields for any request, through libobs's own data, to the answer."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core import paths, presets  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter import vendor  # noqa: E402 - libobs must be loaded first
from rvm_core.settings import SCHEMA, completed  # noqa: E402 - libobs must be loaded first
from tests.fuzz.outside import (  # noqa: E402 - libobs must be loaded first
    TEXTS,
    VALUES,
    as_bytes,
    damaged,
    deep,
    json_texts,
    quietly,
    snapshot,
)

function = libobs.function
SCHEMA_KEYS = {setting.key for setting in SCHEMA}

NAMES = st.sampled_from(["Camera", "Matte", "Other", "Mine", "Virtual set", "Copied"]) | TEXTS
FIELDS = st.fixed_dictionaries(
    {},
    optional={"source": NAMES | VALUES, "filter": NAMES | VALUES, "preset": NAMES | VALUES},
)
ASKED = FIELDS | st.builds(
    lambda one, two: {**one, **two}, FIELDS, st.dictionaries(TEXTS, VALUES, max_size=2)
)
REQUESTS = damaged((ASKED | VALUES).flatmap(json_texts).map(as_bytes)) | ASKED.flatmap(json_texts).map(
    as_bytes
)


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats()
STATUSES = st.dictionaries(
    st.text(max_size=9),
    NUMBERS | st.booleans() | TEXTS | st.lists(st.dictionaries(st.text(max_size=9), NUMBERS)),
    max_size=4,
)
"""A status is the filter's own: any texts and numbers that fit."""


NAME_LENGTH = 500
"""Characters of a filter's name; an instance cuts off what is longer (``own_source``)."""


class Filter:
    """Stands for an instance: its settings are a dict."""

    source, address = 1, 2

    def __init__(self, name: str, status: Any) -> None:
        self.name = name[:NAME_LENGTH]
        self.values = completed({})[0]
        self.worker = SimpleNamespace(
            status=SimpleNamespace(snapshot=lambda: status), take_plate=lambda: None
        )

    def wanted(self) -> dict[str, Any]:
        return dict(self.values)

    def keep(self, changes: dict[str, Any]) -> None:
        self.values.update(changes)

    def reset(self, _reason: Any) -> None:
        pass


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was said as an error in OBS's log; the presets lie in a folder of the test's."""
    errors: list[str] = []
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    presets.save("Mine", {"mode": "blur"})
    document = {
        "schema": 1,
        "kind": "obs-rvm preset",
        "name": "Copied",
        "values": {"background_file": "//host/x"},
    }
    (paths.presets_dir() / "copied.json").write_text(json.dumps(document))
    real = vendor.api.function

    def stand_in(name: str) -> Any:
        return real(name) if name.startswith("obs_data_") else lambda *_: True

    monkeypatch.setattr(vendor.log, "error", errors.append)
    monkeypatch.setattr(vendor.log, "info", lambda _message: None)
    monkeypatch.setattr(vendor.api, "function", stand_in)
    monkeypatch.setattr(vendor, "parent", lambda _source: nullcontext(3))
    monkeypatch.setattr(vendor, "name_of", lambda _source: "Camera")
    return errors


@given(st.integers(0, len(vendor.REQUESTS) - 1), REQUESTS, st.lists(TEXTS, max_size=2), STATUSES)
@example(0, b'{"source": ' + deep(1500).encode() + b"}", ["Matte"], {})
@example(0, b'{"source": "Camera", "glitter": 1}', ["Matte"], {})
@example(list(vendor.REQUESTS).index("set_preset"), b'{"preset": "Copied"}', ["Matte"], {})
@example(list(vendor.REQUESTS).index("set_preset"), b'{"preset": "%s"}' % (b"x" * 5000), ["Matte"], {})
@example(list(vendor.REQUESTS).index("status"), b"{}", ["Matte"], {"nan": float("nan")})
@example(list(vendor.REQUESTS).index("status"), b"{}", ["a\0b \ud800"], {"problem": "\ud800\0"})
def test_any_request_is_answered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: list[str],
    number: int,
    content: bytes,
    names: list[str],
    status: Any,
) -> None:
    said.clear()
    filters = [Filter(name, status) for name in names]
    monkeypatch.setattr(vendor.instance, "living", lambda: filters)
    monkeypatch.setattr(vendor.instance, "held", lambda _address: nullcontext(filters[0]))
    before = snapshot(tmp_path)
    request = function("obs_data_create_from_json")(content.partition(b"\0")[0]) or 0
    response = function("obs_data_create")()
    try:
        with quietly():
            vendor._answer(number, request, response)
        answered = json.loads(function("obs_data_get_json")(response))
    finally:
        function("obs_data_release")(response)
        if request:
            function("obs_data_release")(request)
    assert said == []
    assert isinstance(answered["success"], bool)
    assert answered["success"] is ("error" not in answered)
    if not answered["success"]:
        assert answered["error"].strip()
        assert len(answered["error"]) < 4000, "nobody reads that"
    assert snapshot(tmp_path) == before, "a request changes filters and no file"
    for one in filters:
        assert not str(one.values["background_file"]).startswith("//")
        assert one.values.keys() <= SCHEMA_KEYS
