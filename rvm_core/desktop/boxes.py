"""An OBS in a flatpak or a snap: what it brings, and how a command is run where its Python lives.

Such an OBS loads the Python of its box, never the system's: the environment is made and used inside.

Flatpak, from OBS's manifest ``com.obsproject.Studio.json`` and freedesktop-sdk's ``python3.yml``, each at its
tags.  The way in was tried with flatpak 1.14 and an OBS in a repository made for it::

    OBS 28              KDE 6.3 (freedesktop 21.08)         Python 3.9, too old
    OBS 29 and 30.0     KDE 6.4 and 6.5 (22.08)             Python 3.10
    OBS 30.1 to 31.0    KDE 6.6 (23.08)                     Python 3.11
    OBS 31.1 to 32.0    KDE 6.8 (24.08)                     Python 3.12
    OBS 32.1 and on     freedesktop 25.08                   Python 3.13

Scripts are built in.  Python is the runtime's: an update of OBS may bring another, and then the environment
must be made anew.  Inside, the home folder is seen (``filesystems=host``), the system's ``/usr`` and ``/tmp``
are not, and ``XDG_DATA_HOME`` is ``~/.var/app/com.obsproject.Studio/data`` whatever it is outside.

Snap, from snapcrafters/obs-studio, canonical/core-base, and snapd's ``template.go`` and ``snap-exec``.  Not
tried, for snapd needs systemd::

    OBS 27              base core20     Python 3.8, too old
    OBS 29 and 30       base core22     Python 3.10
    newer               base core24     Python 3.12

Python is the base's, with `venv` but without `ensurepip`.  Programs are started and libraries loaded from
``~/snap/obs-studio/common``, which stays when the snap is refreshed, while ``current`` then becomes a copy
under another name.  Hidden folders of the home and ``/tmp`` are not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import OLDEST_PYTHON, Kind, Obs, Version

FLATPAK_APP = "com.obsproject.Studio"
SNAP_NAME = "obs-studio"

_WAY_OUT = f"Install the OBS of Flathub, which has them: flatpak install flathub {FLATPAK_APP}"
_UPDATE = {
    Kind.FLATPAK: f"Update OBS and run this again: flatpak update {FLATPAK_APP}",
    Kind.SNAP: f"Update OBS and run this again: sudo snap refresh {SNAP_NAME}",
}
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}
_SCRIPTING = re.compile(r"libobs-scripting\.so|obs-scripting\.so")
_LINKED_PYTHON = re.compile(rb"libpython(3)\.(\d+)\.so")


@dataclass(frozen=True)
class Box:
    """Where an OBS lives, and the way in; the box of an OBS in none is the computer itself.

    data: where the script inside looks for its things, under the same path as outside; None: in the usual
    place of `rvm_core.paths`.  python: the interpreter inside; None without a box.
    """

    kind: Kind
    data: PurePath | None = None
    python: str | None = None

    def command(
        self, words: Sequence[str], env: Mapping[str, str], folders: Sequence[PurePath] = ()
    ) -> tuple[list[str], dict[str, str]]:
        """The words and variables that a child is given here, so that `words` run inside with `env`.

        folders: what else than `data` the command may see.  A snap cannot be shown more: put it into `data`.
        """
        if self.kind is Kind.FLATPAK:
            program, *arguments = words
            shown = [f"--filesystem={_escaped(folder)}" for folder in folders]
            variables = [f"--env={name}={value}" for name, value in env.items()]
            # The first: it must not outlive an installer that is killed.
            way_in = ["flatpak", "run", "--die-with-parent", "--share=network", *shown, *variables]
            return [*way_in, f"--command={program}", FLATPAK_APP, *arguments], {}
        if self.kind is Kind.SNAP:
            return ["snap", "run", "--shell", SNAP_NAME, "-c", 'exec "$@"', "bash", *words], dict(env)
        return list(words), dict(env)


class Trouble(NamedTuple):
    """What cannot work, and the one thing to do about it."""

    problem: str
    remedy: str


def find_boxed(machine: Machine) -> tuple[Obs, ...]:
    """The OBS of a flatpak and that of a snap, as far as they are there."""
    if machine.system != "Linux":
        return ()
    return tuple(obs for obs in (_flatpak(machine), _snap(machine)) if obs)


def box_of(obs: Obs) -> Box:
    """The box that `obs` lives in."""
    python = "python{}.{}".format(*obs.linked_python) if obs.linked_python else None
    if obs.kind is Kind.FLATPAK:
        return Box(obs.kind, obs.config.parents[1] / "data" / "obs-rvm", python)
    if obs.kind is Kind.SNAP:
        return Box(obs.kind, obs.config.parents[2] / "common" / "obs-rvm", python)
    return Box(obs.kind)


def trouble(machine: Machine, obs: Obs) -> Trouble | None:
    """Why nothing can be installed for this boxed `obs`; None: it can, or it is in no box."""
    if obs.kind not in (Kind.FLATPAK, Kind.SNAP):
        return None
    it = f"The {obs.kind.value} of OBS on this computer"
    if obs.linked_python is None:
        return Trouble(f"{it} was built without Python scripts.", _WAY_OUT)
    if obs.linked_python < OLDEST_PYTHON:
        python = "Python {}.{}".format(*obs.linked_python)
        return Trouble(f"{it} brings {python}, which is too old.", _UPDATE[obs.kind])
    box = box_of(obs)
    words, _ = box.command([str(box.python), "-c", "import venv"], {})
    if machine.run(*words) is None:
        return Trouble(f"{it} cannot start its {box.python}.", _UPDATE[obs.kind])
    return None


def _flatpak_roots(machine: Machine) -> tuple[PurePath, PurePath]:
    """The user's and the system's installation, in the order in which ``flatpak run`` looks."""
    data_home = machine.environ.get("XDG_DATA_HOME") or machine.home / ".local" / "share"
    user = machine.environ.get("FLATPAK_USER_DIR") or machine.path(data_home) / "flatpak"
    system = machine.environ.get("FLATPAK_SYSTEM_DIR") or "/var/lib/flatpak"
    return machine.path(user), machine.path(system)


def _flatpak(machine: Machine) -> Obs | None:
    for root in _flatpak_roots(machine):
        deployed = root / "app" / FLATPAK_APP / "current" / "active"
        metadata = _text(machine, deployed / "metadata")
        if not metadata:
            continue
        runtime = re.search(r"^runtime=[^/]+/([^/]+)/", metadata, re.MULTILINE)
        return Obs(
            Kind.FLATPAK,
            root / "exports" / "bin" / FLATPAK_APP,
            _released(machine, deployed / "files" / "share" / "metainfo"),
            runtime.group(1) if runtime else None,
            machine.home / ".var" / "app" / FLATPAK_APP / "config" / "obs-studio",
            linked_python(machine, deployed / "files" / "lib", deployed / "files" / "lib64"),
        )
    return None


def _released(machine: Machine, metainfo: PurePath) -> Version | None:
    """The version of the newest release that the application's description names."""
    for form in ("metainfo", "appdata"):
        text = _text(machine, metainfo / f"{FLATPAK_APP}.{form}.xml")
        release = re.search(r'<release\s[^>]*?version="([\d.]+)', text)
        if release:
            return _version(release.group(1))
    return None


