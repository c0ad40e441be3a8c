"""One installer at a time in a data folder."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from installer.errors import InstallError


class Lock:
    """Held within ``with``; the system lets go of it when the process ends in any way."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._file: IO[str] | None = None

    def __enter__(self) -> Lock:
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            self._file = (self._data / "install.lock").open("w", encoding="utf-8")
        except OSError as cause:
            raise InstallError(
                f"{self._data} cannot be written: {cause.strerror}.", "Choose another folder with --data-dir."
            ) from cause
        if sys.platform != "win32":
            import fcntl

            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as cause:
                self._file.close()
                raise InstallError(
                    f"Another installer is at work in {self._data}.",
                    "Wait for it to end, then run this again.",
                ) from cause
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
