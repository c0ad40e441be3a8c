"""A process that outlives the command that started it, with the command's output in hand."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

LIFE_S = 60
"""Longer than any test needs that does not wait for it."""


@contextlib.contextmanager
def left_behind() -> Iterator[tuple[str, Callable[[], bool]]]:
    """A Python program that leaves such a process, and whether that one has ended by itself.

    It is killed at the end.  POSIX.
    """
    with tempfile.TemporaryDirectory() as folder:
        number, ended = Path(folder) / "pid", Path(folder) / "ended"
        words = ["sh", "-c", f"sleep {LIFE_S}; : > {ended}"]
        program = (
            f"import pathlib, subprocess; other = subprocess.Popen({words}, start_new_session=True);"
            f" pathlib.Path({str(number)!r}).write_text(str(other.pid))"
        )
        try:
            yield program, ended.exists
        finally:
            if number.exists() and not ended.exists():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int(number.read_text()), signal.SIGKILL)
