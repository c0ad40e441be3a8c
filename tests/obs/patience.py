"""How long tests wait: limits are for a computer with nothing else to do, and grow with its load."""

from __future__ import annotations

import os

_MOST = 8.0


def limit_s(seconds: float) -> float:
    """`seconds` times the threads that want a processor, of late, for each processor; never less.

    To be asked anew while waiting: the load may have risen since.
    """
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return seconds * min(max(load, 1.0), _MOST)
