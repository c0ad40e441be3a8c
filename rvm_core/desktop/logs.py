"""What OBS's newest log and crash report say of Python and of our script.

OBS names the files by their start (``2026-11-26 01-02-03.txt``) and begins each line with a time.  It writes
crash reports on Windows alone, and says of Python only what failed: that it works shows in the scripts that
it loaded (frontend/obs-main.cpp, shared/obs-scripting, libobs/obs-win-crash-handler.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import PurePath

from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Obs
from rvm_core.desktop.privacy import private

SCRIPT = "obs_rvm_filter.py"
PACKAGE = "rvm_core"
TIMED = re.compile(r"\d\d:\d\d:\d\d\.\d{3}: (.*)")
VERSION = re.compile(r"OBS (\d\S*) \((.*)\)")
LOADED = re.compile(r"\[obs-scripting\]: Loaded python script: (.*)")
MARK = "[obs-rvm]"
OURS = re.compile(rf"(?:{re.escape(MARK)}|\[Python: {re.escape(SCRIPT)}\]) (.*)")
UNKNOWN = re.compile(r"\[Unknown Script\] (.*)")
PYTHON_FAILED = re.compile(
    r"\[Python\] (?:Could not load library|Failed to import|Failed to load python|Error importing obspy).*"
    r"|LoadLibrary failed for '.*python\d*\.dll'.*"
    r"|os_dlopen\(.*[Pp]ython.*"
    r"|Unsupported/unknown script type: .*\.py"
)
SAFE_MODE = ("[Safe Mode] Safe mode launch selected", "Safe Mode enabled.")
LAST_LINE = "Number of memory leaks: "
TRACEBACK = "Traceback (most recent call last):"
CHAIN = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
START, END = 1 << 20, 8 << 20
"""How much of a long log is read, in bytes: OBS names itself and its scripts at the start."""
CRASH = re.compile(r"^(?:Unhandled exception|Fault address): .*", re.MULTILINE)
CRASHED_THREAD = re.compile(r"^Thread [^\n]*\(Crashed\)\n(.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Log:
    """OBS's newest log; paths in its lines are `private`.

    version, platform: as in ``OBS 29.0.2 (linux)``; None before OBS has come so far.  has_ended: whether OBS
    quit in good order, so neither runs nor crashed.  scripts: the names of the Python scripts that it loaded.
    python: why it could not load Python.  said: the lines of our script, without times.
    """

    file: PurePath
    started: datetime
    version: str | None
    platform: str | None
    is_safe_mode: bool
    has_ended: bool
    scripts: tuple[str, ...]
    python: tuple[str, ...]
    said: tuple[str, ...]


@dataclass(frozen=True)
class Crash:
    """OBS's newest crash report: when, what, and whether Python was at work in the thread that crashed."""

    file: PurePath
    when: datetime
    what: tuple[str, ...]
    is_in_python: bool


def last_log(machine: Machine, obs: Obs) -> Log | None:
    """OBS's newest log, None where there is none."""
    found = _newest(machine, obs.config / "logs", "")
    if found is None:
        return None
    file, started = found
    lines = _lines(machine.read(file) or b"")
    version = next((match for line in lines if (match := VERSION.fullmatch(line))), None)
    loaded = [match[1] for line in lines if (match := LOADED.fullmatch(line))]
    return Log(
        file,
        started,
        version[1] if version else None,
        version[2] if version else None,
        is_safe_mode=any(line.startswith(SAFE_MODE) for line in lines),
        has_ended=any(line.startswith(LAST_LINE) for line in lines),
        scripts=tuple(dict.fromkeys(loaded)),
        python=tuple(private(line, machine) for line in lines if PYTHON_FAILED.fullmatch(line)),
        said=tuple(private(line, machine) for line in _said(lines)),
    )


def last_errors(log: Log) -> tuple[str, ...]:
    """Why Python or our script failed, one line each: OBS's own sentences and the ends of tracebacks."""
    ends = [line for last, line in pairwise(log.said) if _is_inside(last) and not _is_inside(line)]
    return tuple(dict.fromkeys([*log.python, *ends]))


def last_crash(machine: Machine, obs: Obs) -> Crash | None:
    """OBS's newest crash report, None where there is none."""
    found = _newest(machine, obs.config / "crashes", "Crash ")
    if found is None:
        return None
    file, when = found
    text = (machine.read(file) or b"").decode(errors="replace").replace("\r\n", "\n")
    thread = CRASHED_THREAD.search(text)
    what = tuple(private(line, machine) for line in CRASH.findall(text))
    return Crash(file, when, what, is_in_python=thread is not None and "python3" in thread[1].lower())


def _newest(machine: Machine, folder: PurePath, prefix: str) -> tuple[PurePath, datetime] | None:
    found = []
    for file in machine.listed(folder):
        with suppress(ValueError):  # another file
            found.append((datetime.strptime(file.name, f"{prefix}%Y-%m-%d %H-%M-%S.txt"), file))
    if not found:
        return None
    when, file = max(found)
    return file, when


def _lines(content: bytes) -> list[str]:
    if len(content) > START + END:
        content = content[:START] + b"\n" + content[-END:]
    timed = (TIMED.fullmatch(line) for line in content.decode(errors="replace").splitlines())
    return [line[1] for line in timed if line]


def _is_inside(line: str) -> bool:
    """Whether `line` belongs to a traceback that goes on."""
    return line.startswith((" ", TRACEBACK))


def _said(lines: list[str]) -> Iterator[str]:
    """The lines of our script.

    Of a text of several lines only the first is marked.  What Python's own threads print is marked as of an
    unknown script, and ours where the traceback comes through our files.
    """
    goes_on, last = False, ""
    unknown: list[str] = []
    for line in lines:
        if match := OURS.fullmatch(line):
            if match[1]:
                yield match[1]
            goes_on, last = line.startswith(MARK), match[1]
        elif match := UNKNOWN.fullmatch(line):
            unknown.append(match[1])
            if not _is_inside(match[1]) and any(_is_inside(one) for one in unknown):
                if any(PACKAGE in one or SCRIPT in one for one in unknown):
                    yield from unknown
                unknown = []
        elif goes_on and (_is_inside(last) or line in ("", TRACEBACK, *CHAIN)):
            if line:
                yield line
            last = line
        else:
            goes_on = False
