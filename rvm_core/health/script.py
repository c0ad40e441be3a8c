"""Whether OBS will load the script, and which copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePath

from rvm_core.desktop import ini
from rvm_core.desktop.config import python_setting_file, scene_collections
from rvm_core.desktop.obs import Obs
from rvm_core.desktop.scene_collections import copies, scripts
from rvm_core.errors import CollectionError, RvmError
from rvm_core.health.case import Case
from rvm_core.health.finding import REPAIR, Finding, Subject

ABOUT = Subject("script")


def look(case: Case) -> Iterator[Finding]:
    """In which scene collections it stands; OBS loads the scripts of the one that is open."""
    if case.obs is None:
        return
    files = scene_collections(case.machine, case.obs)
    current = _open(case, case.obs, files)
    if not files:
        yield ABOUT.problem("OBS has no scene collection yet.", "Start OBS once, and then the installer.")
        return
    having: list[PurePath] = []
    wrong: list[Finding] = []
    for file in files:
        try:
            ours = _ours(case, file)
        except CollectionError as fault:
            say = ABOUT.problem if file == current else ABOUT.note
            yield say(f"The scene collection “{file.stem}” cannot be read. {fault.problem}", fault.remedy)
            continue
        if ours:
            having.append(file)
            wrong += _wrong(case, file, ours)
    yield from wrong
    names = ", ".join(f"“{file.stem}”" for file in having)
    if not having:
        yield ABOUT.problem("No scene collection has the script.", _add(case))
    elif current is not None and current not in having:
        yield ABOUT.problem(
            f"The scene collection that OBS has open, “{current.stem}”, lacks the script; {names} has it.",
            _add(case),
        )
    elif not wrong:
        yield ABOUT.good(f"in {names}")


def _open(case: Case, obs: Obs, files: tuple[PurePath, ...]) -> PurePath | None:
    """The collection that OBS opens; None where it does not say."""
    settings = case.machine.read(python_setting_file(case.machine, obs))  # all of a user's are in one file
    with suppress(RvmError):
        name = ini.value(settings or b"", "Basic", "SceneCollectionFile")
        return next((file for file in files if file.stem == name), None)
    return None


def _ours(case: Case, file: PurePath) -> list[str]:
    """The script and every copy of it, as the collection names them.  Raises CollectionError."""
    content = case.machine.read(file) or b""
    return [text for text in scripts(content) if _name(text) == _name(str(case.script))]


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2].lower()


def _wrong(case: Case, file: PurePath, ours: list[str]) -> Iterator[Finding]:
    """Why this collection does not load the script, or another one than is meant."""
    where = f"The scene collection “{file.stem}”"
    if len(ours) > 1:  # OBS imports by the bare name: the first one is loaded twice
        yield ABOUT.problem(
            f"{where} has the script {len(ours)} times: {', '.join(ours)}.",
            f"In OBS choose Tools > Scripts and remove all but {case.script}.",
        )
        return
    gone = [path for path in ours if not case.machine.is_file(case.machine.path(path))]
    for path in gone:
        yield ABOUT.problem(f"{where} names the script {path}, which is gone.", REPAIR)
    if not gone and case.machine.is_file(case.script):
        for other in copies(case.machine.read(file) or b"", case.script):
            yield ABOUT.problem(
                f"{where} has another copy of the script than was installed: {other}.", REPAIR
            )


def _add(case: Case) -> str:
    if not case.machine.is_file(case.script):
        return "Run the installer while OBS is closed."
    return f"In OBS choose Tools > Scripts, press + and choose {case.script}"
