"""What benches in a private OBS share: its environment, and what its filters report."""

from __future__ import annotations

import sysconfig
import time
from pathlib import Path

from installer import status
from installer.layout import DATA_DIR_VARIABLE, SITE_PACKAGES_VARIABLE, STATUS_DIR_VARIABLE
from rvm_core import paths

FILTER_KIND = "rvm_background_filter"
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "data"
"""The clips beside the project."""
_START_S = 120.0  # at most, for OBS, the compiler, the model and the first mattes


def environment(home: Path) -> dict[str, str]:
    """The variables with which OBS in `home` has these packages and these models."""
    return {
        DATA_DIR_VARIABLE: str(paths.data_dir()),
        SITE_PACKAGES_VARIABLE: sysconfig.get_paths()["purelib"],
        STATUS_DIR_VARIABLE: str(home / "status"),
    }


def statuses(home: Path) -> list[status.Status]:
    """The last report of each filter of the OBS in `home`."""
    return status.read(home / "status")


def await_mattes(home: Path, filters: int = 1) -> None:
    """Wait until so many filters have made a matte.  Raises SystemExit with what the filters say."""
    deadline = time.monotonic() + _START_S
    while sum(bool(one.get("mattes")) for one in statuses(home)) < filters:
        if time.monotonic() > deadline:
            problems = [one["problem"] for one in statuses(home) if one.get("problem")]
            raise SystemExit(f"The filters made no matte: {', '.join(problems) or 'no status'}")
        time.sleep(1)
