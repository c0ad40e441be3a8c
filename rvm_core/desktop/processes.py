"""Whether OBS is running: what it holds open, it writes over when it quits."""

from __future__ import annotations

import csv
import re

from rvm_core.desktop.machine import Machine

LINUX_NAMES = ("obs", ".obs-wrapped")
"""As /proc names it: also within flatpak and snap; the second is NixOS's."""
MACOS_PROGRAM = "/Contents/MacOS/OBS"
WINDOWS_PROGRAM = "obs64.exe"
"""On x64 and arm64, and Steam's."""
STREAMLABS = "obs-studio-node"
"""Streamlabs Desktop's server is an obs64.exe too, in a folder of this name."""


def running_obs(machine: Machine) -> tuple[int, ...]:
    """The process ids of every OBS of this user; on Windows of all users."""
    look = {"Windows": _on_windows, "Darwin": _on_macos}.get(machine.system, _on_linux)
    return tuple(sorted(look(machine)))


def _on_linux(machine: Machine) -> list[int]:
    found = []
    for folder in machine.listed(machine.path("/proc")):
        if folder.name.isdigit():
            told = _status(machine, folder.name)
            if told.get("Name") in LINUX_NAMES and not told.get("State", "").startswith("Z"):
                found.append((int(folder.name), told.get("Uid")))
    own = _status(machine, "self").get("Uid")
    return [pid for pid, user in found if user == own]


def _status(machine: Machine, process: str) -> dict[str, str]:
    text = (machine.read(machine.path(f"/proc/{process}/status")) or b"").decode(errors="replace")
    return dict(re.findall(r"^(Name|State|Uid):\t(\S+)", text, re.MULTILINE))


def _on_macos(machine: Machine) -> list[int]:
    user = (machine.run("id", "-u") or "").strip()
    rows = re.findall(
        r"^ *(\d+) +(\d+) +(.*)$", machine.run("ps", "-axo", "pid=,uid=,comm=") or "", re.MULTILINE
    )
    # A zombie has lost its path and shows as (OBS).
    return [int(pid) for pid, owner, program in rows if program.endswith(MACOS_PROGRAM) and owner == user]


def _on_windows(machine: Machine) -> list[int]:
    # Where none runs, tasklist prints a sentence in the user's language.
    listed = machine.run("tasklist", "/fi", f"imagename eq {WINDOWS_PROGRAM}", "/fo", "csv", "/nh")
    pids = [row[1] for row in _rows(listed) if row[0] == WINDOWS_PROGRAM]
    if not pids:
        return []  # and no second spent on PowerShell
    paths = f"Get-Process -Id {','.join(pids)} | Select-Object Id,Path | ConvertTo-Csv -NoTypeInformation"
    told = machine.run("powershell", "-NoProfile", "-Command", paths)
    foreign = [row[0] for row in _rows(told) if STREAMLABS in row[1]]
    return [int(pid) for pid in pids if pid not in foreign]


def _rows(told: str | None) -> list[list[str]]:
    return [row for row in csv.reader((told or "").splitlines()) if len(row) > 1]
