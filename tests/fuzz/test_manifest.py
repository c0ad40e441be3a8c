"""The list of models that a user may write: it is read as OBS starts, and says which files are fetched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rvm_core import paths, schema
from rvm_core.errors import ModelError
from rvm_core.models import ensure, registry
from rvm_core.models.removal import remove
from tests.fuzz.outside import (
    SCALARS,
    TEXTS,
    VALUES,
    as_bytes,
    attempt,
    damaged,
    deep,
    json_texts,
    quietly,
    snapshot,
)

ADDRESSES = st.sampled_from(["https://127.0.0.1/x", "http://127.0.0.1/x", "file:///x"]) | SCALARS
MEMBERS = TEXTS | SCALARS
SOURCES = (
    st.fixed_dictionaries({"path": MEMBERS})
    | st.fixed_dictionaries({"url": ADDRESSES})
    | st.fixed_dictionaries({"wheel": st.sampled_from(["a==1", "a"]) | SCALARS, "member": MEMBERS})
    | st.fixed_dictionaries({"npm": st.sampled_from(["@a/b@1", "a"]) | SCALARS, "member": MEMBERS})
    | VALUES
)
MODELS = st.fixed_dictionaries(
    {
        "file": st.sampled_from(["x.onnx", "../x.onnx", "a/b", "a\\b", "..", "C:x", "CON", "x.tflite"])
        | SCALARS,
        "method": st.sampled_from(registry.METHODS) | SCALARS,
        "bytes": st.none() | st.integers() | SCALARS,
        "sha256": st.none() | st.just("a" * 64) | st.just("A" * 64) | SCALARS,
        "sources": st.lists(SOURCES, max_size=3) | VALUES,
        "title": TEXTS | SCALARS,
        "licence": TEXTS | SCALARS,
        "source": TEXTS | SCALARS,
    },
    optional={"tensors": st.fixed_dictionaries({}, optional={"dtype": SCALARS}) | VALUES, "more": VALUES},
)
DOCUMENTS = st.fixed_dictionaries(
    {"schema": st.just(1) | SCALARS, "models": st.dictionaries(TEXTS, MODELS, max_size=3) | VALUES}
)
RIGHT = st.fixed_dictionaries(
    {"schema": st.just(1), "models": st.dictionaries(TEXTS, MODELS, min_size=1, max_size=2)}
)
FILES = damaged((RIGHT | DOCUMENTS | VALUES).flatmap(json_texts).map(as_bytes))
ENTRY = {
    "file": "x.onnx", "method": "rvm", "bytes": 1, "sha256": "a" * 64, "sources": [],
    "title": "T", "licence": "L", "source": "S",
}  # fmt: skip


def manifest(**changed: object) -> bytes:
    """A list with one model."""
    return json.dumps({"schema": 1, "models": {"mine": {**ENTRY, **changed}}}).encode()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path / "data"))
    (tmp_path / "data" / "models").mkdir(parents=True)
    (tmp_path / "outside.onnx").write_bytes(b"not ours")
    return tmp_path / "data"


@given(FILES)
@example(manifest())
@example(manifest(bytes=float("inf")))
@example(manifest(bytes=10**400))
@example(manifest(bytes=-1))
@example(manifest(file="C:x"))
@example(manifest(file="x\0.onnx"))
@example(manifest(file="CON"))
@example(manifest(tensors=[]))
@example(manifest(title="x" * 50_000))
@example(manifest().replace(b"mine", b"x" * 5000))
@example(manifest(method="x" * 5000))
@example(deep(20000).encode())
@example(b'{"schema": 1, "models": {"' + b"x" * 60_000 + b'": 1}}')
def test_a_users_list_of_models(data: Path, content: bytes) -> None:
    paths.user_manifest_file().write_bytes(content)
    before = snapshot(data.parent)
    with quietly():
        for field in ("title", "method"):  # as the settings are imported, which must not fail
            found = schema.of_models(field)
            assert all(isinstance(name, str) and isinstance(value, str) for name, value in found.items())
        entries, _ = attempt(registry.entries, ModelError)
        for name, entry in (entries or {}).items():
            assert entry.path.parent == paths.models_dir()
            assert entry.path.resolve().parent == paths.models_dir().resolve()
            assert entry.method in registry.METHODS
            attempt(lambda name=name: ensure(name, download=False), ModelError)
    assert snapshot(data.parent) == before
    with quietly():
        for name in entries or {}:
            attempt(lambda name=name: remove(name), ModelError)
    assert snapshot(data.parent) == before
