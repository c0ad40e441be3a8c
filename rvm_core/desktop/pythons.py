"""The Pythons of this computer, and the one that an OBS is to load.

What OBS loads (obs-scripting-python-import.c, obs-scripting-python.c, frontend-tools/scripts.cpp):

Linux
    the libpython that it was linked with; nothing can be set.
Windows
    ``HOME\\python3NN.dll`` with NN from the newest that it knows downwards, and HOME as Python's home.
macOS
    ``HOME/Python.framework/Versions/3.N/lib/libpython3.N.dylib`` in the same order; ``Versions/Current/lib/``
    before 31.0.2, where a version that is not current cannot be loaded.

HOME is the folder in its Python Settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from rvm_core.desktop.binaries import architecture_name
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import OLDEST_PYTHON, Obs, python_limits
from rvm_core.desktop.python_places import CONDA, Place, places

TRIAL = (
    *("-I", "-B", "-c"),
    "import sys, sysconfig; from importlib.util import find_spec as has; "
    "print('%d.%d' % sys.version_info[:2], sysconfig.get_platform(), bool(has('venv') and has('ensurepip')))",
)
"""What a Python is started with to tell its version, what it was built for, and whether it can make virtual
environments: ``3.12 win-amd64 True``."""

EXPLICIT_VERSIONS = (31, 0, 2)
"""The first OBS that looks for versions by their number in a framework of macOS."""

_BUILT_FOR = {"x86_64": "x64 processors", "arm64": "ARM processors", "win32": "32-bit Windows"}


@dataclass(frozen=True)
class Python:
    """A Python that was found.

    version: (3, minor).  architecture: ``x86_64``, ``arm64``, ``win32``, or ``universal2`` for both of
    macOS's; None where it was not started.  home: the folder for OBS's Python Settings.  origin: where it
    comes from, in a word.  flaw: what keeps every OBS from using it, as the rest of a sentence that begins
    with its name; empty where nothing does.  is_current: whether OBS before `EXPLICIT_VERSIONS` finds it in
    its framework.
    """

    program: PurePath
    version: tuple[int, int]
    architecture: str | None
    home: PurePath
    origin: str
    flaw: str = ""
    is_current: bool = True

    def __str__(self) -> str:
        return f"Python {named(self.version)} ({self.origin})"


def named(version: tuple[int, int]) -> str:
    """``3.12``."""
    return ".".join(map(str, version))


def find_pythons(machine: Machine, further: PurePath | None = None) -> tuple[Python, ...]:
    """All Pythons that are seen here, the better known places first.

    further: one more to look at: a home, on Linux a program.
    """
    found: dict[PurePath, Python] = {}
    for place in places(machine, further):
        if place.program not in found:
            python = _looked_at(machine, place)
            if python is not None:
                found[place.program] = python
    return tuple(found.values())


def _looked_at(machine: Machine, place: Place) -> Python | None:
    if place.flaw and place.version:
        return Python(place.program, place.version, None, place.home, place.origin, place.flaw)
    answer = machine.run(str(place.program), *TRIAL)
    told = re.fullmatch(r"3\.(\d+) (\S+) (True|False)", (answer or "").strip())
    if told is None:
        return None
    version = (3, int(told[1]))
    architecture = architecture_name(told[2].split("-")[-1])
    flaw = _flaw(machine, place, version, architecture)
    if not flaw and told[3] == "False":
        flaw = "cannot make virtual environments: its modules venv and ensurepip are missing"
    return Python(place.program, version, architecture, place.home, place.origin, flaw, place.is_current)


def _flaw(machine: Machine, place: Place, version: tuple[int, int], architecture: str) -> str:
    if machine.system != "Windows":
        return ""
    library = f"python3{version[1]}.dll"
    if not machine.is_file(place.home / library):
        return f"has no {library} in its folder, which OBS loads"
    if architecture == "arm64":
        return "is made for Windows on ARM, where the filter's package opencv-python-headless does not exist"
    return ""


def why_not(python: Python, obs: Obs) -> str:
    """What keeps `obs` from using `python`, as the rest of a sentence that begins with its name; or ""."""
    if python.flaw:
        return python.flaw
    limits = python_limits(obs)
    if limits is None:
        return "is of no use: this OBS cannot run Python scripts for the filter"
    if obs.linked_python not in (None, python.version):
        return f"is not the {named(limits[1])} that this OBS is linked with"
    if python.version > limits[1]:
        return f"is newer than {named(limits[1])}, the newest that this OBS can load"
    if python.version < OLDEST_PYTHON:
        return f"is older than {named(OLDEST_PYTHON)}, the oldest that the filter runs on"
    if not python.is_current and obs.version is not None and obs.version < EXPLICIT_VERSIONS:
        return "is not the current version of its framework, and OBS before 31.0.2 finds no other"
    ours, theirs = python.architecture, obs.architecture
    if ours in _BUILT_FOR and theirs in _BUILT_FOR and ours != theirs:
        return f"is made for {_BUILT_FOR[ours]}, this OBS for {_BUILT_FOR[theirs]}"
    return ""


def choose_python(machine: Machine, obs: Obs, configured: PurePath | None) -> Python | None:
    """The Python for `obs`: what the user has set if it fits, else the newest that fits, Anaconda's last.

    configured: the folder in OBS's Python Settings; on Linux, where OBS has none, a program to consider.
    """
    fitting = [python for python in find_pythons(machine, configured) if not why_not(python, obs)]

    def rank(python: Python) -> tuple[bool, bool, tuple[int, int]]:
        is_set = configured is not None and is_found_in(configured, python)
        return is_set, python.origin != CONDA, python.version

    return max(fitting, key=rank, default=None)


def is_found_in(folder: PurePath, python: Python) -> bool:
    """Whether OBS finds `python` by the `folder` of its setting; on macOS that may be in the framework."""
    return folder == python.home or python.home / "Python.framework" in folder.parents
