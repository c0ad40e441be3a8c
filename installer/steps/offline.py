"""A folder that another computer of the same kind installs from, without a connection."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installer import environment, files, pip_wheel
from installer.environment import VARIABLES
from installer.errors import CommandFailed, InstallError
from installer.layout import DATA_DIR_VARIABLE, PROJECT, python_in
from installer.steps import Workshop
from installer.steps.project import MODEL, SMALL_MODEL
from installer.target import Target
from rvm_core.desktop.machine import Machine

FORM = 1
ABOUT = "offline.json"


@dataclass(frozen=True)
class CollectWheels:
    """Every package as a wheel, for this system and the Python of its OBS."""

    folder: Path
    extras: tuple[str, ...]
    title: str = "Packages"

    @property
    def detail(self) -> str:
        return f"the package and all that it needs, to {wheels(self.folder)}"

    def run(self, workshop: Workshop) -> str:
        python = workshop.target().python
        if python is None:
            raise InstallError("No Python was found that OBS can load.", "Install it, then run this again.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".work-", dir=self.folder) as work:
            try:
                pip_wheel.ensure(wheels(self.folder))
                environment.create(workshop.run, str(python.program), Path(work), wheels(self.folder))
                pip = [str(python_in(Path(work))), "-I", "-m", "pip"]
                for extra in [(), *((extra,) for extra in self.extras)]:
                    wanted = f"{workshop.source.path}{list(extra) if extra else ''}".replace("'", "")
                    options = [*workshop.source.pip_options(), "--wheel-dir", str(wheels(self.folder))]
                    workshop.run([*pip, "wheel", *options, wanted], VARIABLES)
            except CommandFailed as failure:
                raise InstallError(
                    "The packages cannot be collected.",
                    f"Check the connection, then run this again. {failure.remedy}",
                    failure.tail,
                ) from failure
        files.write(self.folder / ABOUT, json.dumps(_about(workshop.machine, workshop.target())).encode())
        return f"{len(list(wheels(self.folder).glob('*.whl')))} wheels"


@dataclass(frozen=True)
class CollectModels:
    """The models' verified files."""

    folder: Path
    title: str = "Models"

    @property
    def detail(self) -> str:
        return f"{MODEL} and {SMALL_MODEL}, to {self.folder / 'models'}"

    def run(self, workshop: Workshop) -> str:
        # -B: what was unpacked stays as it is
        words = [sys.executable, "-B", "-m", "rvm_core", "models", "get", MODEL, SMALL_MODEL]
        try:
            workshop.runner.run(words, env={DATA_DIR_VARIABLE: str(self.folder)}, cwd=PROJECT)
        except CommandFailed as failure:
            raise InstallError(
                "The models cannot be fetched.", "Check the connection, then run this again.", failure.tail
            ) from failure
        return "verified"


def wheels(folder: Path) -> Path:
    """Where a prepared folder holds its packages."""
    return folder / "wheels"


def check(folder: Path, machine: Machine, target: Target) -> None:
    """Whether the prepared `folder` is for this computer.  Raises InstallError."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise InstallError(
            f"{folder} was not made by --prepare-offline.", "Prepare a folder, on a computer like this one."
        ) from cause
    here = _about(machine, target)
    if about != here:
        raise InstallError(
            f"{folder} is for {_words(about)}, and this is {_words(here)}.",
            "Prepare a folder on a computer like this one.",
        )


def _about(machine: Machine, target: Target) -> dict[str, Any]:
    return {
        "form": FORM,
        "system": machine.system,
        "architecture": machine.architecture,
        "python": list(target.python.version) if target.python else None,
    }


def _words(about: dict[str, Any]) -> str:
    version = ".".join(map(str, about.get("python") or ["?"]))
    return f"{about.get('system')} on {about.get('architecture')} with Python {version}"
