"""From facts and wishes to a list of steps, or to one sentence that says what must come first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from installer.errors import InstallError
from installer.facts import SCREEN_PROGRAMS, Facts
from installer.steps import (
    FetchFootage,
    FetchModel,
    InstallPackages,
    MakeCommand,
    MakeEnvironment,
    RunDemo,
    Step,
    WarmKernels,
    apt_command,
)

NEEDED_BYTES = 1_500_000_000


@dataclass(frozen=True)
class Wishes:
    """What the user asked for."""

    is_demo: bool
    output: Path
    clip: Path | None
    camera: str | None
    seconds: float


def missing_packages(facts: Facts, is_demo: bool) -> tuple[str, ...]:
    """The Debian packages to install; empty where nothing is missing."""
    missing: list[str] = []
    if facts.obs is None:
        missing.append("obs-studio")
    if not facts.has_obs_plugins:
        missing.append("obs-plugins")
    if facts.python is None:
        missing.append("python3-venv")
    if is_demo and not facts.has_display:
        missing += [SCREEN_PROGRAMS[name] for name in SCREEN_PROGRAMS if name not in facts.programs]
        if "libgl1-mesa-dri" not in facts.packages:
            missing.append("libgl1-mesa-dri")
    return tuple(missing)


def make_plan(facts: Facts, wishes: Wishes) -> tuple[Step, ...]:
    """The steps in their order.  Raises InstallError when something must be done by hand first."""
    if wishes.is_demo:
        _check_demo(facts, wishes)
    if facts.free_bytes < NEEDED_BYTES:
        raise InstallError(
            f"Only {facts.free_bytes / 1e9:.1f} GB are free; {NEEDED_BYTES / 1e9:.1f} GB are needed.",
            "Free some space, or choose another place with --data-dir.",
        )
    steps: list[Step] = [
        *_packages(facts, wishes),
        MakeEnvironment(),
        FetchModel(),
        WarmKernels(),
        MakeCommand(),
    ]
    if wishes.is_demo:
        if wishes.clip is None and wishes.camera is None:
            steps.append(FetchFootage())
        steps.append(
            RunDemo(wishes.output, wishes.clip, wishes.camera, wishes.seconds, keeps_window=facts.has_display)
        )
    return tuple(steps)


def _check_demo(facts: Facts, wishes: Wishes) -> None:
    if facts.system != "Linux":
        raise InstallError(
            f"The demo runs on Linux, and this is {facts.system}.",
            "Run this without --demo and add the script in OBS.",
        )
    if wishes.clip is not None and not wishes.clip.is_file():
        raise InstallError(f"There is no clip {wishes.clip}.", "Name an existing video file with --clip.")
    if wishes.camera is not None and not Path(wishes.camera).exists():
        raise InstallError(f"There is no camera {wishes.camera}.", "Name one: --camera /dev/video0.")


def _packages(facts: Facts, wishes: Wishes) -> list[Step]:
    if facts.is_debian_like:
        missing = missing_packages(facts, wishes.is_demo)
        if not missing:
            return []
        if not facts.is_root:
            raise InstallError(
                f"These packages are missing: {', '.join(missing)}.",
                f"Run `sudo {' '.join(apt_command(missing))}`, then this again.",
            )
        return [InstallPackages(missing)]
    if facts.system != "Linux":
        return []
    wanted = []
    if facts.obs is None:
        wanted.append("OBS Studio 28 or newer with Python scripting")
    if facts.python is None:
        version = f" {facts.obs_python[0]}.{facts.obs_python[1]}" if facts.obs_python else ""
        wanted.append(f"Python{version} with venv and pip")
    if wishes.is_demo and not facts.has_display:
        wanted += [name for name in SCREEN_PROGRAMS if name not in facts.programs]
    if wanted:
        raise InstallError(
            f"{facts.distribution} lacks: {', '.join(wanted)}.",
            "Install that with the system's package manager, then run this again.",
        )
    return []
