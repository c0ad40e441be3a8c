"""Files that appear and change whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from rvm_core.patience import patiently

PART = ".obs-rvm.part"
"""The end of an unfinished file's name."""
_NAME_CHARACTERS = 48
"""How much of the file's own name an unfinished one bears; a name may have 255 bytes."""


def write(
    path: Path,
    content: bytes,
    *,
    mode: int | None = None,
    durable: bool = True,
    part: Path | None = None,
    limit_s: float | None = None,
) -> None:
    """Put `content` in place of the file `path`; for all else see `replacing`."""
    with replacing(path, mode=mode, durable=durable, part=part, limit_s=limit_s) as unfinished:
        unfinished.write_bytes(content)


@contextlib.contextmanager
def replacing(
    path: Path,
    *,
    mode: int | None = None,
    durable: bool = True,
    part: Path | None = None,
    limit_s: float | None = None,
) -> Iterator[Path]:
    """An empty file beside `path` to write to; it takes the place of `path` when the block ends well.

    When the block raises, or the file cannot take its place, it is removed and `path` is as it was.  A
    symbolic link stays, and what it leads to is replaced.  The folder must exist.  Any thread, any process.

    mode: the permissions; by default those of the file that is replaced, else those of any new file.
    durable: survives a power cut from the moment this returns; for what cannot be made again.
    part: the file to write to meanwhile, where no other process or thread writes `path`: a killed process
    leaves it, and the next call takes it over.  By default each call has a name of its own.
    limit_s: how long Windows may refuse, see `patiently`.
    Raises OSError, also where `path` is neither a regular file nor missing.
    """
    path = resolved(path)
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    if part is None:
        part = path.with_name(f"{path.name[:_NAME_CHARACTERS]}.{secrets.token_hex(4)}{PART}")
    try:
        part.unlink(missing_ok=True)
        part.touch(exist_ok=False)
        yield part
        if mode is not None:
            part.chmod(mode)
        elif path.exists():
            shutil.copymode(path, part)
        if durable:
            _flush(part)
        patiently(lambda: part.replace(path), limit_s)
    except BaseException:
        with contextlib.suppress(OSError):
            patiently(lambda: part.unlink(missing_ok=True), limit_s)
        raise
    if durable and os.name == "posix":  # Windows has no such call
        _flush_folder(path.parent)


def resolved(path: Path) -> Path:
    """`path`, or what it leads to where it is a symbolic link."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _flush(file: Path) -> None:
    with file.open("rb+") as stream:  # Windows flushes only what is open for writing
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable, where its file system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
