"""The virtual environment with everything that the filter imports, itself included."""

from __future__ import annotations

from dataclasses import dataclass

from installer import environment
from installer.errors import CommandFailed, InstallError
from installer.steps import Workshop
from rvm_core.desktop.graphics import PlugIn
from rvm_core.desktop.processes import running_obs
from rvm_core.desktop.pythons import Python


@dataclass(frozen=True)
class MakeEnvironment:
    """Made by the Python that OBS loads."""

    title: str = "Python environment"
    detail: str = "the package, numpy, numba, onnxruntime, OpenCV; about 700 MB"

    def run(self, workshop: Workshop) -> str:
        python = workshop.target().python
        if python is None:
            raise InstallError(
                "No Python was found that OBS can load and that can make virtual environments.",
                "Install it with its venv module, then run this again.",
            )
        try:
            environment.recover(workshop.layout)
            return self._run(workshop, python)
        except OSError as fault:
            raise InstallError(
                f"{workshop.layout.environment} cannot be made: {fault.strerror}.",
                "End whatever uses it, OBS or obs-rvm, then run this again.",
            ) from fault

    def _run(self, workshop: Workshop, python: Python) -> str:
        wanted = environment.fingerprint(workshop.source, python)
        version = ".".join(map(str, python.version))
        is_renewal = workshop.layout.environment_marker.exists()
        is_current = environment.is_current(workshop.layout, wanted) and not workshop.wishes.is_upgrade
        if is_current and environment.works(workshop):
            return f"up to date (Python {version})"
        if is_renewal and running_obs(workshop.machine):
            raise InstallError(
                "OBS is running and may be using the environment that must be renewed.",
                "Close OBS, then run this again.",
            )
        try:
            environment.make(workshop, python, wanted)
        except CommandFailed as failure:
            raise InstallError(
                f"The environment {workshop.layout.environment} cannot be made.",
                "Check the connection to the package index and the free space, then run this again. "
                f"{failure.remedy}",
                failure.tail,
            ) from failure
        return f"{'renewed' if is_renewal else 'made'} (Python {version})"


@dataclass(frozen=True)
class AddPlugin:
    """Another processor for the network; the plain onnxruntime stays as safe ground.

    The first of `plugins` that can be had.
    """

    plugins: tuple[PlugIn, ...]
    title: str = "Graphics card"

    @property
    def detail(self) -> str:
        first, *others = self.plugins
        size = f", {first.megabytes} MB" if first.megabytes else ""
        otherwise = f" Otherwise {', '.join(other.extra for other in others)}." if others else ""
        return f"onnxruntime's plug-in {first.extra}{size}; {first.why}{otherwise}"

    def run(self, workshop: Workshop) -> str:
        for plugin in self.plugins:
            try:
                environment.add_extra(workshop, plugin.extra)
            except CommandFailed as failure:
                last = failure.tail[-1] if failure.tail else failure.problem
                workshop.console.detail(f"{plugin.extra} cannot be had: {last}")
                continue
            return f"{plugin.extra}; it proves itself when the filter first runs"
        return "none; the processor does the work"
