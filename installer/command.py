"""The command ``obs-rvm``: a launcher in the data folder, and a link to it where shells look.

The project is not copied anywhere: like the script in OBS, the command runs from this folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from installer.layout import DATA_DIR_VARIABLE, PROJECT, Layout, default_data_dir

NAME = "obs-rvm"
_POSIX = """#!/bin/sh
# Made by installer/install.py.
if [ -z "${variable}" ]; then {variable}={data}; fi
export {variable}
PYTHONPATH={project} exec {python} -m rvm_core "$@"
"""
_WINDOWS = """@echo off
rem Made by installer/install.py.
setlocal
if not defined {variable} set "{variable}={data}"
set "PYTHONPATH={project}"
"{python}" -m rvm_core %*
"""


def make(layout: Layout) -> Path:
    """Write the launcher; its path.  An older one is replaced at once."""
    path = launcher(layout)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {"data": layout.data, "project": PROJECT, "python": layout.environment_python}
    if sys.platform == "win32":
        text = _WINDOWS.format(variable=DATA_DIR_VARIABLE, **values)
    else:
        text = _POSIX.format(
            variable=DATA_DIR_VARIABLE, **{key: shlex.quote(str(value)) for key, value in values.items()}
        )
    staged = path.with_name(path.name + ".part")
    staged.write_text(text, encoding="utf-8")
    staged.chmod(0o755)
    staged.replace(path)
    return path


def launcher(layout: Layout) -> Path:
    """Where the launcher lies."""
    return layout.data / "bin" / (f"{NAME}.cmd" if sys.platform == "win32" else NAME)


def link(layout: Layout, folder: Path | None = None) -> Path | None:
    """Link to the launcher from a folder that shells search; None where that is not ours to do.

    folder: by default that of programs for all users, for root, else the user's own.  Nothing is linked on
    Windows, for a data folder of the user's choice, or over another file of that name.
    """
    if sys.platform == "win32" or layout.data != default_data_dir() or DATA_DIR_VARIABLE in os.environ:
        return None
    folder = folder or (Path("/usr/local/bin") if os.geteuid() == 0 else Path.home() / ".local" / "bin")
    path, target = folder / NAME, launcher(layout)
    if os.path.lexists(path) and not (path.is_symlink() and path.resolve() == target.resolve()):
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)
    except OSError:
        return None
    return path


def name_for_shell(layout: Layout) -> str:
    """What to type: ``obs-rvm`` where a shell finds it, else the launcher's path."""
    found = shutil.which(NAME)
    is_ours = found is not None and Path(found).resolve() == launcher(layout).resolve()
    return NAME if is_ours else str(launcher(layout))
