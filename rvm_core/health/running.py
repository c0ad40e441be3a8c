"""What filters at work answer when they are asked from outside, in plain words."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rvm_core import outside, paths
from rvm_core.health.finding import Finding, Subject

ABOUT = Subject("filters")
WAIT_S = 2.5
"""A filter looks once a second whether it is asked, between two mattes."""
_AGAIN = "Start OBS again."


@dataclass(frozen=True)
class Running:
    """processes: those that have the filter.  filters: what each of their filters answered."""

    processes: tuple[int, ...] = ()
    filters: tuple[Mapping[str, Any], ...] = ()

    def findings(self) -> Iterator[Finding]:
        """One for each filter, and for each process that is not as it should be."""
        if not self.processes and not self.filters:
            yield ABOUT.good("no filter is running")
        for one in self.filters:
            try:
                yield _of_filter(one)
            except (LookupError, TypeError, ValueError):
                yield ABOUT.problem(
                    f"A filter of another version of obs-rvm runs (process {one['process']}).", _AGAIN
                )
        answered = {one["process"] for one in self.filters}
        for process in self.processes:
            if process not in answered:
                yield ABOUT.note(
                    f"OBS runs (process {process}), but no filter of it answers.",
                    "If a source has the filter, start OBS again: it hangs.",
                )
            if _is_older(process):
                yield ABOUT.problem(f"OBS (process {process}) still runs what was installed before.", _AGAIN)


def asked() -> Running:
    """Ask every filter; what came within WAIT_S, at once where no process has the filter."""
    if not outside.processes():
        return Running()
    since = 0.0
    with suppress(OSError):  # then those answer that write anyway
        since = outside.ask()
        time.sleep(WAIT_S)
    living = outside.processes()
    found = outside.reports(since)
    return Running(living, tuple(one for one in found if one.get("process") in living))


def _is_older(process: int) -> bool:
    """Whether the filter came into that process before the environment was last made anew."""
    with suppress(OSError):
        return outside.mark_file(process).stat().st_mtime < paths.environment_marker_file().stat().st_mtime
    return False


def _of_filter(status: Mapping[str, Any]) -> Finding:
    whose = f"'{status['filter']}' on '{status['source']}' (process {status['process']})"
    told = f"{whose}: {status['state']}"
    rows = [f"{name:10} {text}" for name, text in _rows(status)]
    if status["problem"]:
        return ABOUT.problem(f"{told}. {status['problem']}", str(status["remedy"]), *rows)
    return ABOUT.good(told, *rows)


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
    if status["last_problem"] and not status["problem"]:
        yield "over", status["last_problem"]


def _resets(resets: Sequence[Mapping[str, Any]]) -> str:
    return f"{resets[-1]['epoch']}, the last: {resets[-1]['reason']}" if resets else "none"
