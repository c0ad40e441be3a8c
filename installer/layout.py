"""Where the installer finds and puts things.

The data folder is the one of ``rvm_core.paths``, which is not imported here because the installer
must run before, and without, everything else; a test holds the two together.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SCRIPT = PROJECT / "obs_rvm_filter.py"
DEMO = PROJECT / "installer" / "demo.py"

DATA_DIR_VARIABLE = "OBS_RVM_DATA_DIR"
SITE_PACKAGES_VARIABLE = "OBS_RVM_SITE_PACKAGES"
STATUS_DIR_VARIABLE = "OBS_RVM_STATUS_DIR"


def default_data_dir() -> Path:
    """The user's data folder (not created); ``OBS_RVM_DATA_DIR`` overrides it."""
    override = os.environ.get(DATA_DIR_VARIABLE)
    if override:
        return Path(override).expanduser().absolute()
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "obs-rvm"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "obs-rvm"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "obs-rvm"


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
        return self.environment / "obs-rvm-complete.json"

    @property
    def environment_python(self) -> Path:
        if sys.platform == "win32":
            return self.environment / "Scripts" / "python.exe"
        return self.environment / "bin" / "python"

    @property
    def footage(self) -> Path:
        return self.data / "footage"

    @property
    def log(self) -> Path:
        return self.data / "install.log"

    def child_environment(self) -> dict[str, str]:
        """The variables that the project's own commands are given."""
        return {DATA_DIR_VARIABLE: str(self.data)}