def _snap(machine: Machine) -> Obs | None:
    # The second is where distributions without /snap keep it.
    for root in (machine.path("/snap"), machine.path("/var/lib/snapd/snap")):
        inside = root / SNAP_NAME / "current"
        description = _text(machine, inside / "meta" / "snap.yaml")
        if not description:
            continue
        version = re.search(r"^version:\s*['\"]?([\d.]+)", description, re.MULTILINE)
        architecture = re.search(r"^architectures:\s*\[?\s*-?\s*(\w+)", description, re.MULTILINE)
        libraries = [inside / "usr" / "lib" / f"{cpu}-linux-gnu" for cpu in _ARCHITECTURES.values()]
        portable = inside / "bin" / "64bit"
        return Obs(
            Kind.SNAP,
            root / "bin" / SNAP_NAME,
            _version(version.group(1)) if version else None,
            _ARCHITECTURES.get(architecture.group(1)) if architecture else None,
            machine.home / "snap" / SNAP_NAME / "current" / ".config" / "obs-studio",
            linked_python(machine, *libraries, inside / "usr" / "lib", inside / "lib", portable),
        )
    return None


def linked_python(machine: Machine, *folders: PurePath) -> tuple[int, int] | None:
    """The Python that the scripting library in one of `folders` links; None: OBS was built without."""
    for folder in folders:
        for library in machine.listed(folder):
            if _SCRIPTING.match(library.name):
                linked = _LINKED_PYTHON.search(machine.read(library) or b"")
                if linked:
                    return int(linked.group(1)), int(linked.group(2))
    return None


def _escaped(folder: PurePath) -> str:
    """A colon would begin the mode of access."""
    return str(folder).replace("\\", "\\\\").replace(":", "\\:")


def _text(machine: Machine, file: PurePath) -> str:
    return (machine.read(file) or b"").decode("utf-8", "replace")


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split(".") if part)
