"""What a filter is doing: for its properties, for the log, and for those who look from outside."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from rvm_core.errors import RvmError
from rvm_core.libobs import api, log
from rvm_core.obs_filter import details
from rvm_core.obs_filter.language import sentences, told, tr
from rvm_core.obs_filter.refreshing import Refresher
from rvm_core.obs_filter.state import TIMINGS
from rvm_core.outside import Report

if TYPE_CHECKING:
    from rvm_core.matting import MattingInfo
    from rvm_core.obs_filter.instance import Instance

_WINDOW_S = 3.0  # mattes per second are counted over so long
_MERE_NOTES = {"capture", "choice", "refusal", "wish"}
"""What was wished for and came to nothing, while what was there goes on."""


class Status:
    """Written by the worker; read by anybody."""

    def __init__(self, instance: Instance) -> None:
        self.problems: dict[str, RvmError] = {}
        self._last_problem = ""
        self._left_out: tuple[str, ...] = ()
        self._happening = ""
        self._instance = instance
        self._info: MattingInfo | None = None
        self._sizes = (0, 0, 0, 0)
        self._mattes = 0
        self._matte_ms: deque[float] = deque(maxlen=TIMINGS)
        self._result_ms: deque[float] = deque(maxlen=TIMINGS)
        self._done: deque[float] = deque(maxlen=TIMINGS)
        self._resets: deque[dict[str, Any]] = deque(maxlen=100)
        self._report = Report()
        self._refresher = Refresher(self._rebuild)

    @property
    def blocks(self) -> bool:
        """Whether something makes matting impossible; an unreadable background does not."""
        return bool(self.problems.keys() & {"engine", "shader"})

    @property
    def _hides(self) -> bool:
        """Whether viewers see what they see after a failure."""
        return bool(self.problems.keys() - _MERE_NOTES)

    def forget_problems(self) -> None:
        """Before a new try; what lasts is reported again."""
        for part in ("engine", "worker", "background", "clean_plate", *_MERE_NOTES):
            self.problems.pop(part, None)

    def report(self, part: str, problem: RvmError) -> None:
        """A failure: said once in the log, shown in the properties until it is solved."""
        if str(self.problems.get(part)) == str(problem):
            return
        self.problems[part], self._last_problem = problem, problem.problem
        log.error(f"'{self._instance.name}': {problem}")
        self._changed()

    def solved(self, part: str) -> None:
        """The failure of `part`, if there was one, is over."""
        if self.problems.pop(part, None) is not None:
            self._changed()

    def has(self, part: str) -> bool:
        """Whether `part` has failed."""
        return part in self.problems

    def happening(self, text: str) -> None:
        """What is going on beside the matting, for people; empty when nothing is."""
        if text != self._happening:
            self._happening = text
            self._changed()

    def engine_loaded(self, info: MattingInfo, left_out: tuple[str, ...] = ()) -> None:
        """A model is ready; `left_out` names the providers that do not run it, and why."""
        self._info, self._left_out = info, left_out
        self._changed()

    def room_made(self, width: int, height: int, internal_width: int, internal_height: int) -> None:
        """Pictures of a size are expected."""
        self._sizes = (width, height, internal_width, internal_height)
        self._changed()

    def matte_done(self, network_ms: float, captured_ns: int) -> None:
        """A result was published."""
        self._mattes += 1
        self._matte_ms.append(network_ms)
        self._result_ms.append((api.function("os_gettime_ns")() - captured_ns) * 1e-6)
        self._done.append(time.monotonic())

    def reset_happened(self, epoch: int, reason: str) -> None:
        """The recurrent state began anew."""
        self._resets.append({"epoch": epoch, "reason": reason})

    def snapshot(self) -> dict[str, Any]:
        """Everything, as plain values for JSON."""
        record = self._instance.record
        parts = sorted(self.problems, key=lambda part: part in _MERE_NOTES)
        problem = self.problems.get(parts[0]) if parts else None
        rendered = int(record["render_count"][0])
        since = time.monotonic() - _WINDOW_S
        recent = sum(moment > since for moment in list(self._done))
        return {
            "process": os.getpid(),
            "filter": self._instance.name,
            "source": self._instance.source_name,
            "state": "failed" if self._hides else "running" if self._mattes else "loading",
            "problem": problem.problem if problem else "",
            "remedy": problem.remedy if problem else "",
            "last_problem": self._last_problem,
            "model": self._info.model if self._info else "",
            "provider": self._info.provider if self._info else "",
            "left_out": list(self._left_out),
            "threads": self._info.threads if self._info else 0,
            "level": self._info.level if self._info else "",
            "source_width": self._sizes[0],
            "source_height": self._sizes[1],
            "internal_width": self._sizes[2],
            "internal_height": self._sizes[3],
            "latency": "lowest" if record["lowest_latency"][0] else "aligned",
            "mattes": self._mattes,
            "mattes_per_second": round(recent / _WINDOW_S, 2),
            **_percentiles("matte_ms", self._matte_ms, 50, 95),
            **_percentiles("capture_to_result_ms", self._result_ms, 50, 95),
            **_percentiles("capture_to_screen_ms", self._lags("lag_ms"), 50, 95),
            **_percentiles("lag_frames", self._lags("lag_frames"), 50, 95),
            "latency_ms": self.latency_ms(),
            **_percentiles("render_ms", record["render_us"][0, : min(rendered, TIMINGS)] * 1e-3, 50, 99),
            "frames_rendered": int(record["frames_rendered"][0]),
            "frames_captured": int(record["frames_captured"][0]),
            "frames_dropped": int(record["frames_dropped"][0]),
            "results_shown": int(record["results_shown"][0]),
            "results_stale": int(record["results_stale"][0]),
            "epoch": int(record["epoch"][0]),
            "resets": list(self._resets),
        }

    def line(self) -> tuple[str, bool]:
        """(one text for the properties, whether there is a problem).  Any thread but the graphics thread."""
        texts = [self._happening, *map(sentences, list(self.problems.values()))]
        texts = [text for text in texts if text]
        if self._info is not None and not self._hides:
            texts.append(self._what_runs(self._info))
        return " ".join(texts) or tr("The model is being loaded."), bool(self.problems)

    def rows(self) -> tuple[details.Row, ...]:
        """What the properties tell, at most eleven short rows, where somebody wants to know more.

        Any thread but the graphics thread.
        """
        return details.rows(self.snapshot())

    def details(self) -> list[str]:
        """:meth:`rows`, each as one line."""
        return [f"{label}: {text}" for label, text in self.rows()]

    def latency_ms(self) -> float:
        """How much later the picture is for the filter: the median from capture to screen.

        0 while nothing is known, and where the newest picture is shown at once.  Any thread.
        """
        lags = self._lags("lag_ms")
        is_late = len(lags) > 0 and not self._instance.record["lowest_latency"][0]
        return round(float(np.median(lags)), 2) if is_late else 0.0

    def refresh(
        self, has_rows: bool, settings_changed: bool, mark: Callable[[], Hashable] | None = None
    ) -> None:
        """Each turn of the worker: keep an open window true.

        has_rows: whether it shows :meth:`rows`.  mark: gives what else it shows that changes by itself.
        settings_changed: since the last turn.  The window then rests a while, and so does the user's hand.
        """

        def shown() -> Hashable:
            return self.rows() if has_rows else (), mark() if mark else None

        is_wanted = has_rows or mark is not None
        self._refresher.turn(shown, is_wanted=is_wanted, settings_changed=settings_changed)

    def write_sometimes(self) -> None:
        """Show :meth:`snapshot` to those outside who ask, once a second.  The worker."""
        self._report.write_sometimes(self.snapshot)

    def write(self) -> None:
        """Show it now."""
        self._report.write(self.snapshot)

    def remove_file(self) -> None:
        """The filter is gone, and its file with it."""
        self._report.remove()

    def _what_runs(self, info: MattingInfo) -> str:
        width, height, internal_width, internal_height = self._sizes
        what = {"model": info.model, "provider": info.provider, "level": info.level}
        sizes = {"small": f"{internal_width}x{internal_height}", "whole": f"{width}x{height}"}
        if not width:
            text = tr("{model} on {provider}, {level}.", **what)
        elif not self._matte_ms:
            text = tr("{model} on {provider}, {level}: {small} for {whole}.", **what, **sizes)
        else:
            ms = f"{np.median(list(self._matte_ms)):.0f}"
            text = tr(
                "{model} on {provider}, {level}: {small} for {whole}, {ms} ms a matte.",
                **what,
                **sizes,
                ms=ms,
            )
        if self._left_out and not self.problems:  # a problem says it already
            text += " " + tr("Left out: {what}.", what="; ".join(map(told, self._left_out)))
        return text

    def _lags(self, field: str) -> Any:
        """Of the last results that came on screen, in whatever order."""
        record = self._instance.record
        return record[field][0, : min(int(record["results_shown"][0]), TIMINGS)]

    def _changed(self) -> None:
        self._report.hurry()
        self._rebuild()

    def _rebuild(self) -> None:
        self._instance.update_properties()


def _percentiles(name: str, values: Any, low: int, high: int) -> dict[str, float]:
    values = list(values)  # at once: the worker goes on
    found = np.percentile(values, (low, high)) if values else (0.0, 0.0)
    return {f"{name}_p{low}": round(float(found[0]), 2), f"{name}_p{high}": round(float(found[1]), 2)}
