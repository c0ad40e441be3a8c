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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from rvm_core.desktop.binaries import architecture_name
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import OLDEST_PYTHON, Kind, Obs, Version, version_in
from rvm_core.desktop.on_linux import linked_python

FLATPAK_APP = "com.obsproject.Studio"
SNAP_NAME = "obs-studio"

_WAY_OUT = f"Install the OBS of Flathub, which has them: flatpak install flathub {FLATPAK_APP}"
_MOVE = "Move it into a folder of your home that is not hidden, such as Downloads, and run this again there."
_UPDATE = {
    Kind.FLATPAK: f"Update OBS and run this again: flatpak update {FLATPAK_APP}",
    Kind.SNAP: f"Update OBS and run this again: sudo snap refresh {SNAP_NAME}",
}


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

        folders: what else than `data` it is to see.  A snap cannot be shown more than `trouble` says.
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
    """The OBS of a flatpak and that of a snap, if they are there; told of inside just as outside."""
    if machine.system != "Linux":
        return ()
    firsts = (next(found, None) for found in (_flatpaks(machine), _snaps(machine)))
    return tuple(obs for obs in firsts if obs)


def box_of(obs: Obs) -> Box:
    """The box that `obs` lives in."""
    python = "python{}.{}".format(*obs.linked_python) if obs.linked_python else None
    if obs.kind is Kind.FLATPAK:
        return Box(obs.kind, obs.config.parents[1] / "data" / "obs-rvm", python)
    if obs.kind is Kind.SNAP:
        return Box(obs.kind, obs.config.parents[2] / "common" / "obs-rvm", python)
    return Box(obs.kind)


def trouble(machine: Machine, obs: Obs, folders: Sequence[PurePath] = ()) -> Trouble | None:
    """Why nothing can be installed for this boxed `obs`; None: it can, or it is in no box.

    folders: what it is installed from.
    """
    if obs.kind not in (Kind.FLATPAK, Kind.SNAP):
        return None
    it = f"The {obs.kind.value} of OBS on this computer"
    if obs.linked_python is None:
        return Trouble(f"{it} was built without Python scripts.", _WAY_OUT)
    if obs.linked_python < OLDEST_PYTHON:
        python = "Python {}.{}".format(*obs.linked_python)
        return Trouble(f"{it} brings {python}, which is too old.", _UPDATE[obs.kind])
    unseen = [
        folder for folder in folders if obs.kind is Kind.SNAP and not _is_seen_by_snaps(machine, folder)
    ]
    if unseen:
        return Trouble(f"{it} does not see {unseen[0]}.", _MOVE)
    if _flatpak_info(machine) or _is_in_snap(machine):
        return None
    box = box_of(obs)
    words, _ = box.command([str(box.python), "-c", "import venv"], {})
    if machine.run(*words) is None:
        return Trouble(f"{it} cannot start its {box.python}.", _UPDATE[obs.kind])
    return None


def _flatpak_info(machine: Machine) -> str:
    """What a flatpak says of itself inside; empty outside of OBS's."""
    told = _text(machine, machine.path("/.flatpak-info"))
    return told if f"name={FLATPAK_APP}\n" in told else ""


def _is_in_snap(machine: Machine) -> bool:
    return machine.environ.get("SNAP_NAME") == SNAP_NAME


def _is_seen_by_snaps(machine: Machine, folder: PurePath) -> bool:
    """Of the home everything but hidden folders is: snapd's interface ``home``."""
    inside = folder.parts[len(machine.home.parts) :]
    return folder.is_relative_to(machine.home) and not "".join(inside[:1]).startswith(".")


def _flatpak_roots(machine: Machine) -> tuple[PurePath, PurePath]:
    """The user's and the system's installation, in the order in which ``flatpak run`` looks."""
    data_home = machine.environ.get("XDG_DATA_HOME") or machine.home / ".local" / "share"
    user = machine.environ.get("FLATPAK_USER_DIR") or machine.path(data_home) / "flatpak"
    system = machine.environ.get("FLATPAK_SYSTEM_DIR") or "/var/lib/flatpak"
    return machine.path(user), machine.path(system)


def _flatpaks(machine: Machine) -> Iterator[Obs]:
    told = _flatpak_info(machine)
    within = re.search(r"^app-path=(.+)", told, re.MULTILINE)
    if within:  # installation/app/name/architecture/branch/commit/files
        yield _flatpak(machine, machine.path(within[1]).parents[5], told, machine.path("/app"))
    for root in _flatpak_roots(machine):
        deployed = root / "app" / FLATPAK_APP / "current" / "active"
        metadata = _text(machine, deployed / "metadata")
        if metadata:
            yield _flatpak(machine, root, metadata, deployed / "files")


def _flatpak(machine: Machine, root: PurePath, metadata: str, files: PurePath) -> Obs:
    runtime = re.search(r"^runtime=(?:runtime/)?[^/]+/([^/]+)/", metadata, re.MULTILINE)
    linked = linked_python(machine, files)
    return Obs(
        Kind.FLATPAK,
        root / "exports" / "bin" / FLATPAK_APP,
        _released(machine, files / "share" / "metainfo"),
        architecture_name(runtime[1]) if runtime else None,
        machine.home / ".var" / "app" / FLATPAK_APP / "config" / "obs-studio",
        linked,
        has_scripting=linked is not None,
    )


def _released(machine: Machine, metainfo: PurePath) -> Version | None:
    """The version of the newest release that the application's description names."""
    forms = (_text(machine, metainfo / f"{FLATPAK_APP}.{form}.xml") for form in ("metainfo", "appdata"))
    release = re.search(r"<release\s[^>]*", "".join(forms))
    return version_in(release[0]) if release else None


def _snaps(machine: Machine) -> Iterator[Obs]:
    home = machine.path(machine.environ["SNAP_REAL_HOME"]) if _is_in_snap(machine) else machine.home
    # The second is where distributions without /snap keep them.
    for root in (machine.path("/snap"), machine.path("/var/lib/snapd/snap")):
        inside = root / SNAP_NAME / "current"
        description = _text(machine, inside / "meta" / "snap.yaml")
        if not description:
            continue
        version = re.search(r"^version:.*", description, re.MULTILINE)
        architecture = re.search(r"^architectures:\W*(\w+)", description, re.MULTILINE)
        linked = linked_python(machine, inside / "usr") or linked_python(machine, inside)
        yield Obs(
            Kind.SNAP,
            root / "bin" / SNAP_NAME,
            version_in(version[0]) if version else None,
            architecture_name(architecture[1]) if architecture else None,
            home / "snap" / SNAP_NAME / "current" / ".config" / "obs-studio",
            linked,
            has_scripting=linked is not None,
        )


def _escaped(folder: PurePath) -> str:
    """A colon would begin the mode of access."""
    return str(folder).replace("\\", "\\\\").replace(":", "\\:")


def _text(machine: Machine, file: PurePath) -> str:
    return (machine.read(file) or b"").decode("utf-8", "replace")
