"""The parsed files of one folder, parsed again only when a file has changed.  Standard library only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
_SECOND_NS = 1_000_000_000
_FINE_NS = _SECOND_NS // 20
"""Longer than a tick of any system's clock: two writes within one tick may leave the same time."""
_COARSE_NS = 2 * _SECOND_NS
"""The same for file systems that keep whole seconds, such as FAT."""


class _Stamp(NamedTuple):
    """What changes whenever somebody writes to the file, replaces it, or gives it other times."""

    inode: int
    mode: int
    size: int
    modified_ns: int
    changed_ns: int


class _Parsed(NamedTuple, Generic[T]):
    stamp: _Stamp | None
    """None: parse the file again next time."""
    path: Path
    content: T


class FolderCache(Generic[T]):
    """The files of a folder that end in `suffix` (``.json``), each as `parse` returned it.

    `parse` gets a path and must not raise; where `lasts` is false of what it returned, for instance because
    the file could not be opened at the moment, the file is parsed again next time.  Any thread: there is no
    lock, so nobody waits for another thread's disk; two threads may parse the same file at once.
    """

    def __init__(
        self, suffix: str, parse: Callable[[Path], T], lasts: Callable[[T], bool] = lambda _: True
    ) -> None:
        self._suffix, self._parse, self._lasts = suffix, parse, lasts
        self._known: Mapping[str, _Parsed[T]] = {}

    def contents(self, folder: Path) -> list[tuple[Path, T]]:
        """Every file with its content, sorted by name.

        Costs one listing and one `stat` per file while nothing has changed.  Raises OSError where the folder
        cannot be listed.
        """
        now_ns = time.time_ns()
        with os.scandir(folder) as listing:
            files = [entry for entry in listing if entry.name.endswith(self._suffix)]
        known = self._known
        found = {
            entry.path: self._current(entry, known.get(entry.path), now_ns)
            for entry in sorted(files, key=lambda entry: entry.name)
        }
        self._known = found
        return [(parsed.path, parsed.content) for parsed in found.values()]

    def _current(self, entry: os.DirEntry[str], known: _Parsed[T] | None, now_ns: int) -> _Parsed[T]:
        stamp = _stamp(entry)  # before parsing: a write in between is seen next time
        if known is not None and stamp is not None and known.stamp == stamp:
            return known
        path = Path(entry.path)
        content = self._parse(path)
        is_settled = stamp is not None and _is_settled(stamp, now_ns) and self._lasts(content)
        return _Parsed(stamp if is_settled else None, path, content)


def _stamp(entry: os.DirEntry[str]) -> _Stamp | None:
    try:
        found = entry.stat()
    except OSError:
        return None
    return _Stamp(found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _is_settled(stamp: _Stamp, now_ns: int) -> bool:
    """Whether any later write gives the file another stamp, because its time is a past tick of the clock."""
    times = (stamp.modified_ns, stamp.changed_ns)
    return all(abs(now_ns - at) > (_FINE_NS if at % _SECOND_NS else _COARSE_NS) for at in times)
