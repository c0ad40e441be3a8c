"""What this computer's disk refuses, as against what a source does."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


class DiskFault(Exception):
    """This computer does not take the file, whoever sends it.

    `missing_bytes` is what was still to be written.
    """

    def __init__(self, fault: OSError, missing_bytes: int) -> None:
        super().__init__(fault.strerror or str(fault))
        self.is_full = fault.errno in _FULL
        self.missing_bytes = missing_bytes


@contextmanager
def on_disk(missing_bytes: int = 0) -> Iterator[None]:
    """Turn an OSError of the body into a DiskFault."""
    try:
        yield
    except OSError as fault:
        raise DiskFault(fault, missing_bytes) from fault
