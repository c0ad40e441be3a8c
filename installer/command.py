"""The command ``obs-rvm``: a launcher in the data folder, and a link to it where shells look."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from installer import files
from installer.layout import DATA_DIR_VARIABLE, Layout, default_data_dir, package_command
from installer.target import Target
from rvm_core.desktop import shell

_POSIX = """#!/bin/sh
# Made by installer/install.py.
if [ -z "${variable}" ]; then {variable}={data}; fi
export {variable}
exec {words} "$@"
"""
_WINDOWS = """@echo off
rem Made by installer/install.py.
chcp 65001 >nul
setlocal
if not defined {variable} set "{variable}={data}"
{words} %*
"""


def make(layout: Layout, target: Target) -> Path:
    """Write the launcher, which runs as `target` says; its path.  An older one is replaced at once."""
    path = launcher(layout)
    path.parent.mkdir(parents=True, exist_ok=True)
    variables = {DATA_DIR_VARIABLE: str(layout.data)} if target.is_boxed else {}
    words, _ = target.command(package_command(layout), variables)
    if sys.platform == "win32":  # a percent sign would begin a variable
        data, *words = (word.replace("%", "%%") for word in (str(layout.data), *words))
        quoted = " ".join(f'"{word}"' for word in words)
        text = _WINDOWS.format(variable=DATA_DIR_VARIABLE, data=data, words=quoted).replace("\n", "\r\n")
    else:
        quoted, data = shlex.join(words), shlex.quote(str(layout.data))
        text = _POSIX.format(variable=DATA_DIR_VARIABLE, data=data, words=quoted)
    files.write(path, text.encode(), mode=0o755)
    return path


def launcher(layout: Layout) -> Path:
    """Where the launcher lies."""
    return shell.launcher(layout.data)


def link_place(layout: Layout, folder: Path | None = None) -> Path | None:
    """Where a link to the launcher is ours to make; None where it is not.

    folder: by default that of programs for all users, for root, else the user's own.  Nothing is linked on
    Windows, for a data folder of the user's choice, or over another file of that name.
    """
    if sys.platform == "win32" or layout.data != default_data_dir() or DATA_DIR_VARIABLE in os.environ:
        return None
    folder = folder or (Path("/usr/local/bin") if os.geteuid() == 0 else Path.home() / ".local" / "bin")
    path = folder / shell.NAME
    if os.path.lexists(path) and not (path.is_symlink() and leads_here(layout, path)):
        return None
    return path if os.access(_existing(folder), os.W_OK) else None


def leads_here(layout: Layout, path: Path) -> bool:
    """Whether `path` is our launcher, which may be gone, or a link to it."""
    return path.resolve() == launcher(layout).resolve()


def link(layout: Layout, path: Path) -> None:
    """Link to the launcher from `path`.  Raises OSError."""
    if path.is_symlink():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(launcher(layout))


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
