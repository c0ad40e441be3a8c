"""The virtual environment that OBS's Python imports from.

Its scripts hold absolute paths, so it cannot be made elsewhere and renamed.  Instead a marker is
written last: an environment without its marker, or with another fingerprint, is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installer import files, pip_wheel
from installer.errors import CommandFailed
from installer.layout import MARKER, Layout, python_in
from installer.source import Source
from rvm_core.desktop.pythons import Python
from rvm_core.patience import patiently

if TYPE_CHECKING:
    from installer.steps import Workshop

DEMO = "demo"
FORM = 2  # raised when an environment of the same packages must be made differently
TRIAL = """
import importlib, sys
import rvm_core
from rvm_core.health.packages import PACKAGES
for package in PACKAGES:
    importlib.import_module(package.module)
sys.exit(rvm_core.__version__ != sys.argv[1])
"""
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
    return bool(_marked(layout).get("fingerprint") == wanted) and os.path.lexists(layout.environment_python)


def recover(layout: Layout) -> None:
    """Clear up after an installer that was killed: one environment stays, the newest that is complete.

    Raises InstallError and OSError.
    """
    previous = _previous(layout)
    if layout.environment_marker.exists():
        discard(previous)
    elif (previous / layout.environment_marker.name).exists():
        discard(layout.environment)
        patiently(lambda: previous.rename(layout.environment))


def discard(environment: Path) -> None:
    """Remove it, its marker first: a half must not pass for a whole one.  Raises InstallError."""
    files.remove(environment / MARKER)
    files.remove(environment)


def remove(layout: Layout) -> None:
    """Remove every environment of ours.  Raises InstallError."""
    discard(_previous(layout))
    discard(layout.environment)


def works(workshop: Workshop) -> bool:
    """Whether all that the package needs can be imported, and the package is the one that is meant."""
    words = [str(workshop.layout.environment_python), "-I", "-c", TRIAL, workshop.source.version]
    try:
        workshop.run(words)
    except CommandFailed:
        return False
    return True


def make(workshop: Workshop, python: Python, wanted: str) -> None:
    """Makes the environment anew; one that works stays aside until its successor is complete.

    Raises CommandFailed, InstallError and OSError; then everything is as it was before.
    """
    layout, source = workshop.layout, workshop.source
    previous = _previous(layout)
    recover(layout)
    if layout.environment_marker.exists():
        patiently(lambda: layout.environment.rename(previous))
    else:
        discard(layout.environment)
    layout.data.mkdir(parents=True, exist_ok=True)
    try:
        create(workshop.run, str(python.program), layout.environment, source.wheels)
        _pip(workshop, ["install", *source.pip_options(), str(source.path)])
        marker = {"fingerprint": wanted, "version": source.version, "python": list(python.version)}
        _mark(layout, marker)
    except BaseException:
        discard(layout.environment)
        recover(layout)
        raise
    discard(previous)


def create(
    run: Callable[[Sequence[str]], object], python: str, folder: Path, wheels: Path | None = None
) -> None:
    """An environment in `folder` with nothing but pip.

    run: runs a command where `python` lives.  wheels: where else than on the net pip may be found.  Raises
    CommandFailed and InstallError.
    """
    try:  # isolated, or a file in the current folder could pass for one of Python's own
        run([python, "-I", "-m", "venv", str(folder)])
    except CommandFailed:  # it may be a Python without `ensurepip`
        run([python, "-I", "-m", "venv", "--without-pip", str(folder)])
        wheel = pip_wheel.ensure(folder, wheels)
        run([str(python_in(folder)), *pip_wheel.words(wheel), "install", "--no-index", str(wheel)])


def add_extra(workshop: Workshop, name: str) -> None:
    """Install what the package's extra `name` asks for beside what is there.  Raises CommandFailed.

    Meanwhile the environment counts as incomplete: a pip that is killed can leave half of a package, which
    the next one takes for a whole one.
    """
    source, layout = workshop.source, workshop.layout
    marker = _marked(layout)
    extras = marker.get("extras", [])
    if name in extras:
        return
    aside = layout.environment / f"{MARKER}.aside"
    patiently(lambda: layout.environment_marker.rename(aside))
    try:
        _pip(workshop, ["install", *source.pip_options(), f"obs-rvm[{name}]=={source.version}"])
    except CommandFailed as failure:
        if failure.code > 0:  # by its own will: it has put back what it had changed
            patiently(lambda: aside.rename(layout.environment_marker))
        raise
    _mark(layout, {**marker, "extras": [*extras, name]})
    files.remove(aside)


def installed_script(layout: Layout) -> Path | None:
    """The script as the installed package carries it."""
    for library in ("Lib", "lib/python3*"):  # Windows'; which of them a folder is, macOS does not tell
        for file in layout.environment.glob(f"{library}/site-packages/rvm_core/obs_rvm_filter.py"):
            return file
    return None


def _previous(layout: Layout) -> Path:
    return layout.environment.with_name(layout.environment.name + ".previous")


def _marked(layout: Layout) -> dict[str, Any]:
    """What the marker says; empty where there is none."""
    try:
        told: dict[str, Any] = json.loads(layout.environment_marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told


def _mark(layout: Layout, told: dict[str, Any]) -> None:
    files.write(layout.environment_marker, json.dumps(told, indent=1).encode())


def _pip(workshop: Workshop, words: list[str]) -> None:
    workshop.run([str(workshop.layout.environment_python), "-I", "-m", "pip", *words], VARIABLES)
