"""The code that was compiled for this computer, so that OBS never waits for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from rvm_core import paths
from rvm_core.desktop.shell import obs_rvm
from rvm_core.health.case import Case
from rvm_core.health.environment import python_version
from rvm_core.health.finding import Finding, Subject
from rvm_core.health.storage import unwritable

ABOUT = Subject("compiled code")
_ROOMS = {"kernels": "the kernels", "obs_filter": "OBS's callbacks"}
"""numba's folders are named for those of the sources."""


def look(_case: Case) -> Iterator[Finding]:
    """What there is for this very code and this Python."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(named) if named else paths.numba_cache_dir()
    there = next(place for place in (folder, *folder.parents) if place.exists())
    fault = unwritable(there)
    if fault:
        yield ABOUT.problem(
            f"Compiled code cannot be kept in {folder} ({fault}), so OBS waits for it at each start.",
            "Make that folder yours to write.",
        )
        return
    major, minor = python_version() or sys.version_info[:2]
    warm = f"Run: {obs_rvm()} warm"
    lacking = [words for room, words in _ROOMS.items() if not _has(folder, room, f".py{major}{minor}.")]
    if not lacking:
        yield ABOUT.good(f"ready in {folder}")
    elif any(folder.glob("*/*.nbi")):
        what = " and ".join(lacking)
        yield ABOUT.problem(f"{what[0].upper()}{what[1:]} are not compiled yet.", warm)
    elif any(folder.parent.glob("*/*/*.nbi")):
        yield ABOUT.problem("The compiled code is of another version of obs-rvm.", warm)
    else:
        yield ABOUT.problem("Nothing is compiled yet, so OBS's next start takes a minute more.", warm)


def _has(folder: Path, room: str, python: str) -> bool:
    """Whether anything of a room was compiled by that Python."""
    return any(python in file.name for file in folder.glob(f"{room}_*/*.nbi"))
