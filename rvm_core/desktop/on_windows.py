"""OBS on Windows: its installer, Steam, and unpacked zips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from rvm_core.desktop import binaries, config, steam
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Kind, Obs, Version, version_in

# The installer writes both (mp-installer.nsi of 29.0.2), OBS's own updater the DisplayVersion (updater.cpp of
# 32.2.2), and Steam the first one too (scripts_windows/install.bat).
_KEY = "HKLM\\SOFTWARE\\OBS Studio"
_UNINSTALL_KEY = "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\OBS Studio"
# Beside ``bin``; then OBS keeps everything in ``config`` (main() of UI/obs-app.cpp).
_PORTABLE_MARKS = ("portable_mode", "obs_portable_mode", "portable_mode.txt", "obs_portable_mode.txt")
_UNPACKED_IN = ("Downloads", "Desktop", "Documents")
_DRIVES = "CDEF"


def find(machine: Machine, further: Sequence[PurePath] = ()) -> Iterator[Obs]:
    """Every OBS, some of them more than once: the first mention knows the kind.

    further: folders that one may lie in too.
    """
    for kind, folder in (*_folders(machine), *((Kind.PORTABLE, folder) for folder in further)):
        # So named for x64 and for ARM: cmake/windows/defaults.cmake of 32.2.2.
        program = folder / "bin" / "64bit" / "obs64.exe"
        content = machine.read(program)
        if content is not None:
            yield _told(machine, kind, folder, program, content)


def _told(machine: Machine, kind: Kind, folder: PurePath, program: PurePath, content: bytes) -> Obs:
    own = folder / "config" / "obs-studio"
    is_portable = any(machine.is_file(folder / mark) for mark in _PORTABLE_MARKS)
    if kind is Kind.PORTABLE:  # or it was started with --portable
        is_portable = is_portable or machine.is_dir(own)
    place = own if is_portable else config.user_config(machine)
    version: Version | None = binaries.windows_version(content)
    if version is None and kind is Kind.INSTALLED:
        version = version_in(machine.registry(_UNINSTALL_KEY, "DisplayVersion") or "")
    return Obs(
        kind,
        program,
        version or config.last_version(machine, place),
        next(iter(binaries.architectures(content)), None),
        place,
        # Builds for ARM have none: ENABLE_SCRIPTING in CMakePresets.json of 31.1.0 to 32.2.2.
        has_scripting=machine.is_file(program.with_name("obs-scripting.dll")),
    )


def _folders(machine: Machine) -> Iterator[tuple[Kind, PurePath]]:
    for folder in steam.obs_folders(machine):
        yield Kind.STEAM, folder
    for folder in _installed(machine):
        yield Kind.INSTALLED, folder
    for place in _places(machine):
        for folder in machine.listed(place):
            if folder.name.lower().startswith("obs"):
                yield Kind.PORTABLE, folder


def _installed(machine: Machine) -> Iterator[PurePath]:
    told = machine.registry(_KEY)
    if told:
        yield machine.path(told)
    icon = machine.registry(_UNINSTALL_KEY, "DisplayIcon")
    if icon:
        yield machine.path(icon.strip('"')).parent.parent.parent
    yield machine.path(machine.environ.get("ProgramFiles") or "C:\\Program Files") / "obs-studio"


def _places(machine: Machine) -> Iterator[PurePath]:
    """Where people unpack a zip."""
    synchronised = machine.environ.get("OneDrive")
    for base in (machine.home, *([machine.path(synchronised)] if synchronised else [])):
        yield base
        for name in _UNPACKED_IN:
            yield base / name
    for drive in _DRIVES:
        yield machine.path(f"{drive}:\\")
