"""Words for the user's shell."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path, PurePath

from rvm_core import paths

NAME = "obs-rvm"


def obs_rvm(data: Path | None = None) -> str:
    """What starts the command line: its name where a shell finds it, else its launcher's path.

    data: the data folder, by default this user's.
    """
    try:
        own, found = launcher(data or paths.data_dir()), shutil.which(NAME)
    except RuntimeError:  # nobody knows the home folder
        return NAME
    if not own.exists() or (found and Path(found).resolve() == own.resolve()):
        return NAME
    return typed(own)


def launcher(data: Path) -> Path:
    """Where the installer puts the command into a data folder."""
    return data / "bin" / (f"{NAME}.cmd" if sys.platform == "win32" else NAME)


def typed(path: PurePath) -> str:
    """`path` as it is typed in a command; a ``~`` that comes to stand at its beginning later still counts."""
    if sys.platform == "win32":
        # PowerShell takes a quoted path for a text, so only where it must be
        return f'"{path}"' if re.search(r"[^\w:\\.~-]", str(path)) else str(path)
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", str(path))
