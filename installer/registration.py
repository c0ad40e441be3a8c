"""Our entries in OBS's own files: the script in each scene collection, and the Python that OBS loads.

OBS writes these files when it ends, so they are only changed while it is closed.  Every byte that is not ours
stays.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from installer import files
from installer.layout import Layout
from installer.record import Edit, Record
from installer.target import Target
from rvm_core.desktop import config, ini, scene_collections
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.pythons import Python, is_found_in
from rvm_core.errors import RvmError

SCRIPT, PYTHON = "script", "python"


@dataclass(frozen=True)
class Change:
    """What a file is to become; `what`, `ours` and `former` as an `Edit` says them."""

    file: Path
    before: bytes
    after: bytes
    what: str
    ours: str
    former: str | None = None


@dataclass
class Changes:
    """What is to be changed, and why something else is not; registered: files that need nothing."""

    wanted: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    registered: list[Path] = field(default_factory=list)


def changes(machine: Machine, target: Target, script: Path) -> Changes:
    """What OBS's files lack.  Nothing is changed here."""
    found = Changes()
    if target.obs is None:
        return found
    collections = config.scene_collections(machine, target.obs)
    if not collections:  # then there may be no other file to change either
        found.refused.append("OBS has no scene collection yet: start it once, then run this again.")
        return found
    for collection in collections:
        _collect(found, Path(collection), _scripted(Path(collection), script))
    if target.python and machine.system != "Linux":  # where OBS links its own
        file = Path(config.python_setting_file(machine, target.obs))
        _collect(found, file, _with_python(file, target.python, machine))
    return found


def _collect(found: Changes, file: Path, made: Iterator[Change]) -> None:
    try:
        wanted = [change for change in made if change.after != change.before]
        if wanted and not file.stat().st_mode & stat.S_IWUSR:
            found.refused.append(f"{file.name} is read-only.")
        elif wanted:
            found.wanted += wanted
        else:
            found.registered.append(file)
    except RvmError as fault:
        found.refused.append(f"{file.name}: {fault.problem}")
    except FileNotFoundError:
        found.refused.append(f"OBS has not made {file.name} yet: start it once, then run this again.")
    except OSError as fault:
        found.refused.append(f"{file.name} cannot be read ({fault.strerror}).")


def _scripted(file: Path, script: Path) -> Iterator[Change]:
    before = after = file.read_bytes()
    ours, copies = scene_collections.written(script), scene_collections.copies(before, script)
    for copy in copies:  # added by hand; its settings hold the user's presets for scenes
        after = scene_collections.replaced_script(after, copy, ours)
    after = scene_collections.with_script(after, script)
    yield Change(file, before, after, SCRIPT, ours, next(iter(copies), None))


def _with_python(file: Path, python: Python, machine: Machine) -> Iterator[Change]:
    before, ours = file.read_bytes(), python.home.as_posix()
    former = ini.value(before, config.PYTHON_SECTION, config.PYTHON_KEY)
    if not (former and is_found_in(machine.path(former), python)):
        after = ini.with_value(before, config.PYTHON_SECTION, config.PYTHON_KEY, ours)
        yield Change(file, before, after, PYTHON, ours, former)


def apply(change: Change, layout: Layout, record: Record) -> None:
    """Change the file, its copy and our note of it first.  Raises OSError."""
    before = files.digest(change.before)
    backup = layout.backups / f"{before[:16]}-{change.file.name}"
    layout.backups.mkdir(parents=True, exist_ok=True)
    files.write(backup, change.before)
    after = files.digest(change.after)
    edit = Edit(
        str(change.file), backup.name, before, after, change.what, ours=change.ours, former=change.former
    )
    if edit not in record.edits:
        record.edits.append(edit)
    record.save(layout)
    files.write(change.file, change.after)


def clear(edit: Edit) -> None:
    """Remove what an installer that was killed was about to put in place of the file."""
    files.remove(files.part_of(Path(edit.file)))


def undo(edit: Edit, layout: Layout) -> str | None:
    """Put the file back: its backup where nobody changed it since, else without our entry alone.

    The reason, where it cannot be done.  A file that is gone needs nothing.
    """
    file = Path(edit.file)
    clear(edit)
    try:
        now = file.read_bytes()
        backup = layout.backups / edit.backup
        if files.digest(now) == edit.after and backup.is_file():
            then = backup.read_bytes()
        else:
            then = _without(now, edit)
        if then != now:
            files.write(file, then)
    except FileNotFoundError:
        return None
    except RvmError as fault:
        return f"{file}: {fault.problem}"
    except OSError as fault:
        return f"{file}: {fault.strerror}"
    return None


def take_out(file: Path, script: Path) -> bool:
    """Take our entry out of a collection; whether there was one.  Raises CollectionError, OSError."""
    before = file.read_bytes()
    after = scene_collections.without_script(before, script)
    if after != before:
        files.write(file, after)
    return after != before


def _without(now: bytes, edit: Edit) -> bytes:
    if edit.what == SCRIPT:
        if edit.former:
            return scene_collections.replaced_script(now, edit.ours, edit.former)
        return scene_collections.without_script(now, Path(edit.ours))
    if ini.value(now, config.PYTHON_SECTION, config.PYTHON_KEY) != edit.ours:
        return now  # the user has chosen another since
    if edit.former is None:
        return ini.without_value(now, config.PYTHON_SECTION, config.PYTHON_KEY)
    return ini.with_value(now, config.PYTHON_SECTION, config.PYTHON_KEY, edit.former)
