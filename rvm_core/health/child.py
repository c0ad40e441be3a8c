"""Programs that may crash, hang or lack a library, each run in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvm_core.child_processes import captured

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 300


@dataclass(frozen=True)
class Ending:
    """answers: what the program wrote on its stdout, a JSON object a line; other lines are left out.

    fault: how it ended, as a clause; empty when it ended well.
    """

    answers: tuple[Mapping[str, Any], ...]
    fault: str = ""

    @property
    def answer(self) -> Mapping[str, Any]:
        """The last one, or an empty one."""
        return self.answers[-1] if self.answers else {}


def doctor(python: Path, *words: str, limit_s: float) -> Ending:
    """Run a part of ``obs-rvm doctor`` by itself, with the obs-rvm of that `python`.

    This one's is that which runs here, which may be a checkout.
    """
    environ, flags = {}, ["-X", "utf8"]
    if sys.flags.isolated or python.parent.resolve() != Path(sys.executable).parent.resolve():
        flags.append("-I")
    else:
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return _run([str(python), *flags, "-m", "rvm_core", "doctor", *words], limit_s, environ)


def program(python: Path, text: str, *words: str, limit_s: float) -> Ending:
    """Run the program `text` with a Python, for which nothing but its own packages are there."""
    return _run([str(python), "-I", "-X", "utf8", "-c", text, *words], limit_s, {})


def _run(command: list[str], limit_s: float, environ: Mapping[str, str]) -> Ending:
    try:
        done = captured(command, limit_s=limit_s, env={**os.environ, **environ}, encoding="utf-8")
    except OSError as cause:
        return Ending((), f"it cannot be started ({cause.strerror})")
    fault = f"it did not end within {limit_s:.0f} s" if done.code is None else _how(done.code, done.error)
    return Ending(tuple(_answers(done.out)), fault)


def _answers(text: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for line in text.splitlines():  # a driver may write on stdout too
        with suppress(ValueError):
            if isinstance(answer := json.loads(line), dict):
                found.append(answer)
    return found


def _how(code: int, error: str) -> str:
    """How a process ended that gave this code, as a clause."""
    if code == 0:
        return ""
    if code < 0:
        with suppress(ValueError):
            return f"it crashed ({signal.Signals(-code).name})"
    if code > 0x7FFFFFFF:  # an exception of Windows
        return f"it crashed (0x{code:08X})"
    said = [line.strip() for line in error.splitlines() if line.strip()]
    return said[-1][:_LONGEST] if said else f"it ended with code {code}"
