"""Runs commands, keeps what they say, and never leaves one behind."""

from __future__ import annotations

import collections
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from installer.console import Console
from installer.errors import CommandFailed
from installer.log import Log
from rvm_core.child_processes import END_S, end

HEARTBEAT_S = 10.0
TAIL_LINES = 15
LINE_LIMIT = 90
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


class Runner:
    """Runs one command at a time; everything that it prints goes to `log`.

    held: open files that commands inherit, such as a lock that must outlive this process while they do.
    """

    def __init__(self, log: Log, console: Console, held: Sequence[int] = ()) -> None:
        self.log = log
        self._console = console
        self._held = tuple(held)

    def run(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        shows_output: bool = False,
    ) -> list[str]:
        """Runs `command` to its end and returns its last lines (stdout and stderr together).

        `env` is added to this process's environment.  With `shows_output` its lines also appear in
        the console; without, a line each 10 s says that it is alive.  Raises CommandFailed.
        """
        tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
        self.log.line(f"$ {shlex.join(command)}")
        try:
            # A session of its own: an interrupt reaches this process first, which then ends it.
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                env={**_environment(), **(env or {})},
                cwd=cwd,
                start_new_session=True,
                pass_fds=self._held if sys.platform != "win32" else (),
            )
        except OSError as cause:
            raise CommandFailed(
                f"{command[0]} cannot be run: {cause.strerror}.", "Install it and run this again.", (), 127
            ) from cause
        assert child.stdout is not None
        reader = threading.Thread(target=self._read, args=(child.stdout, tail, shows_output), daemon=True)
        reader.start()
        try:
            self._wait(child, tail, shows_output)
        except BaseException:
            end(child)
            raise
        finally:
            reader.join(END_S)  # longer only where a process that the command left behind has the pipe
        if child.returncode != 0:
            raise CommandFailed(
                f"`{shlex.join(command)}` ended with code {child.returncode}.",
                f"The whole output is in {self.log.path}.",
                list(tail),
                child.returncode,
            )
        return list(tail)

    def _read(self, pipe: IO[str], tail: collections.deque[str], shows_output: bool) -> None:
        with pipe:
            for line in pipe:
                text = line.rstrip()
                if text:
                    tail.append(text)
                if text and shows_output:
                    self._console.line(text)
                else:
                    self.log.line(text)

    def _wait(self, child: subprocess.Popen[str], tail: collections.deque[str], shows_output: bool) -> None:
        began = time.monotonic()
        while True:
            try:
                child.wait(HEARTBEAT_S)
                return
            except subprocess.TimeoutExpired:
                if not shows_output:
                    newest = tail[-1][:LINE_LIMIT] if tail else "no output yet"
                    self._console.detail(f"... {time.monotonic() - began:.0f} s: {newest}")


def _environment() -> dict[str, str]:
    """This process's, without what would mix another Python's packages into ours."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}
