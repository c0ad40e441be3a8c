"""What Windows refuses for a moment: a scanner or an indexer has a file open that has just been written."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

LIMIT_S = 2.0
PAUSE_S = 0.05

T = TypeVar("T")


def patiently(action: Callable[[], T], limit_s: float | None = None) -> T:
    """What `action` gives, which may be called again and again for `limit_s`, by default two seconds.

    Raises its last error.

    Elsewhere nobody's open file keeps others from replacing it, and it is called once.
    """
    last = time.monotonic() + (LIMIT_S if limit_s is None else limit_s)
    while True:
        try:
            return action()
        except PermissionError:
            if not sys.platform.startswith("win") or time.monotonic() > last:
                raise
        time.sleep(PAUSE_S)
