"""What the filter needs beside its packages: the model, compiled kernels, its script, its command."""

from __future__ import annotations

from dataclasses import dataclass

from installer import command, environment, files
from installer.errors import InstallError
from installer.steps import Workshop
from rvm_core.desktop.shell import NAME, obs_rvm

MODEL = "rvm_mobilenetv3"
SMALL_MODEL = "mediapipe_selfie"


@dataclass(frozen=True)
class FetchModel:
    """The network's verified weights."""

    title: str = "Model"
    detail: str = f"{MODEL}, 15 MB, verified by its sha256"

    def run(self, workshop: Workshop) -> str:
        if workshop.wishes.offline:
            self._copy(workshop)
        outcome = workshop.run_project(
            ["models", "get", MODEL], "The model cannot be fetched.", "Check the connection"
        )
        try:
            workshop.run_project(["models", "get", SMALL_MODEL], "", "")
        except InstallError:  # of one preset alone, and the filter can fetch it later
            return f"{outcome}; {SMALL_MODEL}, for weak computers, could not be fetched"
        return outcome

    def _copy(self, workshop: Workshop) -> None:
        """What the offline folder has; it is verified as if it had been fetched."""
        assert workshop.wishes.offline
        for file in sorted((workshop.wishes.offline / "models").glob("*")):
            wanted = workshop.layout.models / file.name
            if not wanted.exists():
                wanted.parent.mkdir(parents=True, exist_ok=True)
                files.write(wanted, file.read_bytes())


@dataclass(frozen=True)
class WarmKernels:
    """Compiled once here, so that OBS never waits for the compiler."""

    title: str = "Compiled kernels"
    detail: str = "compiled once for this computer"

    def run(self, workshop: Workshop) -> str:
        return workshop.run_project(["warm"], "The kernels cannot be compiled.", "Read the lines above")


@dataclass(frozen=True)
class PlaceScript:
    """The script at a place that stays, whatever becomes of the folder that it was installed from."""

    title: str = "Script"
    detail: str = "to the data folder, where it stays"

    def run(self, workshop: Workshop) -> str:
        layout = workshop.layout
        packaged = environment.installed_script(layout)
        if packaged is None:
            raise InstallError(
                f"{layout.environment} holds no script.", "Run this again with --upgrade: it is made anew."
            )
        try:
            content = packaged.read_bytes()
            if not layout.script.is_file() or layout.script.read_bytes() != content:
                files.write(layout.script, content)
        except OSError as fault:
            raise InstallError(
                f"{layout.script} cannot be written: {fault.strerror}.",
                "Check the data folder's permissions and its space, then run this again.",
            ) from fault
        return str(layout.script)


@dataclass(frozen=True)
class MakeCommand:
    """The command line, for video files and for looking after models."""

    title: str = "Command"
    detail: str = f"{NAME}, for video files and for finding out what is wrong"

    def run(self, workshop: Workshop) -> str:
        layout = workshop.layout
        try:
            command.make(layout, workshop.target())
            link = command.link_place(layout)
            if link:
                workshop.record.note_made(layout, link)
                command.link(layout, link)
        except OSError as fault:
            raise InstallError(
                f"The command {command.launcher(layout)} cannot be written ({fault.strerror}).",
                "Check the data folder's permissions and its space, then run this again.",
            ) from fault
        return f"type {obs_rvm(layout.data)}"
