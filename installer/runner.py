"""Runs commands, keeps what they say, and never leaves one behind."""

from __future__ import annotations

import collections
import contextlib
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from installer.console import Console
from installer.errors import CommandFailed

HEARTBEAT_S = 10.0
TAIL_LINES = 15
LINE_LIMIT = 90
END_S = 5.0


class Runner:
    """Runs one command at a time; everything that it prints is appended to `log`."""

    def __init__(self, log: Path, console: Console) -> None:
        self.log = log
        self._console = console

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
        self.log.parent.mkdir(parents=True, exist_ok=True)
        tail: collections.deque[str] = collections.deque(maxlen=TAIL_LINES)
        with self.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(f"$ {shlex.join(command)}\n")
            log.flush()
            try:
                # A session of its own: an interrupt reaches this process first, which then ends it.
                child = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    env={**os.environ, **(env or {})},
                    cwd=cwd,
                    start_new_session=True,
                )
            except OSError as cause:
                raise CommandFailed(
                    f"{command[0]} cannot be run: {cause.strerror}.",
                    "Install it and run this again.",
                    (),
                    127,
                ) from cause
            assert child.stdout is not None
            reader = threading.Thread(
                target=self._read, args=(child.stdout, log, tail, shows_output), daemon=True
            )
            reader.start()
            try:
                self._wait(child, tail, shows_output)
            except BaseException:
                _end(child)
                raise
            finally:
                reader.join(END_S)
                child.stdout.close()
        if child.returncode != 0:
            raise CommandFailed(
                f"`{shlex.join(command)}` ended with code {child.returncode}.",
                f"The whole output is in {self.log}.",
                list(tail),
                child.returncode,
            )
        return list(tail)

    def _read(self, pipe: IO[str], log: IO[str], tail: collections.deque[str], shows_output: bool) -> None:
        for line in pipe:
            log.write(line)
            log.flush()
            text = line.rstrip()
            if text:
                tail.append(text)
                if shows_output:
                    self._console.line(text)

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


def _end(child: subprocess.Popen[str]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        if child.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, how)
        try:
            child.wait(END_S)
        except subprocess.TimeoutExpired:
            continue
