"""Output appears whole or not at all: it is made beside its place and renamed when it is complete."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rvm_core.errors import VideoError
from rvm_core.patience import patiently
from rvm_core.video.formats import NUMBER, is_sequence

_MARK = ".obs-rvm-partial-"
"""Followed by the number of the process."""
_OVERWRITE = "Name another, or give --overwrite (overwrite=True) to replace it."


@contextlib.contextmanager
def staged(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """The path to write instead of `target`; what lies there takes its place when the block ends well.

    A sequence is made in a folder beside its own, or in that where it exists.  If the block raises, what was
    made is removed, and what stood at `target` stays.  What a killed run left behind is removed first.
    Raises VideoError: the target exists and is not to be replaced, or its folder cannot be written to.
    """
    check(target, overwrite=overwrite)
    target = target.absolute()
    stage = _stage(target)
    _remove_leftovers(stage)
    try:
        with _clear_faults(target):
            if is_sequence(target):
                stage.mkdir(parents=True)
            else:
                stage.touch()
        yield stage / target.name if is_sequence(target) else stage
        with _clear_faults(target):
            if is_sequence(target):
                _take_place(stage, target)
            else:
                patiently(lambda: stage.replace(target))
    finally:
        _remove(stage)


def check(target: Path, *, overwrite: bool) -> None:
    """Raise VideoError where ``staged`` would, before any work is done."""
    if target.is_dir():
        raise VideoError(f"The output {target} is a folder.", "Name a file.")
    if is_sequence(target):
        existing: Path | None = next(iter(_of_sequence(target)), None)
    else:
        existing = target if target.exists() else None
        if not target.parent.is_dir():
            raise VideoError(f"There is no folder {target.parent}.", "Make it, or name another.")
    if existing is not None and not overwrite:
        raise VideoError(f"The output {existing} exists already.", _OVERWRITE)


def _take_place(stage: Path, target: Path) -> None:
    """Move the files of `stage` to those of the sequence `target`: at once, if their folder is new.

    Otherwise one by one, each of them whole; older ones that the new sequence does not reach go last.
    """
    folder = target.parent
    if not folder.exists():
        patiently(lambda: stage.rename(folder))
        return
    surplus = {old.name for old in _of_sequence(target)}
    for new in sorted(stage.iterdir()):
        patiently(partial(new.replace, folder / new.name))
        surplus.discard(new.name)
    for name in surplus:
        (folder / name).unlink()


def _of_sequence(target: Path) -> Iterator[Path]:
    """The files that the sequence `target` names and that exist."""
    before, after = (re.escape(part) for part in NUMBER.split(target.name, maxsplit=1))
    name = re.compile(f"{before}\\d+{after}")
    if target.parent.is_dir():
        yield from (file for file in sorted(target.parent.iterdir()) if name.fullmatch(file.name))


def _stage(target: Path) -> Path:
    """Where `target` is made by this process: on the same disk, hidden."""
    folder, name, suffix = target.parent, target.stem, target.suffix
    if is_sequence(target):
        # not by its own name, whose number's place libav would look for in the folder's name too
        name, suffix = "sequence", ""
        if not folder.exists():
            folder, name = folder.parent, folder.name
    return folder / f".{name}{_MARK}{os.getpid()}{suffix}"


def _remove_leftovers(stage: Path) -> None:
    """Remove what killed runs left that were to make the same; what cannot be looked for is not there."""
    before = stage.name[: stage.name.rindex(_MARK) + len(_MARK)]
    with contextlib.suppress(OSError):
        for found in stage.parent.iterdir():
            number = found.name.removeprefix(before).removesuffix(stage.suffix)
            if found.name.startswith(before) and number.isdigit() and not _is_running(int(number)):
                _remove(found)


def _is_running(process: int) -> bool:
    if os.name == "nt":
        return False  # and a file that somebody still writes cannot be removed
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return process != os.getpid()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _clear_faults(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise VideoError(
            f"{target} cannot be written ({fault.strerror}).", "Name a folder that you may write to."
        ) from fault
