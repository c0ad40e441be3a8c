"""Files that the operating system locks for as long as a process lives, however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def acquired(path: Path) -> int | None:
    """A descriptor that holds the lock of the file `path`, or None when another has it.  Raises OSError."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _try(lock):
            os.close(lock)
            return None
        # its last holder removes the file: a lock on a file that has lost its name keeps nobody out
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(lock), path.stat()):
                return lock
        os.close(lock)


def release(path: Path, lock: int) -> None:
    """Give up the `lock` of the file `path`, and remove the file."""
    if sys.platform == "win32":  # where only a closed file can be removed, and only if nobody has it open
        os.close(lock)
        with suppress(OSError):
            path.unlink()
    else:  # where another may lock it as soon as it is closed
        with suppress(OSError):
            path.unlink()
        os.close(lock)


if sys.platform == "win32":
    import msvcrt

    def _try(lock: int) -> bool:
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
