"""The models that can be chosen: the project's manifest, then the user's own on top of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvm_core import paths
from rvm_core.errors import ModelError
from rvm_core.local_paths import is_file_name

SCHEMA_VERSION = 1
LONGEST_NAME = 100
"""Characters in a model's name."""
LONGEST_CAUSE = 300
"""Characters of what is wrong with a manifest: it may hold values of any length."""
METHODS = ("rvm", "mediapipe", "bgmv2")


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
class NpmSource:
    """A member of a package's tarball in the npm registry."""

    package: str
    version: str
    member: str


@dataclass(frozen=True)
class PathSource:
    """A file on this computer."""

    path: Path


Source = UrlSource | WheelSource | NpmSource | PathSource


@dataclass(frozen=True)
class ModelEntry:
    """One model of the registry; ``file`` is its name inside the models folder.

    ``bytes`` and ``sha256`` are both None where nobody publishes them (see ``pins``).
    """

    name: str
    title: str
    file: str
    bytes: int | None
    sha256: str | None
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
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
    ) as fault:  # fmt: skip
        cause = f"{fault} is missing" if isinstance(fault, KeyError) else str(fault)[:LONGEST_CAUSE]
        raise ModelError(
            f"The model list {manifest} cannot be used: {cause}.", "Correct this file, or remove it."
        ) from fault


def _parse(name: str, values: Mapping[str, Any], folder: Path) -> ModelEntry:
    file, method = str(values["file"]), str(values["method"])
    size = None if values["bytes"] is None else int(values["bytes"])
    sha256 = None if values["sha256"] is None else str(values["sha256"]).lower()
    sources = tuple(_parse_source(name, source, folder) for source in values["sources"])
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{name[:LONGEST_NAME]}…: a model's name has {LONGEST_NAME} characters at most")
    if not is_file_name(file):
        raise ValueError(f"{name}: file {file!r} is not a plain file name")
    if sha256 is not None and (len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef")):
        raise ValueError(f"{name}: sha256 must be 64 hexadecimal digits, or null")
    if (size is None) != (sha256 is None):
        raise ValueError(f"{name}: bytes and sha256 are known together, or both are null")
    if sha256 is None and not all(map(_can_go_unjudged, sources)):
        raise ValueError(f"{name}: without a sha256, a source is an https address or a path")
    if method not in METHODS:
        raise ValueError(f"{name}: method {method!r} is not one of {', '.join(METHODS)}")
    return ModelEntry(
        name=name,
        title=str(values["title"]),
        file=file,
        bytes=size,
        sha256=sha256,
        licence=str(values["licence"]),
        source=str(values["source"]),
        method=method,
        sources=sources,
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
    if "npm" in values:
        package, _, version = str(values["npm"]).rpartition("@")
        if not package:
            raise ValueError(f"{name}: npm {values['npm']!r} must read name@version")
        return NpmSource(package, version, str(values["member"]))
    if "path" in values:
        return PathSource(folder / str(values["path"]))
    raise ValueError(f"{name}: a source needs url, wheel, npm or path")


def _can_go_unjudged(source: Source) -> bool:
    """Whether the way itself vouches for what comes: an encrypted one to a named server, or none at all."""
    return isinstance(source, PathSource) or (
        isinstance(source, UrlSource) and source.url.startswith("https://")
    )
