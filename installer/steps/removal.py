"""The way back: everything that was installed goes, and OBS's files are as they were."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installer import command, environment, files, folders, registration
from installer.errors import InstallError
from installer.layout import OURS, OWN_WORK, Layout
from installer.record import Edit, Record
from installer.steps import Workshop
from rvm_core.atomic_write import PART
from rvm_core.desktop import config
from rvm_core.desktop.processes import running_obs
from rvm_core.errors import RvmError


@dataclass(frozen=True)
class TakeOutOfObs:
    """OBS's files: their copies where nobody changed them since, else without our entries alone."""

    title: str = "OBS"
    detail: str = "takes the script out of OBS's scene collections; what else they hold stays"

    def run(self, workshop: Workshop) -> str:
        record = workshop.record
        if running_obs(workshop.machine):
            raise InstallError(
                "OBS is running: it uses what is to go, and would write the script back.",
                "Close OBS, run this again.",
            )
        kept: list[Edit] = []
        for edit in reversed(record.edits):
            fault = registration.undo(edit, workshop.layout)
            if fault:
                workshop.console.detail(f"{fault} Take the script out in OBS: Tools > Scripts > -.")
                kept.insert(0, edit)  # the last one is undone first the next time too
        changed = {edit.file for edit in record.edits}
        record.edits = kept
        record.save(workshop.layout)
        changed |= set(self._added_by_hand(workshop, {edit.file for edit in kept}))
        return f"{len(changed)} files put back" if changed else "nothing was changed there"

    def _added_by_hand(self, workshop: Workshop, kept: set[str]) -> Iterator[str]:
        """The files that lost our entry though nobody noted it: it was added in OBS's own window."""
        target = workshop.target()
        for obs in filter(None, (target.obs, *target.others)):
            for file in map(Path, config.scene_collections(workshop.machine, obs)):
                if str(file) not in kept:
                    with contextlib.suppress(RvmError, OSError):  # what OBS cannot read loads no script
                        if registration.take_out(file, workshop.layout.script):
                            yield str(file)


@dataclass(frozen=True)
class RemoveFiles:
    """Links, the environment, models; what the user made himself stays, and is named."""

    title: str = "Files"

    @property
    def detail(self) -> str:
        return "the environment, models, caches, links; presets and clean plates of your own stay"

    def run(self, workshop: Workshop) -> str:
        layout, record = workshop.layout, workshop.record
        for made in map(Path, reversed(record.made)):
            if made.is_symlink() and command.leads_here(layout, made):
                files.remove(made)
        link = command.link_place(layout)
        if link:  # of a version that kept no record
            files.remove(link)
        environment.remove(layout)
        for made in [*(layout.data / name for name in OURS), *layout.data.glob(f"*{PART}")]:
            files.remove(made)
        own = [name for name in OWN_WORK if _is_kept(layout.data / name)]
        if not record.edits:  # what could not be put back needs its copy still
            files.remove(layout.backups)
        if record.packages:
            workshop.console.detail("System packages stay; if nothing else needs them:")
            workshop.console.detail(f"sudo apt-get remove {' '.join(record.packages)}")
        return f"{', '.join(own)} stay in {layout.data}" if own else "removed"


def _is_kept(path: Path) -> bool:
    """Whether there is anything in it; an empty folder goes."""
    if path.is_dir() and not any(path.iterdir()):
        path.rmdir()
    return path.exists()


def sweep(layout: Layout, record: Record) -> None:
    """When the lock is given up: the log, the record, and what is empty of the folders that were made.

    The record goes last: while anything is left, the next run knows of it.  What could not be put back needs
    it, and the copies, still.
    """
    if not record.edits:
        folders.leave(layout.data, record.made, [layout.log, layout.record])
