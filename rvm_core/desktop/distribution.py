"""Which Linux this is, and what it is like."""

from __future__ import annotations

from rvm_core.desktop.machine import Machine


def os_release(machine: Machine) -> dict[str, str]:
    """The keys of the os-release file; empty where there is none."""
    text = (machine.read(machine.path("/etc/os-release")) or b"").decode(errors="replace")
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def families(machine: Machine) -> list[str]:
    """What this distribution is and is like, nearest first: ``linuxmint``, ``ubuntu``, ``debian``."""
    release = os_release(machine)
    return [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
