"""How filters at work are seen from outside their process: by files in one folder.

::

    1234.running   locked by the process 1234 for as long as it has the filter
    asked          touched by who wants to know
    1234-1.json    what one of its filters does, written once a second for a while after that

Where ``OBS_RVM_STATUS_DIR`` names the folder, filters write whether somebody asks or not.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rvm_core import atomic_write, locks, paths

WRITE_EVERY_S = 1.0
ASKED_FOR_S = 10.0
_MARK = ".running"
_WRITE_LIMIT_S = 0.1
"""The worker writes, and a later report takes this one's place: it must not keep mattes waiting."""

_numbers = itertools.count(1)
_held: list[tuple[Path, int]] = []


def appear() -> None:
    """Let others see that this process has the filter.  Where nothing can be written, they do not."""
    mark = mark_file(os.getpid())
    with suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        lock = locks.acquired(mark)
        if lock is not None:
            _held.append((mark, lock))


def mark_file(process: int) -> Path:
    """The file that `process` holds the lock of; as old as the filter in it."""
    return paths.status_dir_or_default() / f"{process}{_MARK}"


def disappear() -> None:
    """This process has the filter no more."""
    while _held:
        locks.release(*_held.pop())


class Report:
    """The file of one filter of this process.  One thread; nothing here raises OSError."""

    def __init__(self) -> None:
        self._file = paths.status_dir_or_default() / f"{os.getpid()}-{next(_numbers)}.json"
        self._looked_at = -WRITE_EVERY_S
        self._is_there = False

    def hurry(self) -> None:
        """Something has changed: the next :meth:`write_sometimes` need not wait.  Any thread."""
        self._looked_at = -WRITE_EVERY_S

    def write_sometimes(self, values: Callable[[], Mapping[str, Any]]) -> None:
        """Write `values()` if somebody asks and a second has passed; take it away when nobody does."""
        if time.monotonic() - self._looked_at >= WRITE_EVERY_S:
            self.write(values)

    def write(self, values: Callable[[], Mapping[str, Any]]) -> None:
        """Write `values()` if somebody asks."""
        self._looked_at = time.monotonic()
        if not is_asked():
            self.remove()
            return
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._is_there = True
            content = json.dumps(values(), indent=1).encode()
            atomic_write.write(self._file, content, durable=False, limit_s=_WRITE_LIMIT_S)

    def remove(self) -> None:
        """Take the file away, if it was written."""
        if self._is_there:
            self._is_there = False
            with suppress(OSError):
                self._file.unlink(missing_ok=True)


def is_asked() -> bool:
    """Whether somebody wants to know what the filters do."""
    if paths.status_dir() is not None:
        return True
    try:
        asked = paths.status_asked_file().stat().st_mtime
    except OSError:
        return False
    return abs(time.time() - asked) < ASKED_FOR_S  # a clock that was put back must not ask for ever


def ask() -> float:
    """Ask every filter; the time on the clock of files, for :func:`reports`.  Raises OSError."""
    file = paths.status_asked_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file.stat().st_mtime


def processes() -> tuple[int, ...]:
    """The living processes that have the filter; what dead ones left is removed."""
    folder = paths.status_dir_or_default()
    living = tuple(sorted(int(mark.stem) for mark in folder.glob(f"*{_MARK}") if _is_held(mark)))
    for file in [*folder.glob("*-*.json"), *folder.glob("*-*.part")]:
        process = file.name.partition("-")[0]
        if process.isdecimal() and int(process) not in living:
            with suppress(OSError):
                file.unlink()
    return living


def reports(since: float) -> list[dict[str, Any]]:
    """What filters wrote at `since` (of :func:`ask`) or later, in the order of the files' names."""
    found = []
    for file in sorted(paths.status_dir_or_default().glob("*-*.json")):
        with suppress(OSError, ValueError):  # it has just gone, or is not one of ours
            if file.stat().st_mtime >= since and isinstance(values := json.loads(file.read_bytes()), dict):
                found.append(values)
    return found


def _is_held(mark: Path) -> bool:
    """Whether the process that made `mark` lives; if not, the mark is removed."""
    if not mark.stem.isdecimal():
        return False
    try:
        lock = locks.acquired(mark)
    except OSError:
        return False
    if lock is not None:
        locks.release(mark, lock)
    return lock is None
