"""One installer at a time in a data folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from installer.errors import InstallError
from rvm_core import locks

WAIT_S = 120.0
POLL_S = 0.5


class Lock:
    """Held within ``with``; the system lets go of it when the process ends in any way.

    Commands inherit it (see `descriptor`): of an installer that was killed they may still be at work, so the
    next one waits for them, up to two minutes, and says so by `tell`.
    """

    def __init__(self, data: Path, tell: Callable[[str], None]) -> None:
        self._file = data / "install.lock"
        self._tell = tell
        self._lock: int | None = None

    @property
    def descriptor(self) -> int:
        """The open file that holds the lock."""
        assert self._lock is not None
        return self._lock

    def __enter__(self) -> Lock:
        last, is_told = time.monotonic() + WAIT_S, False
        while True:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._lock = locks.acquired(self._file)
            except OSError as cause:
                raise InstallError(
                    f"{self._file.parent} cannot be written: {cause.strerror}.",
                    "Choose another folder with --data-dir.",
                ) from cause
            if self._lock is not None:
                return self
            if not is_told:
                self._tell("Another installer, or what it left running, is still at work: waiting for it.")
                is_told = True
            if time.monotonic() > last:
                raise InstallError(
                    f"Another installer is at work in {self._file.parent}.",
                    "Wait for it to end, then run this again.",
                )
            time.sleep(POLL_S)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            locks.release(self._file, self._lock)
