"""Every OBS of this computer, the one that its user most likely starts first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from rvm_core.desktop import on_linux, on_mac, on_windows
from rvm_core.desktop.boxes import find_boxed
from rvm_core.desktop.config import last_version
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Kind, Obs

_FINDERS = {"Windows": on_windows.find, "Darwin": on_mac.find, "Linux": on_linux.find}
_LOG_NAME = re.compile(r"\d{4}-\d\d-\d\d \d\d-\d\d-\d\d")


def find_obs(machine: Machine, further: PurePath | None = None) -> tuple[Obs, ...]:
    """Every OBS, best first: by the newest log, then the version that ended last, then the kind.

    further: the program of one that may lie anywhere, or a folder around it.
    """
    known: dict[PurePath, Obs] = {}
    for obs in _everywhere(machine, further):
        known.setdefault(obs.program, obs)
    order = list(Kind)
    found = sorted(known.values(), key=lambda obs: order.index(obs.kind))
    return tuple(sorted(found, key=lambda obs: _use(machine, obs), reverse=True))


def _everywhere(machine: Machine, further: PurePath | None) -> Iterator[Obs]:
    """One and the same may come again, with less known of it."""
    finder = _FINDERS.get(machine.system)
    if finder:
        yield from finder(machine, (further, *further.parents) if further else ())
    yield from find_boxed(machine)


def _use(machine: Machine, obs: Obs) -> tuple[str, bool]:
    """When its configuration was last used, and whether by this version: several may share one."""
    logs = (_LOG_NAME.match(file.name) for file in machine.listed(obs.config / "logs"))
    return max((log[0] for log in logs if log), default=""), last_version(machine, obs.config) == obs.version
