"""What filters at work answer when they are asked from outside, in plain words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rvm_core import outside

WAIT_S = 2.5
"""A filter looks once a second whether it is asked, between two mattes."""
_POLL_S = 0.1


@dataclass(frozen=True)
class Running:
    """processes: those that have the filter.  filters: what each of their filters answered."""

    processes: tuple[int, ...] = ()
    filters: tuple[Mapping[str, Any], ...] = ()

    def lines(self) -> Iterator[str]:
        """A block for each filter, or one line."""
        if not self.processes and not self.filters:
            yield "filters      no filter is running"
        for one in self.filters:
            try:
                yield from tuple(_block(one))
            except (LookupError, TypeError, ValueError):
                process = one["process"]
                yield f"filter       of another version of obs-rvm (process {process}): start OBS again"
        answered = {one["process"] for one in self.filters}
        for process in self.processes:
            if process not in answered:
                yield f"filters      OBS runs (process {process}), but no filter of it answers"


class Question:
    """Asks every filter as it is made; there is time for other things before :meth:`answers`."""

    def __init__(self) -> None:
        self._processes = outside.processes()
        self._asked, self._last = 0.0, 0.0
        if self._processes:
            with suppress(OSError):  # then those answer that write anyway
                self._asked = outside.ask()
                self._last = time.monotonic() + WAIT_S

    def answers(self) -> Running:
        """What came within WAIT_S; at once where no process has the filter."""
        while time.monotonic() < self._last:
            time.sleep(_POLL_S)
        if not self._processes:
            return Running()
        living = outside.processes()
        found = outside.reports(self._asked)
        return Running(living, tuple(one for one in found if one.get("process") in living))


def _block(status: Mapping[str, Any]) -> Iterator[str]:
    whose = f"'{status['filter']}' on '{status['source']}' (process {status['process']})"
    yield f"filter       {whose}: {status['state']}"
    yield from (f"  {name:10} {text}" for name, text in _rows(status))


def _rows(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if status["model"]:
        threads = f", threads: {status['threads']}" if status["provider"] == "cpu" else ""
        yield "model", f"{status['model']}, {status['level']}, on {status['provider']}{threads}"
    yield from (("left out", clause) for clause in status["left_out"])
    if status["source_width"]:
        small = f"{status['internal_width']}x{status['internal_height']}"
        yield "size", f"{status['source_width']}x{status['source_height']}, the network sees {small}"
    yield "mattes", f"{status['mattes_per_second']:.1f} a second, {status['matte_ms_p50']:.1f} ms each"
    lag = f"{status['lag_frames_p50']:.1f} frames, {status['capture_to_screen_ms_p50']:.0f} ms"
    yield "latency", f"none; the matte trails by {lag}" if status["latency"] == "lowest" else lag
    yield "resets", _resets(status["resets"])
    yield "dropped", f"{status['frames_dropped']} of {status['frames_captured']} pictures"
    if status["problem"]:
        yield "problem", status["problem"]
        yield "remedy", status["remedy"]
    elif status["last_problem"]:
        yield "over", status["last_problem"]


def _resets(resets: Sequence[Mapping[str, Any]]) -> str:
    return f"{resets[-1]['epoch']}, the last: {resets[-1]['reason']}" if resets else "none"
