"""The folders that lead to the data folder: those that an installation made go when it goes.

Which they are stands in the record, and that lies in the data folder.  Before it is there, and once it is
gone, a note beside the topmost of them says it instead: an installer may be killed at any moment.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from installer import files

NOTE = ".obs-rvm-folders"


def make(data: Path) -> list[str]:
    """Make `data` and what leads to it; what this or a killed installer made, topmost first.  Raises OSError.

    It stays noted until `settled`.
    """
    missing = [str(folder) for folder in reversed(data.parents) if not folder.exists()]
    made = _joined(noted(data), missing)
    if missing:
        _write(data, made)
    data.mkdir(parents=True, exist_ok=True)
    return made


def noted(data: Path) -> list[str]:
    """What a killed installer made, and did not come to write into the record or to remove."""
    found: list[str] = []
    for note in _notes(data):
        with contextlib.suppress(OSError):
            found = _joined(found, json.loads(note.read_text(encoding="utf-8")))
    return found


def settled(data: Path) -> None:
    """The record tells it now, or nothing is left to tell."""
    for note in _notes(data):
        files.remove(files.part_of(note))
        files.remove(note)


def leave(data: Path, made: Sequence[str], last: Iterable[Path] = ()) -> None:
    """Remove the files `last` out of `data`, and then it and the folders `made`, as far as they are empty."""
    if made:
        _write(data, made)
    for file in last:
        files.remove(file)
    for folder in [data, *map(Path, reversed(made))]:
        with contextlib.suppress(OSError):  # not empty: then it stays
            folder.rmdir()
    settled(data)


def _write(data: Path, made: Sequence[str]) -> None:
    top = next((folder for folder in reversed(data.parents) if str(folder) in made), data)
    files.write(_note(top), json.dumps(made).encode())


def _notes(data: Path) -> list[Path]:
    """Where one may lie."""
    return [_note(folder) for folder in (data, *data.parents)]


def _note(folder: Path) -> Path:
    return folder.parent / (folder.name + NOTE)


def _joined(first: Sequence[str], then: Sequence[str]) -> list[str]:
    return [*first, *(one for one in then if one not in first)]
