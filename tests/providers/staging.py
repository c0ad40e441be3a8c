"""Folders that are filled once and appear whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


class Unobtainable(Exception):
    """What a test needs cannot be had on this machine; the message says why."""


def filled(folder: Path, fill: Callable[[Path], None]) -> Path:
    """`folder`, which `fill` fills if it is not there: elsewhere beside it, so that no half of it is left."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            fill(staging)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return folder
