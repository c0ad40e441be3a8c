"""OBS by Steam: where its libraries lie, and the OBS in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from rvm_core.desktop.machine import Machine

APP = 1905180
"""OBS Studio's number: build-aux/steam/obs_build.vdf of obs-studio.  There is none for Linux."""

_QUOTED = r'"((?:[^"\\]|\\.)*)"'


def obs_folders(machine: Machine) -> Iterator[PurePath]:
    """The folders that Steam keeps OBS in, mostly one."""
    for library in _libraries(machine):
        apps = library / "steamapps"
        for name in _values(machine, apps / f"appmanifest_{APP}.acf", "installdir"):
            yield apps / "common" / name


def _libraries(machine: Machine) -> Iterator[PurePath]:
    for home in _homes(machine):
        yield home
        for path in _values(machine, home / "steamapps" / "libraryfolders.vdf", "path"):
            yield machine.path(path)


def _homes(machine: Machine) -> Iterator[PurePath]:
    """Where Steam itself is: in the 32-bit view of all users, or as the user last started it."""
    if machine.system == "Darwin":
        yield machine.home / "Library" / "Application Support" / "Steam"
    for key, name in (("HKLM\\SOFTWARE", "InstallPath"), ("HKCU\\Software", "SteamPath")):
        path = machine.registry(f"{key}\\Valve\\Steam", name)
        if path:
            yield machine.path(path)


def _values(machine: Machine, file: PurePath, key: str) -> Iterator[str]:
    """Every value of `key` in one of Valve's text files."""
    text = (machine.read(file) or b"").decode("utf-8", "replace")
    for found in re.finditer(rf'"{key}"\s+{_QUOTED}', text):
        yield re.sub(r"\\(.)", r"\1", found[1])
