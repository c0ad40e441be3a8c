"""Error and cost of each quality level beside the official graph, frame by frame in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.bench import footage, metrics
from rvm_core.errors import SettingsError
from rvm_core.matting import Matting
from rvm_core.matting.session import STATE_INPUTS, STATE_OUTPUTS, bare_session
from rvm_core.matting.size import BUDGET_PX
from rvm_core.models import ensure

Step = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

MODEL = "rvm_mobilenetv3"
RATIOS = {"official auto": 0.0, "official 0.5": 0.5}
"""Rows of the official graph: its downsample ratio; 0 is its own advice, 512 / longer side, at most 1."""


@dataclass(frozen=True)
class Row:
    """One method on one clip under one condition.

    Errors as in ``metrics``, the mean over the frames; cpu_ms: of one thread, the median frame.
    """

    clip: str
    condition: str
    method: str
    mad: float
    mse: float
    grad: float
    conn: float
    dtssd: float
    cpu_ms: float


@dataclass
class _Seen:
    """What one method did so far."""

    step: Step
    errors: list[list[float]] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    before: NDArray[np.float32] | None = None


def rows(folder: Path, conditions: Sequence[str], levels: Sequence[str], limit: int) -> Iterator[Row]:
    """Every method on every clip of `folder` under each of `conditions`, over its first `limit` frames.

    All methods take each frame in turn, so that whatever else the computer does falls on all of them.
    Raises RvmError for a folder without clips, SettingsError, ModelMissing.
    """
    for kind, asked, known in (("condition", conditions, footage.CONDITIONS), ("level", levels, BUDGET_PX)):
        unknown = sorted(set(asked) - set(known))
        if unknown:
            raise SettingsError(f"There is no {kind} {unknown[0]!r}.", f"Use: {', '.join(known)}.")
    for condition in conditions:
        for name, clip in footage.clips(folder).items():
            seen = {label: _Seen(step) for label, step in _methods(levels).items()}
            _play(footage.frames(clip, condition, limit), seen)
            for label, one in seen.items():
                errors = np.mean(one.errors, axis=0)
                yield Row(
                    name,
                    condition,
                    label,
                    *(round(float(v), 2) for v in (*errors, np.mean(one.changes), np.median(one.cpu_ms))),
                )


def _play(frames: Iterator[footage.Frame], seen: Mapping[str, _Seen]) -> None:
    true_before: NDArray[np.float32] | None = None
    for picture, true in frames:
        for one in seen.values():
            started = time.thread_time()
            alpha = one.step(picture)
            one.cpu_ms.append(1e3 * (time.thread_time() - started))
            one.errors.append(
                [measure(alpha, true) for measure in (metrics.mad, metrics.mse, metrics.grad, metrics.conn)]
            )
            if one.before is not None and true_before is not None:
                one.changes.append(metrics.dtssd(alpha, true, one.before, true_before))
            one.before = alpha
        true_before = true


def _methods(levels: Sequence[str]) -> dict[str, Step]:
    methods = {label: official(ratio) for label, ratio in RATIOS.items()}
    return methods | {level: _ours(level) for level in levels}


def _ours(level: str) -> Step:
    engine = Matting(MODEL, level, "cpu", 1)
    return lambda picture: engine.step(picture).alpha


def official(ratio: float) -> Step:
    """RVM's own graph as its authors use it: the whole picture in, alpha of its size out; one thread."""
    session = bare_session(ensure(MODEL, download=False).read_bytes(), threads=1)
    state: dict[str, Any] = dict.fromkeys(STATE_INPUTS, np.zeros((1, 1, 1, 1), np.float32))

    def step(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        source = picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
        used = ratio or min(512 / max(picture.shape[:2]), 1.0)
        alpha, *after = session.run(
            ["pha", *STATE_OUTPUTS],
            {"src": source, **state, "downsample_ratio": np.array([used], np.float32)},
        )
        state.update(zip(STATE_INPUTS, after, strict=True))
        return np.asarray(alpha[0, 0])

    return step
