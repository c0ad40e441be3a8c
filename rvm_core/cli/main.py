"""The command line as a whole: which commands there are, and how a fault is told."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence

from rvm_core import __version__
from rvm_core.cli import bench, doctor, models, presets, video, warm
from rvm_core.cli.output import EXIT_FAULT, tell
from rvm_core.errors import RvmError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code, which is 2 after one line about a fault on stderr."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that it cannot write must not end a command
        sys.stdout.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except RvmError as fault:
        tell(str(fault))
        return EXIT_FAULT
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="obs-rvm", description="Live background removal for OBS Studio.")
    parser.add_argument("--version", action="version", version=f"obs-rvm {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (video, presets, models, warm, bench, doctor):
        command.add(commands)
    return parser
