"""Which OBS is meant, and the Python that its environment is made with."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from installer.errors import InstallError
from rvm_core.desktop import config
from rvm_core.desktop.boxes import Box, box_of, trouble
from rvm_core.desktop.finding import find_obs
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Kind, Obs, is_too_old, python_limits
from rvm_core.desktop.python_supply import how_to_get
from rvm_core.desktop.pythons import Python, choose_python, find_pythons, why_not

ARCH = "/usr/bin/arch"
"""Runs what is made for both of macOS's processors as the one that it is told."""


@dataclass(frozen=True)
class Target:
    """obs: None where there is none.  python: None where none fits; refused: why not those that are there.

    others: the OBSs that are not meant.  processor: on macOS that of an OBS for another one than this runs
    as, be it OBS or this that Rosetta translates: what OBS loads must be for it too.
    """

    obs: Obs | None = None
    others: tuple[Obs, ...] = ()
    python: Python | None = None
    refused: tuple[str, ...] = ()
    processor: str | None = None

    @property
    def box(self) -> Box:
        """How things are run where that OBS's Python lives."""
        return box_of(self.obs) if self.obs else Box(Kind.LOCAL)

    def command(
        self, words: Sequence[str], env: Mapping[str, str], folders: Sequence[PurePath] = ()
    ) -> tuple[list[str], dict[str, str]]:
        """The words and variables for a child, so that `words` run as that OBS's Python does, with `env`.

        folders: what they read and write beside the data folder.
        """
        inside, variables = self.box.command(words, env, folders)
        return ([ARCH, f"-{self.processor}", *inside] if self.processor else inside), variables

    @property
    def is_boxed(self) -> bool:
        """Whether it is a flatpak or a snap, which bring a Python of their own."""
        return self.box.python is not None


def find(
    machine: Machine, wished: str | None = None, folders: Sequence[PurePath] = (), *, is_leaving: bool = False
) -> Target:
    """The OBS that is `wished` (a kind, or a program's path), else the likeliest.

    folders: what its Python must see.  is_leaving: it may be one that the filter could not run in.  Raises
    InstallError.
    """
    path = machine.path(wished) if wished else None
    found = find_obs(machine, path if path and path.is_absolute() else None)
    obs = _wished(machine, found, wished) if wished else next(iter(found), None)
    if obs is None:
        return Target()
    others = tuple(one for one in found if one is not obs)
    if is_leaving:
        return Target(obs, others)
    if is_too_old(obs):
        raise InstallError(
            f"{told(obs)} is too old: the filter needs OBS 28 or newer.", "Update OBS, then run this again."
        )
    if python_limits(obs) is None:
        raise InstallError(f"{told(obs)} cannot run Python scripts.", how_to_get(machine, obs)[0])
    faults = trouble(machine, obs, folders)
    if faults:
        raise InstallError(*faults)
    box = box_of(obs)
    if box.python and obs.linked_python:
        inside = machine.path(box.python)
        return Target(
            obs, others, Python(inside, obs.linked_python, obs.architecture, inside, obs.kind.value)
        )
    if machine.system == "Linux":  # where OBS links one, and nothing can be set
        further: str | None = sys.executable
    else:
        further = config.configured_python(machine, obs)
    python = choose_python(machine, obs, machine.path(further) if further else None)
    refused = () if python else tuple(f"{one} {why_not(one, obs)}." for one in find_pythons(machine))
    is_another = machine.system == "Darwin" and obs.architecture != machine.architecture
    return Target(obs, others, python, refused, obs.architecture if is_another else None)


def told(obs: Obs) -> str:
    """An OBS in a few words."""
    version = ".".join(map(str, obs.version)) if obs.version else "of an unknown version"
    return f"OBS {version} ({obs.kind.value}, {obs.program})"


def _wished(machine: Machine, found: tuple[Obs, ...], wished: str) -> Obs:
    path = machine.path(wished)
    for obs in found:
        if wished == obs.kind.value or path == obs.program or _is_within(obs.program, path):
            return obs
    here = ", ".join(map(told, found)) or "none"
    raise InstallError(f"There is no OBS {wished!r} here.", f"Name one of these with --obs: {here}.")


def _is_within(program: PurePath, folder: PurePath) -> bool:
    return folder.is_absolute() and folder in program.parents
