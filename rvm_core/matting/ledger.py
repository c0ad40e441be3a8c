"""What is known of providers on this computer: which were right, how fast, and which are left out, and why.

A provider is asked for its result under a name for the exact thing that gives it (`what`: package and driver
versions, device, model).  Before each trial a note is left, and withdrawn when the trial is interrupted.  One
that is still there later was left by a program that ended in the trial: the provider ended it, or somebody
killed it.  Nothing on disk tells these apart, so a provider is left out when that happened twice in a row,
and at once where the process was a child made for the trial (`is_child`), which nobody else kills.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from rvm_core import atomic_write, paths

_SCHEMA = 1
_MOST_ENDED = 1
"""Programs in a row that may end in a trial before the provider is left out."""
_QUERY = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
_lock = threading.Lock()

is_child = False
"""Set in a process that does nothing but try providers."""


@dataclass(frozen=True)
class Verdict:
    """Of one provider, `what` exactly.  reason: why it is left out; empty when it was right.

    ms, cpu_ms: of a picture on it and on the processor, side by side; 0 where it never came to that.
    process: that tries it now, perhaps anew, or 0.
    ended: how many programs in a row ended in a trial of it, before that of `process`.
    """

    provider: str
    what: str
    reason: str = ""
    ms: float = 0.0
    cpu_ms: float = 0.0
    process: int = 0
    ended: int = 0

    @property
    def is_known(self) -> bool:
        """Whether a trial came to its end."""
        return bool(self.reason or self.ms or not self.ended)


def find(provider: str, what: str) -> Verdict | None:
    """What is known: None before the first trial that came to its end.  Any thread.

    Where two programs in a row ended in a trial, that is a refusal.
    """
    verdict = _read().get(_key(provider, what))
    if verdict is None or not verdict.process:
        return verdict if verdict and verdict.is_known else None
    ended = _ended(verdict)
    if ended > _MOST_ENDED:
        return Verdict(provider, what, "it ended the program when it was last tried")
    return replace(verdict, process=0, ended=ended) if verdict.ms else None  # what was known before


def leave_note(provider: str, what: str) -> None:
    """This process begins a trial."""
    before = _read().get(_key(provider, what)) or Verdict(provider, what)
    record(replace(before, process=os.getpid(), ended=_MOST_ENDED if is_child else _ended(before)))


def withdraw_note(provider: str, what: str) -> None:
    """The trial of this process was interrupted: what was known before it holds.  Any thread."""
    note = _read().get(_key(provider, what))
    if note is None or note.process != os.getpid():
        return
    before = replace(note, process=0)
    if before.ms or before.ended:
        record(before)
    else:
        remove(provider, what)


def _ended(verdict: Verdict) -> int:
    """`verdict.ended`, and one more where the process of the note is gone."""
    is_gone = verdict.process and verdict.process != os.getpid() and not _lives(verdict.process)
    return verdict.ended + bool(is_gone)


def everything() -> list[Verdict]:
    """All that is known, in no order."""
    found = (find(verdict.provider, verdict.what) for verdict in _read().values())
    return [verdict for verdict in found if verdict is not None]


def record(verdict: Verdict) -> None:
    """Keep `verdict`; where nothing can be written, nothing is kept."""
    with _lock:
        known = _read()
        known[_key(verdict.provider, verdict.what)] = verdict
        _write(known)


def remove(provider: str, what: str) -> None:
    """Know nothing of it, as before."""
    with _lock:
        known = _read()
        known.pop(_key(provider, what), None)
        _write(known)


def forget(provider: str) -> None:
    """Let `provider` be tried again, whatever was known of it."""
    with _lock:
        _write({key: verdict for key, verdict in _read().items() if verdict.provider != provider})


def _key(provider: str, what: str) -> str:
    return f"{provider}: {what}"


def _read() -> dict[str, Verdict]:
    try:
        document: Mapping[str, Any] = json.loads(paths.ledger_file().read_text(encoding="utf-8"))
        if document["schema"] != _SCHEMA:
            return {}
        verdicts = [Verdict(**values) for values in document["verdicts"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # then everything is tried again
    return {_key(verdict.provider, verdict.what): verdict for verdict in verdicts}


def _write(known: Mapping[str, Verdict]) -> None:
    file = paths.ledger_file()
    document = {"schema": _SCHEMA, "verdicts": [asdict(verdict) for verdict in known.values()]}
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        # Durable, since a driver that is tried can end more than this process.
        atomic_write.write(file, json.dumps(document, indent=2).encode())


def _lives(process: int) -> bool:
    """Whether there is such a process; another one may have taken the number, which errs on the kind side."""
    if sys.platform == "win32":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(_QUERY, False, process)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
