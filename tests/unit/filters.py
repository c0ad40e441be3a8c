"""A filter without OBS, as far as its status has to do with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from rvm_core.errors import ModelMissing
from rvm_core.matting import MattingInfo
from rvm_core.obs_filter.state import STATE, TIMINGS
from rvm_core.obs_filter.status import Status

INFO = MattingInfo("rvm_mobilenetv3", "cpu", 2, "balanced")
MISSING = ModelMissing(
    "The model rvm_resnet50 is not on this computer.", "Run: obs-rvm models get rvm_resnet50"
)


class Filter:
    """The instance as far as its status has to do with it."""

    name = "Matte"
    source_name = "Camera"

    def __init__(self) -> None:
        self.record = np.zeros(1, STATE)
        self.rebuilt = 0

    def function(self, name: str) -> Any:
        return {
            "blog": lambda *_: None,
            "os_gettime_ns": lambda: 60_000_000,
        }[name]

    def update_properties(self) -> None:
        """See ``Instance.update_properties``."""
        self.rebuilt += 1

    def show(self, ms: float, frames: float) -> None:
        """A result came on screen so late."""
        record = self.record
        at = int(record["results_shown"][0]) % TIMINGS
        record["lag_ms"][0, at], record["lag_frames"][0, at] = ms, frames
        record["results_shown"][0] += 1


def at_work(one: Filter, status: Status, mattes: int = 90) -> Status:
    """`status` of a filter that has run for three seconds."""
    status.engine_loaded(INFO)
    status.room_made(1280, 720, 512, 288)
    for _ in range(mattes):
        status.matte_done(14.0, 0)
        one.show(67.0, 2.0)
    one.record["frames_captured"], one.record["frames_dropped"] = 100, 4
    status.reset_happened(1, "source shown, picture size")
    status.reset_happened(2, "scene switch")
    return status
