"""One OBS of this computer, and the Pythons that it can load."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath

Version = tuple[int, ...]

OLDEST_PYTHON = (3, 10)
"""What the package needs."""


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
    cannot be told.  config: the folder ``obs-studio`` with ``global.ini``, ``user.ini`` and ``logs``; it
    need not exist yet.  linked_python: on Linux the version whose libpython it links; None where it
    was built without scripting, and on Windows and macOS, where the user chooses.
    """

    kind: Kind
    program: PurePath
    version: Version | None
    architecture: str | None
    config: PurePath
    linked_python: tuple[int, int] | None = None
