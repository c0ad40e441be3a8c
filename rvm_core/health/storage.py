"""The data folder: whether it can be written, and whether the disk has room."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rvm_core import paths
from rvm_core.health.case import Case
from rvm_core.health.finding import Finding, Subject

ABOUT = Subject("data folder")
LEAST_FREE_BYTES = 200_000_000
"""A model in the making, its specialised graph and the compiled code."""


def look(_case: Case) -> Iterator[Finding]:
    """What lies in the folder is other files' business."""
    folder = paths.data_dir()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    fault = unwritable(there)
    free = shutil.disk_usage(there).free
    if fault:
        yield ABOUT.problem(
            f"Nothing can be written in {folder} ({fault}).",
            f"Make that folder yours to write, or name another one in {paths.DATA_DIR_VARIABLE}.",
        )
    elif free < LEAST_FREE_BYTES:
        yield ABOUT.problem(
            f"The disk of {folder} has only {free / 1e6:.0f} MB left.",
            f"Make room on it: {LEAST_FREE_BYTES / 1e6:.0f} MB at least.",
        )
    else:
        is_there = "" if there == folder else ", not there yet"
        yield ABOUT.good(f"{folder}{is_there}, {free / 1e9:.1f} GB free")


def unwritable(folder: Path) -> str:
    """Why nothing can be written in `folder`, as a clause; empty where something can."""
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".doctor-"):
            return ""
    except OSError as fault:
        return fault.strerror or str(fault)
