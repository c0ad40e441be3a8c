"""OBS on macOS: OBS.app by hand, by Homebrew, by Steam."""

from __future__ import annotations

import plistlib
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from xml.parsers.expat import ExpatError

from rvm_core.desktop import binaries, config, steam
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Kind, Obs, Version, version_in

_APP = "OBS.app"
# Homebrew moves the app to Applications and keeps a folder of its own for each version here.
_CASKROOMS = ("/opt/homebrew/Caskroom", "/usr/local/Caskroom")
_CASKS = ("obs", "obs@beta")


def find(machine: Machine, further: Sequence[PurePath] = ()) -> Iterator[Obs]:
    """Every OBS; `further` are folders that may be one too."""
    for kind, app in (*_apps(machine), *((Kind.INSTALLED, app) for app in further)):
        # Not LSArchitecturePriority, which OBS's Info.plist lacks.  One architecture a build since 28.
        content = machine.read(app / "Contents" / "MacOS" / "OBS")
        if content is not None:
            yield _told(machine, kind, app, content)


def _told(machine: Machine, kind: Kind, app: PurePath, content: bytes) -> Obs:
    place, made_for = config.user_config(machine), binaries.architectures(content)
    own = _processor(machine)
    return Obs(
        kind,
        app / "Contents" / "MacOS" / "OBS",
        _version(machine.read(app / "Contents" / "Info.plist") or b"") or config.last_version(machine, place),
        own if own in made_for else next(iter(made_for), None),
        place,
    )


def _apps(machine: Machine) -> Iterator[tuple[Kind, PurePath]]:
    casks = (machine.path(room) / cask for room in _CASKROOMS for cask in _CASKS)
    kind = Kind.HOMEBREW if any(machine.is_dir(cask) for cask in casks) else Kind.INSTALLED
    for applications in (machine.path("/Applications"), machine.home / "Applications"):
        yield kind, applications / _APP
    for folder in steam.obs_folders(machine):
        # What launch.sh beside them starts: build-aux/steam/scripts_macos of 32.2.2.
        both = folder / _APP
        yield Kind.STEAM, both if machine.is_dir(both) else folder / _processor(machine) / _APP


def _processor(machine: Machine) -> str:
    """What the computer has, which a Python that runs translated is not told."""
    is_translated = (machine.run("sysctl", "-in", "sysctl.proc_translated") or "").strip() == "1"
    return "arm64" if is_translated else binaries.architecture_name(machine.architecture)


def _version(info: bytes) -> Version | None:
    """The version in an Info.plist, in either of its two forms."""
    try:
        told = plistlib.loads(info)
    except (ValueError, ExpatError):
        return None
    return version_in(str(told.get("CFBundleShortVersionString"))) if isinstance(told, dict) else None
