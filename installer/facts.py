"""What this computer is and has.  Looking changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from installer import target
from installer.layout import PROJECT
from installer.target import Target
from installer.wishes import Wishes
from rvm_core.child_processes import captured
from rvm_core.desktop.distribution import families, os_release
from rvm_core.desktop.graphics import PlugIn, find_graphics, fitting_plugins
from rvm_core.desktop.machine import Machine, ThisMachine
from rvm_core.desktop.processes import running_obs
from rvm_core.desktop.python_supply import how_to_get

TRIAL_TIMEOUT_S = 30
NAMES = {"Darwin": "macOS"}
SCREEN_PROGRAMS = {"Xvfb": "xvfb", "openbox": "openbox", "xdotool": "xdotool"}
"""What a virtual screen takes, and the Debian package of each."""


@dataclass(frozen=True)
class Facts:
    """One look at the computer.

    `target` is the OBS that is meant and its Python; `python_advice` how to get one: a sentence, and the
    command that does it, where there is one.  `plugins` are onnxruntime's that fit the graphics processors,
    best first.  `packages` are the installed ones of those that the plan may ask for.  `is_borrowed_root`: by
    sudo, whose user is another one.  `is_from_store`: this runs in a Python of Windows' store.
    """

    machine: Machine
    distribution: str
    is_debian_like: bool
    is_root: bool
    is_borrowed_root: bool
    is_from_store: bool
    is_interactive: bool
    has_display: bool
    free_bytes: int
    target: Target
    is_obs_running: bool = False
    has_obs_plugins: bool = True
    python_advice: tuple[str, tuple[str, ...] | None] = ("", None)
    plugins: tuple[PlugIn, ...] = ()
    programs: frozenset[str] = field(default_factory=frozenset)
    packages: frozenset[str] = field(default_factory=frozenset)

    @property
    def system(self) -> str:
        """``Linux``, ``Darwin`` or ``Windows``."""
        return self.machine.system

    @property
    def uses_apt(self) -> bool:
        """Whether apt brings what is missing: not for a boxed OBS, which brings its own."""
        return self.system == "Linux" and self.is_debian_like and not self.target.is_boxed

    @classmethod
    def gather(cls, data_dir: Path, wishes: Wishes, machine: Machine | None = None) -> Facts:
        """Looks at this computer, or at `machine`, now.  Raises InstallError where no plan can follow."""
        machine = machine or ThisMachine()
        found = target.find(machine, wishes.obs, _seen(wishes), is_leaving=wishes.is_uninstall)
        return cls(
            machine=machine,
            distribution=os_release(machine).get("PRETTY_NAME") or NAMES.get(machine.system, machine.system),
            is_debian_like=_is_debian_like(machine),
            is_root=hasattr(os, "geteuid") and os.geteuid() == 0,
            is_borrowed_root=machine.environ.get("SUDO_USER", "root") != "root",
            is_from_store="WindowsApps" in sys.base_prefix,
            is_interactive=sys.stdin is not None and sys.stdin.isatty(),
            has_display=has_display(machine),
            free_bytes=free_bytes(data_dir),
            target=found,
            is_obs_running=bool(running_obs(machine)),
            has_obs_plugins=any(Path("/usr/lib").glob("*/obs-plugins/obs-ffmpeg.so")),
            python_advice=_advice(machine, found, wishes),
            plugins=_plugins(machine, found),
            programs=frozenset(name for name in SCREEN_PROGRAMS if shutil.which(name)),
            packages=installed_packages(("libgl1-mesa-dri",)),
        )


def _seen(wishes: Wishes) -> list[Path]:
    """What a boxed OBS must see of ours."""
    return [PROJECT, *filter(None, (wishes.offline, wishes.prepare))]


def _advice(machine: Machine, found: Target, wishes: Wishes) -> tuple[str, tuple[str, ...] | None]:
    if found.obs is None or found.python or wishes.is_uninstall:
        return "", None
    return how_to_get(machine, found.obs)


def _plugins(machine: Machine, found: Target) -> tuple[PlugIn, ...]:
    return fitting_plugins(machine, found.python, find_graphics(machine)) if found.python else ()


def has_display(machine: Machine) -> bool:
    """Whether a window can be shown to somebody."""
    return machine.system != "Linux" or any(
        machine.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _is_debian_like(machine: Machine) -> bool:
    return not {"debian", "ubuntu"}.isdisjoint(families(machine)) and shutil.which("apt-get") is not None


def free_bytes(folder: Path) -> int:
    """Free space where `folder` is or would be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def installed_packages(names: Iterable[str]) -> frozenset[str]:
    """Those of `names` that dpkg has fully installed."""
    try:
        answer = captured(
            ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names], limit_s=TRIAL_TIMEOUT_S
        )
    except OSError:
        return frozenset()
    lines = (line.split() for line in answer.out.splitlines())
    return frozenset(line[0] for line in lines if line[1:] == ["installed"])
