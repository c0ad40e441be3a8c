"""Files in the making: each is written by one process alone, and outlives it.

A part has a lock file beside it, locked by the operating system for as long as its writer lives.  So a part
whose lock is free was left behind, however its writer ended, and may be continued or removed at once.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from rvm_core import locks
from rvm_core.models.disk import on_disk
from rvm_core.patience import patiently

_LOCK = ".lock"


class Part:
    """A file in the making that is ours; what an earlier writer left is still in it.

    `room_bytes` is what must fit on the disk beside it.  All methods raise DiskFault.
    """

    def __init__(self, path: Path, room_bytes: int) -> None:
        self.path = path
        self._room_bytes = room_bytes

    @property
    def size(self) -> int:
        """How many bytes are there."""
        with on_disk():
            return self.path.stat().st_size if self.path.exists() else 0

    def receive(self, blocks: Iterable[bytes], total_bytes: int, *, keep: bool) -> None:
        """Write `blocks`, flushed to disk, after what is there (`keep`) or in its place.

        What `blocks` raises passes through; what came before stays.
        """
        missing = total_bytes + self._room_bytes - (self.size if keep else 0)
        with on_disk(missing):
            # unbuffered, so that nothing is left to be written, and to fail, as it closes
            sink = self.path.open("ab" if keep else "wb", buffering=0)
        with sink:
            for block in blocks:
                rest = memoryview(block)
                while rest:
                    with on_disk(missing):
                        written = sink.write(rest) or 0
                    rest, missing = rest[written:], missing - written
            with on_disk(missing):
                os.fsync(sink.fileno())

    def discard(self) -> None:
        """Remove what is there."""
        with on_disk():
            self.path.unlink(missing_ok=True)

    def become(self, target: Path) -> None:
        """Take the place of `target`, at once and whole."""
        with on_disk():
            patiently(lambda: self.path.replace(target))


@contextmanager
def claimed(file: Path, *, room_bytes: int = 0) -> Iterator[Part]:
    """A part for `file` in its folder (made if need be) that no other process or thread writes to.

    The first that nobody holds, so that what was left behind is found again.  Raises DiskFault.
    """
    with on_disk():
        file.parent.mkdir(parents=True, exist_ok=True)
        path, lock = next(_free(file))
    try:
        yield Part(path, room_bytes)
    finally:
        locks.release(_lock_of(path), lock)


def sweep(file: Path) -> int:
    """Remove what was left behind for `file`, and say how many bytes that freed."""
    freed = 0
    for part in file.parent.glob(f"{escape(file.name)}.*part"):
        with suppress(OSError):  # whoever removes it first
            lock = locks.acquired(_lock_of(part))
            if lock is None:
                continue
            try:
                size = part.stat().st_size
                part.unlink()
                freed += size
            finally:
                locks.release(_lock_of(part), lock)
    return freed


def _free(file: Path) -> Iterator[tuple[Path, int]]:
    for number in itertools.count(1):
        path = file.with_name(f"{file.name}.{number}.part")
        lock = locks.acquired(_lock_of(path))
        if lock is not None:
            yield path, lock


def _lock_of(part: Path) -> Path:
    return part.with_name(part.name + _LOCK)
