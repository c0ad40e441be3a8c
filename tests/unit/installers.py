"""What the installer's tests share: computers, a runner that only remembers, a workshop."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from installer.console import Console
from installer.errors import CommandFailed
from installer.facts import Facts
from installer.layout import Layout
from installer.log import Log
from installer.record import Record
from installer.runner import Runner
from installer.source import Source
from installer.steps import Workshop
from installer.wishes import Wishes
from rvm_core.desktop.machine import ThisMachine
from tests.recorded import MACHINES, RecordedMachine

INSTALL = Wishes()


def together(*names: str, **changed: Any) -> RecordedMachine:
    """One computer of several records, the first of which says what it is."""
    first, *others = names
    parts: dict[str, Any] = {}
    for name in [first, *others]:
        told = json.loads((MACHINES / f"{name}.json").read_text(encoding="utf-8"))
        for part in ("environ", "files", "registry", "commands", "pythons"):
            parts[part] = {**told.get(part, {}), **parts.get(part, {})}
    for part, value in changed.items():
        parts[part] = {**parts[part], **value} if isinstance(value, dict) else value
    return RecordedMachine(first, **parts)


def debian(**changed: Any) -> RecordedMachine:
    """Debian 12 with its own OBS 29 and Python 3.11."""
    return together("debian12_distribution", "python_debian", **changed)


def facts(machine: RecordedMachine, wishes: Wishes = INSTALL, **own: Any) -> Facts:
    """What is known of `machine` where the installer runs as root, unattended, with room on the disk."""
    seen = Facts.gather(Path.home(), wishes, machine)
    told: dict[str, Any] = {
        "is_debian_like": "Debian" in seen.distribution,
        "is_root": True,
        "is_borrowed_root": False,
        "is_from_store": False,
        "is_interactive": False,
        "has_display": False,
        "free_bytes": 10**11,
        "has_obs_plugins": True,
        "programs": frozenset({"Xvfb", "openbox", "xdotool"}),
        "packages": frozenset({"libgl1-mesa-dri"}),
    }
    values = {name: getattr(seen, name) for name in Facts.__dataclass_fields__}
    return Facts(**{**values, **told, **own})


class FakeRunner(Runner):
    """Remembers commands, and fails at those that contain `bad`."""

    def __init__(self, bad: str = "never") -> None:
        self.log = Log(Path("/the/install.log"), ThisMachine())
        self.bad = bad
        self.commands: list[list[str]] = []
        self.environments: list[dict[str, str]] = []

    def run(self, command: Sequence[str], *, env: Any = None, **_: Any) -> list[str]:
        if self.bad in command:
            raise CommandFailed("it failed", "see the log", ["last line"], 1)
        self.commands.append(list(command))
        self.environments.append(dict(env or {}))
        return ["first line", "outcome"]


def workshop(data: Path, runner: Runner | None = None, **other: Any) -> Workshop:
    """A workshop of the Debian computer."""
    return Workshop(
        layout=Layout(data),
        runner=runner or FakeRunner(),
        console=other.get("console") or Console(io.StringIO()),
        machine=other.get("machine") or debian(),
        wishes=other.get("wishes") or INSTALL,
        source=other.get("source") or Source(Path("/the/project"), "1.2.3", "digest"),
        record=other.get("record") or Record(),
    )
