"""A process that outlives the command that started it, with the command's output in hand."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

LIFE_S = 120
"""Longer than any time limit within which a test expects an answer."""


@contextlib.contextmanager
def left_behind() -> Iterator[tuple[str, Callable[[], bool]]]:
    """A Python program that leaves such a process, and whether that one lives.  It is ended here.  POSIX."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "pid"
        program = (
            f"import pathlib, subprocess;"
            f" other = subprocess.Popen(['sleep', '{LIFE_S}'], start_new_session=True);"
            f" pathlib.Path({str(told)!r}).write_text(str(other.pid))"
        )

        def is_alive() -> bool:
            try:
                os.kill(int(told.read_text()), 0)
            except ProcessLookupError:
                return False
            return True

        try:
            yield program, is_alive
        finally:
            if told.exists() and is_alive():
                os.kill(int(told.read_text()), signal.SIGKILL)
