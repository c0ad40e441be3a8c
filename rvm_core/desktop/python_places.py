"""Where Pythons lie on each system, found without starting any.

Looking must change nothing, so two things are never started: Windows's aliases in WindowsApps, behind which
the Python install manager may fetch a Python, and macOS's /usr/bin/python3, which asks for Xcode's tools.

Where the facts are from: PEP 514; PC/layout/support/pymanager.py of CPython; OBS's pull request 11590 and its
issues 7473 and 10314 (Homebrew, pyenv); CPython's issues 111612 and 156127 (the Store's packages cannot be
loaded from outside); conda-forge's patch CondaEcosystemModifyDllSearchPath.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import NamedTuple

from rvm_core.desktop.machine import Machine

CONDA = "Anaconda"
"""Its library brings its own folders along (the patch above), so OBS can load it; but each update of conda
may put another Python in the same place."""

_COMPANIES = {"PythonCore": "python.org", "Astral": "uv"}
_NO_FRAMEWORK = "was built without the Python.framework that OBS loads"
_FROM_STORE = "comes from the Microsoft Store, whose files other programs may not load"


class Place(NamedTuple):
    """One Python as it lies there.

    home: the folder that OBS is given.  flaw: what keeps every OBS from loading it, as the rest of a sentence
    about it; then its `version` is known without starting it.  is_current: on macOS, whether it is what
    ``Versions/Current`` of its framework leads to.
    """

    program: PurePath
    home: PurePath
    origin: str
    is_current: bool = True
    flaw: str = ""
    version: tuple[int, int] | None = None


def places(machine: Machine, further: PurePath | None) -> Iterator[Place]:
    """All places of this system, the better known ones first; `further` is one more home to look at.

    On Linux, where OBS has no setting for it, `further` is a program.
    """
    if machine.system == "Windows":
        yield from _windows(machine, further)
    elif machine.system == "Darwin":
        yield from _macos(machine, further)
    else:
        yield from _linux(machine, further)


def _windows(machine: Machine, further: PurePath | None) -> Iterator[Place]:
    homes = [*_registered(machine), *_unregistered(machine)]
    if further is not None:
        homes.append((further, "OBS's settings"))
    for home, origin in homes:
        if machine.is_file(home / "python.exe"):
            is_conda = machine.is_dir(home / "conda-meta")
            yield Place(home / "python.exe", home, CONDA if is_conda else origin)
    for alias in machine.listed(_variable(machine, "LOCALAPPDATA") / "Microsoft" / "WindowsApps"):
        if named := re.match(r"PythonSoftwareFoundation\.Python\.3\.(\d+)_", alias.name):
            version = (3, int(named[1]))
            yield Place(alias / "python.exe", alias, "Microsoft Store", flaw=_FROM_STORE, version=version)


def _registered(machine: Machine) -> Iterator[tuple[PurePath, str]]:
    for hive in ("HKCU", "HKLM"):
        root = f"{hive}\\Software\\Python"
        for company in sorted(machine.registry_keys(root), key=lambda name: name != "PythonCore"):
            for tag in machine.registry_keys(f"{root}\\{company}"):
                home = machine.registry(f"{root}\\{company}\\{tag}\\InstallPath")
                if home:
                    yield machine.path(home), _COMPANIES.get(company, company)


def _unregistered(machine: Machine) -> Iterator[tuple[PurePath, str]]:
    for home in machine.listed(_variable(machine, "LOCALAPPDATA") / "Python"):
        if home.name.startswith("pythoncore-"):
            yield home, "python.org"
    for home in _uv(machine):
        yield home, "uv"
    for home in machine.listed(machine.home / ".pyenv" / "pyenv-win" / "versions"):
        yield home, "pyenv"
    for home in _search_path(machine, ";"):
        # virtual environments, shims and aliases have no library beside them
        if machine.is_file(home / "python.exe") and any(
            re.fullmatch(r"python3\d+\.dll", file.name) for file in machine.listed(home)
        ):
            yield home, "PATH"


def _macos(machine: Machine, further: PurePath | None) -> Iterator[Place]:
    yield from _framework(machine, machine.path("/Library/Frameworks"), "python.org")
    for prefix in ("/opt/homebrew", "/usr/local"):
        for formula in machine.listed(machine.path(prefix) / "opt"):
            if re.fullmatch(r"python@3\.\d+", formula.name):
                yield from _framework(machine, formula / "Frameworks", "Homebrew")
    yield from _framework(machine, machine.path("/opt/local/Library/Frameworks"), "MacPorts")
    for version in _pyenv(machine):
        homes = (version, version / "Library" / "Frameworks")
        found = [place for home in homes for place in _framework(machine, home, "pyenv")]
        yield from found or _without_framework(version, "pyenv")
    for version in _uv(machine):
        yield from _without_framework(version, "uv")
    tools = machine.path("/Library/Developer/CommandLineTools/Library/Frameworks")
    for folder in machine.listed(tools / "Python3.framework" / "Versions"):
        if named := re.fullmatch(r"3\.(\d+)", folder.name):
            program = machine.path("/usr/bin/python3")
            yield Place(program, tools, "Xcode", flaw=_NO_FRAMEWORK, version=(3, int(named[1])))
    if further is not None:
        # OBS, too, takes away what its dialog gave too much (frontend-tools/scripts.cpp)
        home = machine.path(str(further).split("/Python.framework/Versions")[0])
        yield from _framework(machine, home, "OBS's settings")


def _framework(machine: Machine, home: PurePath, origin: str) -> Iterator[Place]:
    """The versions that OBS can find in the framework in `home`."""
    versions = home / "Python.framework" / "Versions"
    for folder in machine.listed(versions):
        library = f"lib/libpython{folder.name}.dylib"
        if re.fullmatch(r"3\.\d+", folder.name) and machine.is_file(folder / library):
            is_current = machine.is_file(versions / "Current" / library)
            yield Place(folder / "bin" / f"python{folder.name}", home, origin, is_current)


def _without_framework(prefix: PurePath, origin: str) -> Iterator[Place]:
    if named := re.match(r"(?:cpython-)?3\.(\d+)\.", prefix.name):
        program = prefix / "bin" / f"python3.{named[1]}"
        yield Place(program, prefix, origin, flaw=_NO_FRAMEWORK, version=(3, int(named[1])))


def _linux(machine: Machine, further: PurePath | None) -> Iterator[Place]:
    folders = [(machine.path("/usr/bin"), "the system"), (machine.path("/usr/local/bin"), "the system")]
    folders += [(folder, "PATH") for folder in _search_path(machine, ":")]
    folders += [(version / "bin", "pyenv") for version in _pyenv(machine)]
    folders += [(version / "bin", "uv") for version in _uv(machine)]
    for folder, origin in folders:
        for program in machine.listed(folder):
            if re.fullmatch(r"python3\.\d+", program.name):
                yield Place(program, folder.parent, origin)
    if further is not None:
        yield Place(further, further.parent.parent, "the one that runs this")


def _search_path(machine: Machine, separator: str) -> Iterator[PurePath]:
    """The folders of PATH, without pyenv's, whose programs only start others, and /usr's other names."""
    for text in machine.environ.get("PATH", "").split(separator):
        folder = machine.path(text)
        if folder.is_absolute() and folder.name != "shims" and text not in ("/bin", "/sbin"):
            yield folder


def _pyenv(machine: Machine) -> tuple[PurePath, ...]:
    root = machine.environ.get("PYENV_ROOT")
    return machine.listed((machine.path(root) if root else machine.home / ".pyenv") / "versions")


def _uv(machine: Machine) -> Iterator[PurePath]:
    """By their full versions: beside them lie links that name the minor version only."""
    own, data = machine.environ.get("UV_PYTHON_INSTALL_DIR"), machine.environ.get("XDG_DATA_HOME")
    if own:
        folder = machine.path(own)
    elif machine.system == "Windows":
        folder = _variable(machine, "APPDATA") / "uv" / "python"
    else:
        folder = (machine.path(data) if data else machine.home / ".local" / "share") / "uv" / "python"
    for prefix in machine.listed(folder):
        if re.match(r"cpython-3\.\d+\.\d", prefix.name):
            yield prefix


def _variable(machine: Machine, name: str) -> PurePath:
    """The folder that a variable of Windows names."""
    usual = {"LOCALAPPDATA": "Local", "APPDATA": "Roaming"}[name]
    value = machine.environ.get(name)
    return machine.path(value) if value else machine.home / "AppData" / usual
