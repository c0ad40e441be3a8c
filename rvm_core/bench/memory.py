"""How much memory a piece of work needs, in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")


def grown_mb(work: Callable[..., object], *arguments: Any) -> float | None:
    """Megabytes (1e6 bytes) by which `work(*arguments)` raises the peak resident memory of a new process.

    What importing the module of `work` takes does not count.  `work` is a function of a module's top level;
    it and `arguments` can be pickled.  None where the system does not tell (Windows).
    Raises what `work` raises.
    """
    if _peak_mb() is None:
        return None
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_growth, work, arguments).result()


def _growth(work: Callable[..., object], arguments: tuple[Any, ...]) -> float | None:
    before = _peak_mb()
    work(*arguments)
    after = _peak_mb()
    return None if before is None or after is None else after - before


def _peak_mb() -> float | None:
    """The most that this process ever held."""
    if _STATUS.is_file():
        # Linux's getrusage goes on from the parent's peak, through fork and exec.
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6
