"""A computer that is busy with something else, as a game makes it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def busy_cores(is_busy: bool = True) -> Iterator[None]:
    """One endless loop of normal priority for each core, for the length of the block."""
    count = (os.cpu_count() or 1) if is_busy else 0
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()
