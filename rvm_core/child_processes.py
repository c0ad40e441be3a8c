"""Child processes: run with a time limit, and never waited for without one.

A process that a command leaves behind inherits the command's output.  Reading that to its end, or closing it
while another thread reads, would wait for the process that was left behind; so nothing here does either.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

END_S = 5.0
"""How long a process may take to obey a signal, and its output to be read after its end."""
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Finished:
    """code: the exit code, negative for a signal on POSIX; None where the time limit ended the command."""

    code: int | None
    out: str
    error: str


def captured(
    command: Sequence[str],
    *,
    limit_s: float,
    env: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> Finished:
    """Run `command` for up to `limit_s` and return what it printed; by default in the locale's encoding.

    Returns at most a few multiples of END_S after the command's end or the limit.  Any thread.
    Raises OSError where the command cannot be started.
    """
    child = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=env,
        start_new_session=True,
    )
    out, error = _Output(child.stdout), _Output(child.stderr)
    code: int | None = None
    try:
        code = child.wait(limit_s)
    except subprocess.TimeoutExpired:
        end(child)
    except BaseException:
        end(child)
        raise
    last = time.monotonic() + END_S
    return Finished(code, out.text(encoding, last), error.text(encoding, last))


def end(child: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End `child`, which was started in a session of its own, and the processes of that session.

    Takes at most a few multiples of END_S; a process that no signal ends is left alone.
    """
    for name in ("SIGTERM", "SIGKILL"):
        if child.poll() is not None:
            return
        if sys.platform == "win32":
            _end_tree(child.pid)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, getattr(signal, name))
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(END_S)


def _end_tree(process: int) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(process)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=END_S,
        )


class _Output:
    """One stream of a command, read by a thread of its own, which closes it when nobody can write there."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._blocks: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self, encoding: str | None, last: float) -> str:
        """What was printed; it is waited for until `last`, on the clock of time.monotonic."""
        self._thread.join(max(0.0, last - time.monotonic()))
        content = io.BytesIO(b"".join(self._blocks))
        return io.TextIOWrapper(content, encoding=encoding, errors="replace").read()

    def _read(self) -> None:
        with self._pipe:
            while block := self._pipe.read(_BLOCK):
                self._blocks.append(block)
