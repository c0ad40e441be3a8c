"""One OBS of this computer, and the Pythons that it can load."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath

Version = tuple[int, ...]

OLDEST_PYTHON = (3, 10)
"""What the package needs."""

OLDEST_OBS: Version = (28,)

# The newest Python that an OBS for Windows or macOS looks for, by the version that began with it:
# PY_MINOR_VERSION_MAX in obs-scripting-python-import.c of 28.0.0 to 32.2.2.
_NEWEST_PYTHON: tuple[tuple[Version, tuple[int, int]], ...] = (
    ((30, 1), (3, 12)),
    ((29, 1), (3, 11)),
    ((28,), (3, 10)),
)


class Kind(Enum):
    """How an OBS came to this computer; the value is the word for it that users read and type."""

    INSTALLED = "installed"
    PORTABLE = "portable"
    STEAM = "steam"
    HOMEBREW = "homebrew"
    DISTRIBUTION = "distribution"
    LOCAL = "local"
    FLATPAK = "flatpak"
    SNAP = "snap"


@dataclass(frozen=True)
class Obs:
    """An OBS that was found.

    program: what starts it (flatpak and snap: the file that the system starts it by).  version: None where it
    cannot be told.  architecture: ``x86_64`` or ``arm64``.  config: the folder ``obs-studio`` with
    ``global.ini``, ``user.ini``, ``plugin_config`` and ``logs``; it need not exist yet.  linked_python: on
    Linux the version whose libpython it links, None where it was built without scripting, and on Windows and
    macOS, where the user chooses.  has_scripting: whether it was built to run scripts.
    """

    kind: Kind
    program: PurePath
    version: Version | None
    architecture: str | None
    config: PurePath
    linked_python: tuple[int, int] | None = None
    has_scripting: bool = True


def is_too_old(obs: Obs) -> bool:
    """Whether it is older than any that the filter runs in."""
    return obs.version is not None and obs.version < OLDEST_OBS


def python_limits(obs: Obs) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """The oldest and the newest Python that run the filter in this OBS, None where none does.

    On Linux both are the one that it links, which may be older than `OLDEST_PYTHON`.  An OBS of unknown
    version is taken for the newest.
    """
    if not obs.has_scripting:
        return None
    if obs.linked_python is not None:
        return obs.linked_python, obs.linked_python
    for since, newest in _NEWEST_PYTHON:
        if obs.version is None or obs.version >= since:
            return OLDEST_PYTHON, newest
    return None


def version_in(text: str) -> Version | None:
    """The first version number in `text`, three parts at most: (30, 2, 3) of ``30.2.3-0obsproject1``."""
    found = re.search(r"\d+\.\d+(?:\.\d+)?", text)
    return tuple(int(part) for part in found[0].split(".")) if found else None
