"""The file that goes with a bug report: what was planned, said and done; nothing private in it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from rvm_core.desktop.machine import Machine
from rvm_core.desktop.privacy import private

MOST_BYTES = 2_000_000


class Log:
    """Lines appended to `path`, home folder and user's name shortened; it begins anew above two megabytes.

    A log that cannot be written stops nobody.
    """

    def __init__(self, path: Path, machine: Machine) -> None:
        self.path = path
        self._machine = machine

    def begin(self, what: str) -> None:
        """A heading with the time."""
        with contextlib.suppress(OSError):
            if self.path.stat().st_size > MOST_BYTES:
                self.path.unlink()
        self.line(f"==== {time.strftime('%Y-%m-%d %H:%M:%S')}: {what}")

    def line(self, text: str) -> None:
        """One line."""
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(private(text, self._machine) + "\n")
