"""The script in OBS: added to its files while it is closed, else the clicks that do it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from installer import registration
from installer.errors import InstallError
from installer.steps import Workshop
from installer.target import Target
from rvm_core.desktop.processes import running_obs

BY_HAND = "by hand, as said above"


@dataclass(frozen=True)
class AddToObs:
    """Our entry in each of OBS's scene collections; nothing else in them changes."""

    title: str = "OBS"
    detail: str = (
        "adds the script to its scene collections, and the Python where it wants to be told; copies are kept"
    )

    def run(self, workshop: Workshop) -> str:
        target, layout = workshop.target(), workshop.layout
        if running_obs(workshop.machine):
            return _by_hand(workshop, target, "OBS is running, so its files cannot be changed.")
        for edit in workshop.record.edits:
            registration.clear(edit)
        found = registration.changes(workshop.machine, target, layout.script)
        for change in found.wanted:
            try:
                registration.apply(change, layout, workshop.record)
            except OSError as fault:
                raise InstallError(
                    f"{change.file} cannot be changed: {fault.strerror}.",
                    "Check the permissions of OBS's folder, then run this again.",
                ) from fault
        if found.refused:
            _by_hand(workshop, target, " ".join(found.refused))
        names = [change.file.stem for change in found.wanted if change.what == registration.SCRIPT]
        told = ["OBS told its Python"] if len(names) < len(found.wanted) else []
        done = [*([f"added to {', '.join(names)}"] if names else []), *told]
        return "; ".join(done) or ("up to date" if found.registered else BY_HAND)


def _by_hand(workshop: Workshop, target: Target, why: str) -> str:
    workshop.console.detail(why)
    for line in clicks(target, str(workshop.layout.script)):
        workshop.console.detail(line)
    return BY_HAND


def clicks(target: Target, script: str) -> Iterator[str]:
    """How the script is added in OBS's own window."""
    if sys.platform != "linux" and target.python:
        yield f"In OBS: Tools > Scripts > Python Settings: choose {target.python.home}"
    yield "By hand, in OBS: Tools > Scripts > +, and choose this file:"
    yield f"  {script}"
