#!/usr/bin/env python3
"""Installs everything that the OBS script needs; with ``--demo`` it also shows the filter at work.

``python3 installer/install.py [--demo]``, from any folder.  Standard library only.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

# Run as a file, the first entry is this folder, whose modules must be found as a package only.
if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

MINIMUM = (3, 11)

if sys.version_info < MINIMUM:
    sys.exit("The installer needs Python 3.11 or newer: run it with python3.11.")

from installer import command  # noqa: E402 - the path is set above
from installer.console import Console  # noqa: E402 - the path is set above
from installer.errors import InstallError  # noqa: E402
from installer.facts import Facts  # noqa: E402
from installer.layout import DATA_DIR_VARIABLE, SCRIPT, Layout, default_data_dir  # noqa: E402
from installer.lock import Lock  # noqa: E402
from installer.plan import Wishes, make_plan  # noqa: E402
from installer.runner import Runner  # noqa: E402
from installer.steps import Step, Workshop  # noqa: E402

DEFAULT_CAMERA = "/dev/video0"
INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="install.py", description="Installs the RVM Background filter for OBS."
    )
    made.add_argument("--demo", action="store_true", help="also show the filter in a private OBS")
    made.add_argument("--yes", action="store_true", help="do not ask")
    made.add_argument("--dry-run", action="store_true", help="print the plan and change nothing")
    made.add_argument("--data-dir", type=Path, metavar="DIR", help=f"data folder (also {DATA_DIR_VARIABLE})")
    demo = made.add_argument_group("the demo")
    demo.add_argument("--output", type=Path, default=Path("demo"), metavar="DIR", help="its files (./demo)")
    footage = demo.add_mutually_exclusive_group()
    footage.add_argument("--clip", type=Path, metavar="FILE", help="a video of your own")
    footage.add_argument(
        "--camera", nargs="?", const=DEFAULT_CAMERA, metavar="DEVICE", help=f"a camera ({DEFAULT_CAMERA})"
    )
    demo.add_argument("--seconds", type=_seconds, default=10.0, help="how long it records (10)")
    return made


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 600:
        raise argparse.ArgumentTypeError("use 1 to 600 seconds")
    return value


def main(arguments: Sequence[str] | None = None, console: Console | None = None) -> int:
    """Returns the exit code: 0 done, 1 a step failed or the user said no, 130 interrupted."""
    options = parser().parse_args(arguments)
    console = console or Console()
    signal.signal(signal.SIGTERM, _interrupt)
    data = options.data_dir.expanduser().absolute() if options.data_dir else default_data_dir()
    wishes = Wishes(
        is_demo=options.demo,
        output=options.output.expanduser().absolute(),
        clip=options.clip.expanduser().absolute() if options.clip else None,
        camera=options.camera,
        seconds=options.seconds,
    )
    try:
        facts = Facts.gather(data)
        steps = make_plan(facts, wishes)
        _show(console, facts, data, steps)
        if options.dry_run:
            console.line("Dry run: nothing was changed.")
            return 0
        if not _may_go_on(console, facts, options.yes):
            console.line("Nothing was changed.")
            return 1
        layout = Layout(data)
        with Lock(data):
            carry_out(steps, Workshop(layout, Runner(layout.log, console)), console)
    except InstallError as error:
        console.failure(error)
        return 1
    except KeyboardInterrupt:
        console.line("\nInterrupted. Run this again to go on; nothing half done will be used.")
        return INTERRUPTED
    if not wishes.is_demo:
        console.line(closing_words(data))
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(console: Console, facts: Facts, data: Path, steps: Sequence[Step]) -> None:
    obs = str(facts.obs) if facts.obs else "not installed"
    console.line(f"RVM Background for OBS: {facts.distribution}, {os.cpu_count()} cores, OBS {obs}")
    console.line(f"Data folder: {data}")
    console.line("Plan:")
    for number, step in enumerate(steps, 1):
        console.line(f"  {number}. {step.title}: {step.detail}")


def _may_go_on(console: Console, facts: Facts, is_agreed: bool) -> bool:
    if is_agreed:
        return True
    if not facts.is_interactive:
        console.line("No terminal to ask on: going on, as with --yes.")
        return True
    return console.confirms("Go on?")


def carry_out(steps: Sequence[Step], workshop: Workshop, console: Console) -> None:
    """Runs the steps one after another.  Raises the InstallError of the first that fails."""
    began = time.monotonic()
    for number, step in enumerate(steps, 1):
        console.line(f"[{number}/{len(steps)}] {step.title}")
        started = time.monotonic()
        outcome = step.run(workshop)
        console.detail(f"{outcome} ({time.monotonic() - started:.1f} s)")
    console.line(f"Done in {time.monotonic() - began:.1f} s.")


def closing_words(data: Path) -> str:
    """How to add the script in OBS; the installer never touches the user's own OBS configuration."""
    lines = [
        "",
        "Add the filter to OBS:",
        "  1. Tools > Scripts > +, and choose this file:",
        f"     {SCRIPT}",
        "  2. Right-click a source > Filters > + > RVM Background.",
    ]
    if sys.platform in ("win32", "darwin"):
        lines.insert(
            2, "  0. Tools > Scripts > Python Settings: choose the folder of the Python that ran this."
        )
    lines += ["For video files:", f"  {command.name_for_shell(Layout(data))} video --help"]
    if data != default_data_dir():
        lines.append(
            f"Start OBS with {DATA_DIR_VARIABLE}={data}, because the data folder is not the usual one."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
