"""What every part of the doctor may ask about: the computer, its OBS, our data folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from rvm_core import paths
from rvm_core.desktop.finding import find_obs
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Kind, Obs
from rvm_core.health import record


@dataclass(frozen=True)
class Case:
    """One visit.

    model: what the trials run.  kind: of the OBS that is meant, where the user says so.  tried: a provider
    that is tried whatever was known of it, and whoever is at work.  is_quick: else nothing is tried.
    """

    machine: Machine
    model: str
    kind: Kind | None = None
    tried: str = ""
    is_quick: bool = False

    @cached_property
    def every_obs(self) -> tuple[Obs, ...]:
        """Each OBS of this computer, the likeliest first; that which was served may lie anywhere."""
        return find_obs(self.machine, self.machine.path(self._served) if self._served else None)

    @cached_property
    def obs(self) -> Obs | None:
        """The OBS that is meant: as asked, else the one that the installer served, else the likeliest."""
        if self.kind is not None:
            return next((obs for obs in self.every_obs if obs.kind is self.kind), None)
        meant = [obs for obs in self.every_obs if str(obs.program) == self._served]
        return next(iter([*meant, *self.every_obs]), None)

    @property
    def _served(self) -> str | None:
        """The program of the OBS that the installer served."""
        obs = self.record.get("obs")
        program = obs.get("program") if isinstance(obs, dict) else None
        return program if isinstance(program, str) else None

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """The installer's record; empty where there is none that can be read."""
        with suppress(OSError, ValueError):
            return record.read()
        return {}

    @property
    def script(self) -> PurePath:
        """Where the installer puts the script."""
        return self.machine.path(str(self.record.get("script") or paths.installed_script_file()))

    @property
    def python(self) -> Path:
        """The environment's Python where there is one, else the one that runs this.

        That is no OBS: the doctor is a command, and OBS's ``sys.executable`` may be OBS itself.
        """
        python = paths.environment_python()
        return python if python.exists() else Path(sys.executable)
