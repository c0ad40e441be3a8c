"""The virtual environment that OBS's Python imports from.

Its scripts hold absolute paths, so it cannot be made elsewhere and renamed.  Instead a marker is
written last: an environment without its marker, or with another fingerprint, is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from installer import files, pip_wheel
from installer.errors import CommandFailed
from installer.layout import Layout
from installer.source import Source
from rvm_core.desktop.pythons import Python
from rvm_core.patience import patiently

if TYPE_CHECKING:
    from installer.steps import Workshop

DEMO = "demo"
FORM = 2  # raised when an environment of the same packages must be made differently
VARIABLES = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_NO_CACHE_DIR": "1",  # nothing of ours stays in the user's cache
    "PIP_USER": "0",
    "PYTHONNOUSERSITE": "1",
}


def fingerprint(source: Source, python: Python) -> str:
    """Changes whenever an environment made of these would be another one."""
    facts = [FORM, source.digest, str(python.program), list(python.version), python.architecture]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def is_current(layout: Layout, wanted: str) -> bool:
    """Whether the environment is complete and of the `wanted` fingerprint.

    The Python of a box is a link that leads nowhere outside of it.
    """
    try:
        marker = json.loads(layout.environment_marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(marker.get("fingerprint") == wanted) and os.path.lexists(layout.environment_python)


def make(workshop: Workshop, python: Python, wanted: str) -> None:
    """Makes the environment anew; one that works stays aside until its successor is complete.

    Raises CommandFailed and InstallError; then everything is as it was before.
    """
    layout, source = workshop.layout, workshop.source
    previous = layout.environment.with_name(layout.environment.name + ".previous")
    if layout.environment_marker.exists():
        files.remove(previous)
        patiently(lambda: layout.environment.rename(previous))
    else:
        files.remove(layout.environment)
    layout.data.mkdir(parents=True, exist_ok=True)
    try:
        create(workshop.run, str(python.program), layout.environment, source.wheels)
        _pip(workshop, ["install", *source.pip_options(), str(source.path)])
        marker = {"fingerprint": wanted, "version": source.version, "python": list(python.version)}
        files.write(layout.environment_marker, json.dumps(marker, indent=1).encode())
    except BaseException:
        files.remove(layout.environment)
        if previous.exists():
            patiently(lambda: previous.rename(layout.environment))
        raise
    files.remove(previous)


def create(
    run: Callable[[Sequence[str]], object], python: str, folder: Path, wheels: Path | None = None
) -> None:
    """An environment in `folder` with nothing but pip.

    run: runs a command where `python` lives.  wheels: where else than on the net pip may be found.  Raises
    CommandFailed and InstallError.
    """
    try:
        run([python, "-m", "venv", str(folder)])
    except CommandFailed:  # it may be a Python without `ensurepip`
        run([python, "-m", "venv", "--without-pip", str(folder)])
        wheel = pip_wheel.ensure(folder, wheels)
        inner = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
        run([str(folder / inner), *pip_wheel.words(wheel), "install", "--no-index", str(wheel)])


def add_extra(workshop: Workshop, name: str) -> None:
    """Install what the package's extra `name` asks for beside what is there.  Raises CommandFailed."""
    source = workshop.source
    _pip(workshop, ["install", *source.pip_options(), f"obs-rvm[{name}]=={source.version}"])


def installed_script(layout: Layout) -> Path | None:
    """The script as the installed package carries it."""
    for library in ("Lib", "lib/python3*"):  # Windows'; which of them a folder is, macOS does not tell
        for file in layout.environment.glob(f"{library}/site-packages/rvm_core/obs_rvm_filter.py"):
            return file
    return None


def _pip(workshop: Workshop, words: list[str]) -> None:
    workshop.run([str(workshop.layout.environment_python), "-m", "pip", *words], VARIABLES)
