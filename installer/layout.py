"""Where the installer finds and puts things; the places of the package itself are `rvm_core.paths`'."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rvm_core.paths import DATA_DIR_VARIABLE, SITE_PACKAGES_VARIABLE, STATUS_DIR_VARIABLE
from rvm_core.paths import data_dir as default_data_dir

__all__ = [
    "DATA_DIR_VARIABLE",
    "DEMO",
    "PROJECT",
    "SCRIPT",
    "SITE_PACKAGES_VARIABLE",
    "STATUS_DIR_VARIABLE",
    "Layout",
    "default_data_dir",
    "package_command",
    "python_in",
]

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout, or the folder that a release was unpacked to."""
SCRIPT = PROJECT / "obs_rvm_filter.py"
DEMO = PROJECT / "installer" / "demo.py"

MARKER = "obs-rvm-complete.json"

# What lies in a data folder beside environments: the user's own work, which an uninstallation leaves, and
# the rest.
OWN_WORK = ("presets", "plates", "manifest.json")
OURS = (
    *("bin", "models", "specialised", "numba-cache", "footage", "status", "tmp"),
    *("providers.json", "obs_rvm_filter.py", "__pycache__", "demo-obs.log"),  # the third is OBS's Python's
)
# By any of these a folder is known as ours, whatever else somebody has put there since.
_SIGNS = ("installed.json", "install.log", "install.lock", "venv/obs-rvm-complete.json")


@dataclass(frozen=True)
class Layout:
    """Everything below one data folder."""

    data: Path

    @property
    def environment(self) -> Path:
        return self.data / "venv"

    @property
    def environment_marker(self) -> Path:
        """Written last: an environment without it is half made."""
        return self.environment / MARKER

    @property
    def environment_python(self) -> Path:
        return python_in(self.environment)

    @property
    def script(self) -> Path:
        """What OBS is given: it stays where it is when the package is renewed."""
        return self.data / SCRIPT.name

    @property
    def record(self) -> Path:
        """What was made and changed outside the data folder."""
        return self.data / "installed.json"

    @property
    def backups(self) -> Path:
        """OBS's files as they were before they were changed."""
        return self.data / "backups"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def footage(self) -> Path:
        return self.data / "footage"

    @property
    def temporary(self) -> Path:
        """For what commands throw away: of one that is killed, the system's own folder would keep it."""
        return self.data / "tmp"

    @property
    def log(self) -> Path:
        return self.data / "install.log"

    @property
    def is_ours(self) -> bool:
        """Whether an installation was begun here."""
        return any((self.data / sign).exists() for sign in _SIGNS)

    @property
    def is_anothers(self) -> bool:
        """Whether it holds what is not ours: there, an installation would replace files by their names."""
        if self.is_ours or not self.data.is_dir():
            return False
        known = (*OURS, *OWN_WORK)
        return any(file.name not in known and file.name[0] != "." for file in self.data.iterdir())

    def child_environment(self) -> dict[str, str]:
        """The variables that the project's own commands are given."""
        return {DATA_DIR_VARIABLE: str(self.data)}


def python_in(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def package_command(layout: Layout) -> list[str]:
    """What starts the installed package's commands; isolated, or a checkout in this folder would win."""
    return [str(layout.environment_python), "-I", "-m", "rvm_core"]
