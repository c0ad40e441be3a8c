"""How to get a Python that an OBS can use."""

from __future__ import annotations

from rvm_core.desktop.distribution import families
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import OLDEST_PYTHON, Obs, Version, python_limits
from rvm_core.desktop.pythons import EXPLICIT_VERSIONS, named

LAST_INSTALLERS: dict[tuple[int, int], Version] = {
    (3, 10): (3, 10, 11),
    (3, 11): (3, 11, 9),
    (3, 12): (3, 12, 10),
}
"""The last releases for which python.org has installers of Windows and macOS; later ones are source only."""

_PACKAGES = {
    "debian": "sudo apt install python{0} python{0}-venv",
    "fedora": "sudo dnf install python{0}",
    "arch": "sudo pacman -S python",
    "suse": "sudo zypper install python{1}",
}
"""What installs a Python with venv, by the family in os-release; {0} is 3.11, {1} is 311."""


def how_to_get(machine: Machine, obs: Obs) -> tuple[str, tuple[str, ...] | None]:
    """What the user can do in a sentence, and the command that does it, where one needs no administrator."""
    if machine.system == "Windows" and obs.architecture == "arm64":
        # CMakePresets.json of 31.1.0 to 32.2.2 builds it with ENABLE_SCRIPTING false
        return "Install the OBS Studio for x64 processors: the one for ARM cannot run scripts.", None
    limits = python_limits(obs)
    if limits is None or limits[1] < OLDEST_PYTHON:
        return (
            f"Install an OBS Studio 28 or newer that runs scripts in Python {named(OLDEST_PYTHON)} or newer.",
            None,
        )
    version = limits[1]
    if machine.system == "Windows":
        return _on_windows(machine, version)
    if machine.system == "Darwin":
        return _on_macos(machine, obs, version)
    return _on_linux(machine, version)


def _on_windows(machine: Machine, version: tuple[int, int]) -> tuple[str, tuple[str, ...] | None]:
    if machine.run("winget", "--version") is None:
        return _from_python_org(version, "the Windows installer (64-bit)"), None
    words = f"winget install --id Python.Python.{named(version)} --exact --source winget --scope user"
    words += " --architecture x64 --silent --accept-package-agreements --accept-source-agreements"
    return f"Install Python {named(version)} for your user with winget.", tuple(words.split())


def _on_macos(machine: Machine, obs: Obs, version: tuple[int, int]) -> tuple[str, tuple[str, ...] | None]:
    # its older Pythons have no current version in their frameworks (OBS's pull request 11590)
    if obs.version is None or obs.version >= EXPLICIT_VERSIONS:
        prefix = "/usr/local" if obs.architecture == "x86_64" else "/opt/homebrew"
        brew = f"{prefix}/bin/brew"
        if machine.is_file(machine.path(brew)):
            command = (brew, "install", f"python@{named(version)}")
            return f"Install Python {named(version)} with Homebrew.", command
    return _from_python_org(version, "the macOS installer (64-bit universal2)"), None


def _from_python_org(version: tuple[int, int], installer: str) -> str:
    release = LAST_INSTALLERS[version]
    page = f"https://www.python.org/downloads/release/python-{''.join(map(str, release))}/"
    return f"Install Python {'.'.join(map(str, release))}: {installer} at {page}."


def _on_linux(machine: Machine, version: tuple[int, int]) -> tuple[str, tuple[str, ...] | None]:
    if machine.run("uv", "--version") is not None:
        command = ("uv", "python", "install", named(version))
        return f"Install Python {named(version)} for your user with uv.", command
    for family in families(machine):
        if family in _PACKAGES:
            command_line = _PACKAGES[family].format(named(version), named(version).replace(".", ""))
            return f"Install Python {named(version)} with venv: `{command_line}`.", None
    return f"Install Python {named(version)} with its modules venv and ensurepip.", None
