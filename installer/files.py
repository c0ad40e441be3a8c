"""Files that appear, change and go whole, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from installer.errors import InstallError
from rvm_core import atomic_write
from rvm_core.patience import patiently


def write(path: Path, content: bytes, mode: int | None = None) -> None:
    """Put `content` in place of the file `path` at once, with its mode unless told.  Raises OSError.

    A link stays, and what it leads to is changed.
    """
    atomic_write.write(path, content, mode=mode, part=part_of(path))


def part_of(path: Path) -> Path:
    """What `write` makes beside `path`; it is left there by an installer that is killed."""
    path = atomic_write.resolved(path)
    return path.with_name(path.name + atomic_write.PART)


def digest(content: bytes) -> str:
    """The sha256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def remove(path: Path) -> None:
    """Take away a file, a link or a whole folder, if it is there.  Raises InstallError."""
    try:
        if path.is_dir() and not path.is_symlink():
            patiently(lambda: shutil.rmtree(path))
        else:
            patiently(lambda: path.unlink(missing_ok=True))
    except OSError as cause:
        raise InstallError(
            f"{path} cannot be removed: {cause.strerror}.", "Close OBS, remove it by hand, run this again."
        ) from cause
