"""A file is the model only when its size and sha256 are the promised ones."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from rvm_core.desktop.shell import obs_rvm
from rvm_core.errors import ModelCorrupt, ModelMissing
from rvm_core.models import pins
from rvm_core.models.promise import Promise
from rvm_core.models.registry import ModelEntry

State = Literal["ready", "absent", "damaged", "unverified"]


def fault(path: Path, size: int, sha256: str) -> str | None:
    """What is wrong with the bytes at `path`, or None.  Raises OSError when it cannot be read."""
    return Promise(size, sha256).fault(path)


def verified(path: Path, entry: ModelEntry) -> Path:
    """`path`, when it holds exactly the bytes promised for `entry`; raises ModelCorrupt otherwise.

    An unreadable file is corrupt too.  Raises ModelMissing where nothing is promised: nobody publishes a
    sha256, and none was kept yet.  Reads the whole file: about 10 ms for 15 MB.
    """
    promise = pins.promised(entry)
    if promise is None:
        raise ModelMissing(
            f"The model file {path} cannot be verified: nobody publishes its sha256, and none was kept yet.",
            f"Run: {obs_rvm()} models get {entry.name}",
        )
    try:
        wrong = promise.fault(path)
    except OSError as error:
        wrong = str(error)
    if wrong is not None:
        raise ModelCorrupt(
            f"The model file {path} is damaged: {wrong}.", f"Run: {obs_rvm()} models get {entry.name}"
        )
    return path


def state(entry: ModelEntry) -> State:
    """How the file of `entry` stands on this computer; reads the whole file."""
    if not entry.path.is_file():
        return "absent"
    try:
        verified(entry.path, entry)
    except ModelCorrupt:
        return "damaged"
    except ModelMissing:
        return "unverified"
    return "ready"
