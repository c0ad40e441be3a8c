#!/usr/bin/env python3
"""Installs, renews and removes the filter for OBS; with ``--demo`` it also shows it at work.

``python3 installer/install.py``, from any folder.  Standard library only.  First it looks (facts), then it
says what it would do (plan), asks, and does it step by step; each step is done whole or not at all.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

# Run as a file, the first entry is this folder, whose modules must be found as a package only.
if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    sys.dont_write_bytecode = True  # what was unpacked stays as it is

MINIMUM = (3, 10)

if sys.version_info < MINIMUM:
    sys.exit("The installer needs Python 3.10 or newer: run it with python3.10 or a newer one.")

from installer import checkup, files, folders, options, source, target  # noqa: E402 - the path is set above
from installer.console import Console  # noqa: E402
from installer.errors import InstallError  # noqa: E402
from installer.facts import Facts  # noqa: E402
from installer.layout import DATA_DIR_VARIABLE, Layout, default_data_dir  # noqa: E402
from installer.lock import Lock  # noqa: E402
from installer.log import Log  # noqa: E402
from installer.plan import make_plan  # noqa: E402
from installer.record import Record  # noqa: E402
from installer.runner import Runner  # noqa: E402
from installer.steps import Step, Workshop, offline, removal  # noqa: E402
from installer.wishes import Wishes  # noqa: E402
from rvm_core.desktop.boxes import box_of  # noqa: E402
from rvm_core.desktop.shell import obs_rvm  # noqa: E402

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None, console: Console | None = None) -> int:
    """Returns the exit code: 0 done, 1 a step failed or the user said no, 130 interrupted."""
    asked = options.parser().parse_args(arguments)
    console = console or Console()
    signal.signal(signal.SIGTERM, _interrupt)
    wishes = options.wishes(asked)
    try:
        facts = Facts.gather(wishes.prepare or asked.data_dir or default_data_dir(), wishes)
        layout = Layout(wishes.prepare or asked.data_dir or data_dir(facts, wishes))
        if layout.is_anothers and not wishes.prepare:
            raise InstallError(
                f"{layout.data} holds other files.", "Name a folder for obs-rvm alone with --data-dir."
            )
        if not asked.dry_run:
            wishes = _asked_for_python(console, facts, wishes, asked.yes)
        wishes = _checked_offline(facts, wishes)
        steps = make_plan(facts, wishes)
        for line in _told(facts, layout, steps):
            console.line(line)
        if asked.dry_run:
            console.line("Dry run: nothing was changed.")
            return 0
        if not _may_go_on(console, facts, asked.yes):
            console.line("Nothing was changed.")
            return 1
        words = " ".join(sys.argv[1:] if arguments is None else arguments)
        _work(facts, wishes, layout, steps, console, words)
    except InstallError as error:
        console.failure(error)
        return 1
    except OSError as fault:  # such as a disk that is full
        console.failure(
            InstallError(
                f"{fault.filename or 'The disk'}: {fault.strerror or fault}.",
                "Check its permissions and the free space, then run this again.",
            )
        )
        return 1
    except KeyboardInterrupt:
        console.line("\nInterrupted. Run this again to go on; nothing half done will be used.")
        return INTERRUPTED
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def data_dir(facts: Facts, wishes: Wishes) -> Path:
    """The data folder: where the Python of that OBS will look for it; on the way back, one that is there."""
    usual = default_data_dir()
    if DATA_DIR_VARIABLE in os.environ:
        return usual
    boxes = [facts.target.box, *map(box_of, facts.target.others)]
    places = [*(Path(box.data) if box.data else usual for box in boxes), usual]
    if wishes.is_uninstall and wishes.obs is None:
        return next((place for place in places if Layout(place).is_ours), places[0])
    return places[0]


def _asked_for_python(console: Console, facts: Facts, wishes: Wishes, is_agreed: bool) -> Wishes:
    """Where OBS lacks a Python that one command would bring: does the user want that?"""
    sentence, command = facts.python_advice
    if command is None or facts.uses_apt or wishes.may_install_python:
        return wishes
    if is_agreed or not facts.is_interactive:
        return wishes
    console.line(f"This OBS lacks a Python that it can load. {sentence}")
    return replace(wishes, may_install_python=console.confirms("Do that too?"))


def _checked_offline(facts: Facts, wishes: Wishes) -> Wishes:
    """Without the folder that came along, where that is for other computers.  Raises InstallError."""
    if wishes.offline and not wishes.is_uninstall:
        try:
            offline.check(wishes.offline, facts.machine, facts.target)
        except InstallError:
            if wishes.offline != options.ENCLOSED:
                raise
            return replace(wishes, offline=None)
    return wishes


def _told(facts: Facts, layout: Layout, steps: Sequence[Step]) -> Iterator[str]:
    """The facts and the plan."""
    obs = facts.target.obs
    former = Record.load(layout).obs.get("program")
    yield f"RVM Background for OBS: {facts.distribution}, {os.cpu_count()} cores"
    running = " (running)" if facts.is_obs_running else ""
    yield f"OBS: {target.told(obs) if obs else 'not installed'}{running}"
    if facts.target.others:
        others = ", ".join(map(target.told, facts.target.others))
        yield f"Not meant, unless you name one with --obs: {others}"
    if facts.target.python:
        yield f"Python: {facts.target.python.program}"
    yield f"Data folder: {layout.data}"
    if obs and former and former != str(obs.program):
        yield f"It was made for {former} before, which may load another Python: that is replaced now."
    yield "Plan:"
    for number, step in enumerate(steps, 1):
        yield f"  {number}. {step.title}: {step.detail}"


def _may_go_on(console: Console, facts: Facts, is_agreed: bool) -> bool:
    if is_agreed:
        return True
    if not facts.is_interactive:
        console.line("No terminal to ask on: going on, as with --yes.")
        return True
    return console.confirms("Go on?")


def _work(
    facts: Facts, wishes: Wishes, layout: Layout, steps: Sequence[Step], console: Console, words: str
) -> None:
    if wishes.is_uninstall and not layout.data.is_dir():
        folders.leave(layout.data, folders.noted(layout.data))
        console.line("Nothing is installed here.")
        return
    made = _made(layout, wishes)
    with Lock(layout.data, console.line) as lock:
        console.log = Log(layout.log, facts.machine)
        console.log.begin(words or "install")
        for line in _told(facts, layout, steps):
            console.log.line(line)
        record = Record.load(layout)
        record.made = [*made, *(path for path in record.made if path not in made)]
        wheels = offline.wheels(wishes.offline) if wishes.offline else None
        workshop = Workshop(
            layout,
            Runner(console.log, console, held=[lock.descriptor]),
            console,
            facts.machine,
            wishes,
            source.find(wheels),
            record,
        )
        if not (wishes.is_uninstall or wishes.prepare):
            _begin(workshop, facts)
        carry_out(steps, workshop, console)
        if not (wishes.is_uninstall or wishes.prepare):
            _finish(workshop)
        console.log = None
    if wishes.is_uninstall:
        removal.sweep(layout, record)
    elif wishes.prepare:
        files.remove(layout.log)  # the folder goes to others
    elif not wishes.is_demo:
        console.line(closing_words(layout))


def _made(layout: Layout, wishes: Wishes) -> list[str]:
    """Which folders above the data folder are there because of us, as far as the record may not know."""
    if wishes.prepare:
        return []
    try:
        return folders.make(layout.data)
    except OSError as cause:
        raise InstallError(
            f"{layout.data} cannot be made: {cause.strerror}.", "Choose another folder with --data-dir."
        ) from cause


def _begin(workshop: Workshop, facts: Facts) -> None:
    """From here on an installation that ends early is known as one."""
    record, obs = workshop.record, facts.target.obs
    record.version, record.state = workshop.source.version, "installing"
    record.script = str(workshop.layout.script)
    record.obs = {"kind": obs.kind.value, "program": str(obs.program)} if obs else {}
    record.save(workshop.layout)
    folders.settled(workshop.layout.data)


def _finish(workshop: Workshop) -> None:
    workshop.record.state = "installed"
    workshop.record.save(workshop.layout)
    if not workshop.wishes.is_demo:
        checkup.tell(workshop)


def carry_out(steps: Sequence[Step], workshop: Workshop, console: Console) -> None:
    """Runs the steps one after another.  Raises the InstallError of the first that fails."""
    began = time.monotonic()
    for number, step in enumerate(steps, 1):
        console.line(f"[{number}/{len(steps)}] {step.title}")
        started = time.monotonic()
        outcome = step.run(workshop)
        console.detail(f"{outcome} ({time.monotonic() - started:.1f} s)")
    console.line(f"Done in {time.monotonic() - began:.1f} s.")


def closing_words(layout: Layout) -> str:
    """What to do now."""
    return "\n".join(
        [
            "",
            "In OBS: right-click a source > Filters > + > RVM Background.",
            f"For video files: {obs_rvm(layout.data)} video --help",
            f"If something is wrong: {obs_rvm(layout.data)} doctor",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
