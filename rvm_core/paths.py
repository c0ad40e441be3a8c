"""The one place that knows where things lie on disk."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path

DATA_DIR_VARIABLE = "OBS_RVM_DATA_DIR"
SITE_PACKAGES_VARIABLE = "OBS_RVM_SITE_PACKAGES"
STATUS_DIR_VARIABLE = "OBS_RVM_STATUS_DIR"

_PACKAGE = Path(__file__).resolve().parent


def data_dir() -> Path:
    """The user's data folder (not created here); ``OBS_RVM_DATA_DIR`` overrides it."""
    override = os.environ.get(DATA_DIR_VARIABLE)
    if override:
        return Path(override).expanduser().absolute()
    if os.environ.get("SNAP_NAME") == "obs-studio":  # its other folders move whenever it is refreshed
        return Path(os.environ["SNAP_USER_COMMON"]) / "obs-rvm"
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "obs-rvm"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "obs-rvm"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "obs-rvm"


def models_dir() -> Path:
    """Verified weights, one file each."""
    return data_dir() / "models"


def specialised_dir() -> Path:
    """Graphs made from the models for live use; made again whenever they are missing."""
    return data_dir() / "specialised"


def ledger_file() -> Path:
    """What is known of the providers on this computer."""
    return data_dir() / "providers.json"


def presets_dir() -> Path:
    """The user's own presets, one file each."""
    return data_dir() / "presets"


def plates_dir() -> Path:
    """Clean plates that filters captured; the filters' settings name them."""
    return data_dir() / "plates"


def numba_cache_dir() -> Path:
    """Compiled kernels and callbacks; filled at install time.

    One folder per state of the code that is compiled: numba's own check looks at the one file that
    holds a function, not at the parts from other files that were compiled into it.
    """
    return data_dir() / "numba-cache" / _compiled_code_digest()


def environment_dir() -> Path:
    """The virtual environment that the installer makes."""
    return data_dir() / "venv"


def environment_python() -> Path:
    """The Python of that environment."""
    inner = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return environment_dir().joinpath(*inner)


def environment_marker_file() -> Path:
    """Written last as the environment is made: one without it is half made."""
    return environment_dir() / "obs-rvm-complete.json"


def installed_script_file() -> Path:
    """The script's stable place, which OBS is given."""
    return data_dir() / "obs_rvm_filter.py"


def install_record_file() -> Path:
    """What the installer made and edited; it need not exist."""
    return data_dir() / "installed.json"


def site_packages_dir() -> Path | None:
    """The folder of installed packages: ``OBS_RVM_SITE_PACKAGES``, else the environment's, else None."""
    override = os.environ.get(SITE_PACKAGES_VARIABLE)
    if override:
        return Path(override).expanduser().absolute()
    if sys.platform == "win32":
        folder = environment_dir() / "Lib" / "site-packages"
    else:
        python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        folder = environment_dir() / "lib" / python / "site-packages"
    return folder if folder.is_dir() else None


def manifest_file() -> Path:
    """The registry of models that ships with the project (a wheel carries it inside the package)."""
    packaged = _PACKAGE / "models" / "manifest.json"
    return packaged if packaged.is_file() else _PACKAGE.parent / "models" / "manifest.json"


def user_manifest_file() -> Path:
    """A user's own models, in the same form; it need not exist."""
    return data_dir() / "manifest.json"


def status_dir() -> Path | None:
    """Where each filter writes its status once a second, or None: then only when somebody asks."""
    override = os.environ.get(STATUS_DIR_VARIABLE)
    return Path(override).expanduser().absolute() if override else None


def status_dir_or_default() -> Path:
    """Where filters at work are seen from outside, and asked; it need not exist."""
    return status_dir() or data_dir() / "status"


def status_asked_file() -> Path:
    """Touched by who wants to know what the filters do."""
    return status_dir_or_default() / "asked"


@cache
def _compiled_code_digest() -> str:
    digest = hashlib.sha256()
    for folder in ("kernels", "libobs", "obs_filter"):
        for file in sorted((_PACKAGE / folder).glob("*.py")):
            digest.update(file.name.encode() + file.read_bytes())
    digest.update((_PACKAGE / "settings.py").read_bytes())  # the record has a place for each setting
    return digest.hexdigest()[:16]
