"""What a filter is doing: for its properties, for the log, and as a file for those who look from outside."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from rvm_core import paths
from rvm_core.errors import RvmError
from rvm_core.libobs import api, log
from rvm_core.obs_filter.state import TIMINGS

if TYPE_CHECKING:
    from pathlib import Path

    from rvm_core.matting import MattingInfo
    from rvm_core.obs_filter.instance import Instance

_WRITE_EVERY_S = 1.0
_WINDOW_S = 3.0  # mattes per second are counted over so long
_numbers = itertools.count(1)
_MERE_NOTES = {"capture", "choice", "refusal", "wish"}
"""What was wished for and came to nothing, while what was there goes on."""


class Status:
    """Written by the worker; read by anybody."""

    def __init__(self, instance: Instance) -> None:
        self.problems: dict[str, RvmError] = {}
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
        self._written = 0.0
        folder = paths.status_dir()
        self._file: Path | None = folder / f"{os.getpid()}-{next(_numbers)}.json" if folder else None

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
        self.problems[part] = problem
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
        parent = api.function("obs_filter_get_parent")(self._instance.source)
        parent_name = api.function("obs_source_get_name")(parent) if parent else None
        parts = sorted(self.problems, key=lambda part: part in _MERE_NOTES)
        problem = self.problems.get(parts[0]) if parts else None
        rendered = int(record["render_count"][0])
        shown = int(record["results_shown"][0])
        since = time.monotonic() - _WINDOW_S
        recent = sum(moment > since for moment in list(self._done))
        return {
            "filter": self._instance.name,
            "source": parent_name.decode(errors="replace") if parent_name else "",
            "state": "failed" if self._hides else "running" if self._mattes else "loading",
            "problem": problem.problem if problem else "",
            "remedy": problem.remedy if problem else "",
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
            **_percentiles("capture_to_screen_ms", record["lag_ms"][0, : min(shown, TIMINGS)], 50, 95),
            **_percentiles("lag_frames", record["lag_frames"][0, : min(shown, TIMINGS)], 50, 95),
            **_percentiles("render_ms", record["render_us"][0, : min(rendered, TIMINGS)] * 1e-3, 50, 99),
            "frames_rendered": int(record["frames_rendered"][0]),
            "frames_captured": int(record["frames_captured"][0]),
            "frames_dropped": int(record["frames_dropped"][0]),
            "results_shown": shown,
            "results_stale": int(record["results_stale"][0]),
            "epoch": int(record["epoch"][0]),
            "resets": list(self._resets),
        }

    def line(self) -> tuple[str, bool]:
        """(one text for the properties, whether there is a problem)."""
        texts = [self._happening, *(str(problem) for problem in list(self.problems.values()))]
        texts = [text for text in texts if text]
        if self._info is not None and not self._hides:
            texts.append(self._what_runs(self._info))
        return " ".join(texts) or "The model is being loaded.", bool(self.problems)

    def _what_runs(self, info: MattingInfo) -> str:
        width, height, internal_width, internal_height = self._sizes
        text = f"{info.model} on {info.provider}, {info.level}"
        if width:
            text += f": {internal_width}x{internal_height} for {width}x{height}"
        if self._matte_ms:
            text += f", {np.median(self._matte_ms):.0f} ms a matte"
        if self._left_out and not self.problems:  # a problem says it already
            text += f". Left out: {'; '.join(self._left_out)}"
        return text + "."

    def write_sometimes(self) -> None:
        """Write the file if a second has passed."""
        if time.monotonic() - self._written >= _WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write the file if there is one."""
        self._written = time.monotonic()
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        staged = self._file.with_suffix(".part")
        staged.write_text(json.dumps(self.snapshot(), indent=1), encoding="utf-8")
        staged.replace(self._file)

    def remove_file(self) -> None:
        """The filter is gone, and its file with it."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _changed(self) -> None:
        self._written = 0.0
        api.function("obs_source_update_properties")(self._instance.source)


def _percentiles(name: str, values: Any, low: int, high: int) -> dict[str, float]:
    found = np.percentile(values, (low, high)) if len(values) else (0.0, 0.0)
    return {f"{name}_p{low}": round(float(found[0]), 2), f"{name}_p{high}": round(float(found[1]), 2)}
