"""``obs-rvm warm``: compile everything once, so that OBS never waits for it."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvm_core.cli.output import show
from rvm_core.errors import HostError


@dataclass(frozen=True)
class Warmed:
    """What ``warm`` compiled: ``callbacks`` is why OBS's callbacks were left out, or empty."""

    seconds: float
    cache: Path
    callbacks: str

    def text(self) -> str:
        """One line."""
        left_out = f" OBS's callbacks were left out: {self.callbacks}" if self.callbacks else ""
        return f"Kernels are ready in {self.cache} ({self.seconds:.1f} s).{left_out}"


def warm() -> Warmed:
    """Compile every kernel, and OBS's callbacks where libobs is at hand, into the user's cache."""
    from rvm_core import kernels
    from rvm_core.kernels._jit import cache_dir

    started = time.monotonic()
    kernels.warm()
    left_out = ""
    try:
        from rvm_core.obs_filter import warm as warm_callbacks

        warm_callbacks()
    except HostError as fault:
        left_out = fault.problem
    return Warmed(time.monotonic() - started, cache_dir(), left_out)


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    command = commands.add_parser("warm", help="compile the kernels once, so that OBS never waits for it")
    command.set_defaults(run=_run)


def _run(_options: argparse.Namespace) -> int:
    show(warm())
    return 0
