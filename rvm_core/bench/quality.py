"""Error, time and memory of each model and level beside its official use, frame by frame in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.bench import footage, memory, metrics
from rvm_core.bench.frame import Frame, Picture
from rvm_core.errors import RvmError, SettingsError
from rvm_core.matting import Matting
from rvm_core.matting.contract import RATIO, STATE_INPUTS, STATE_OUTPUTS
from rvm_core.matting.mediapipe import converted
from rvm_core.matting.session import bare_session
from rvm_core.matting.size import BUDGET_PX, resized
from rvm_core.models import ensure, entries, entry


class Seen(NamedTuple):
    """What a method makes of a picture of [H, W].

    alpha: float32 [H, W] 0..1.  foreground: [H, W, 3], the person's own colour, straight sRGB, uint8 or
    float32 0..1 as the method has it.
    """

    alpha: NDArray[np.float32]
    foreground: NDArray[Any]


Step = Callable[[NDArray[np.uint8]], Seen]

MODEL = "rvm_mobilenetv3"
RATIOS = {"official auto": 0.0, "official 0.5": 0.5}
"""Rows of RVM's official graph: its downsample ratio; 0 is its own advice, 512 / longer side, at most 1."""
RAW = "raw"
"""The row of a MediaPipe model as its authors use it: the whole picture in, its mask enlarged."""
_AS_PUBLISHED: Mapping[str, tuple[str, ...]] = {"rvm": tuple(RATIOS), "mediapipe": (RAW,)}

_FRAMES_FOR_MEMORY = 4


@dataclass(frozen=True)
class Row:
    """One method on one clip under one condition.

    Errors as in ``metrics``, the mean over the frames; *_worst: the worst single frame.
    colour: None where the true colours are not known.
    cpu_ms: of one thread, the median frame.  peak_mb: as in ``memory``, over a few of the first picture of
    this size; None where the system does not tell.
    """

    clip: str
    condition: str
    method: str
    mad: float
    mse: float
    grad: float
    conn: float
    dtssd: float
    room_shown: float
    room_shown_worst: float
    person_lost: float
    person_lost_worst: float
    colour: float | None
    cpu_ms: float
    peak_mb: float | None


_ERRORS = (
    metrics.mad,
    metrics.mse,
    metrics.grad,
    metrics.conn,
    metrics.room_shown,
    metrics.person_lost,
)


@dataclass
class Record:
    """What one method did so far."""

    step: Step
    errors: list[list[float]] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    colours: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    alpha: NDArray[np.float32] | None = None

    def take(self, frame: Frame, before: Frame | None) -> None:
        """Show the method the next frame; `before` is the one that it saw last."""
        true = frame.alpha
        started = time.thread_time()
        alpha, foreground = self.step(frame.picture)
        self.cpu_ms.append(1e3 * (time.thread_time() - started))
        self.errors.append([measure(alpha, true) for measure in _ERRORS])
        if self.alpha is not None and before is not None:
            self.changes.append(metrics.dtssd(alpha, true, self.alpha, before.alpha))
        if frame.foreground is not None:
            colour = metrics.colour(unit(foreground), frame.foreground, alpha, true)
            self.colours += [] if np.isnan(colour) else [colour]
        self.alpha = alpha


def rows(
    folders: Sequence[Path],
    conditions: Sequence[str],
    levels: Sequence[str],
    limit: int,
    models: Sequence[str] = (MODEL,),
) -> Iterator[Row]:
    """Every method on every clip of `folders` under each of `conditions`, over its first `limit` frames.

    Methods: of each of `models` what its authors publish, and its `levels`.

    All methods take each frame in turn, so that whatever else the computer does falls on all of them.
    Raises RvmError for a folder without clips or a clip without the plate that a condition needs,
    SettingsError, ModelMissing.
    """
    known(levels)
    known(conditions, "condition", footage.ALL_CONDITIONS)
    peaks: dict[tuple[str, tuple[int, ...]], float | None] = {}
    for condition in conditions:
        for name, clip in footage.clips(*folders).items():
            plate = footage.plate(clip)
            found = methods(models, levels)
            records = {title: Record(method(*one, plate)) for title, one in found.items()}
            picture = play(footage.frames(clip, condition, limit), records)
            for title, record in records.items():
                place = title, picture.shape
                if place not in peaks:
                    peaks[place] = memory.grown_mb(_a_few, *found[title], picture, plate)
                yield row(name, condition, title, record, peaks[place])


class Method(NamedTuple):
    """label: a key of RATIOS, RAW, or one of our levels.  model: a name of the registry."""

    label: str
    model: str


def methods(models: Sequence[str], levels: Sequence[str]) -> dict[str, Method]:
    """The methods to be compared, by a title for people.  Raises ModelError for an unknown model."""
    found = {}
    for model in models:
        for label in (*_AS_PUBLISHED.get(entry(model).method, ()), *levels):
            found[label if len(models) == 1 else f"{model} {label}"] = Method(label, model)
    return found


def ready_models() -> tuple[str, ...]:
    """The models whose files are on this computer."""
    return tuple(name for name, one in entries().items() if one.path.is_file())


def row(clip: str, condition: str, label: str, record: Record, peak_mb: float | None = None) -> Row:
    """What `record` comes to."""
    errors = np.array(record.errors)
    mad, mse, grad, conn, room_shown, person_lost = (round(float(mean), 2) for mean in errors.mean(axis=0))
    *_, worst_shown, worst_lost = (round(float(most), 2) for most in errors.max(axis=0))
    return Row(
        clip=clip,
        condition=condition,
        method=label,
        mad=mad,
        mse=mse,
        grad=grad,
        conn=conn,
        dtssd=round(float(np.mean(record.changes)), 2),
        room_shown=room_shown,
        room_shown_worst=worst_shown,
        person_lost=person_lost,
        person_lost_worst=worst_lost,
        colour=round(float(np.mean(record.colours)), 2) if record.colours else None,
        cpu_ms=round(float(np.median(record.cpu_ms)), 2),
        peak_mb=None if peak_mb is None else round(peak_mb, 1),
    )


def play(frames: Iterator[Frame], records: Mapping[str, Record]) -> Picture:
    """Every frame through every method, in turns, on one thread; the last picture."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        before: Frame | None = None
        for frame in frames:
            for record in records.values():
                record.take(frame, before)
            before = frame
    finally:
        cv2.setNumThreads(threads)
    if before is None:
        raise RvmError("The clip has no frame.", "Name a folder of whole clips.")
    return before.picture


def _a_few(label: str, model: str, picture: Picture, plate: Picture | None) -> None:
    step = method(label, model, plate)
    for _ in range(_FRAMES_FOR_MEMORY):
        step(picture)


def method(label: str, model: str = MODEL, plate: Picture | None = None) -> Step:
    """A method by its label, as for ``Method``; `plate` for a model that needs one.  Raises ModelMissing."""
    if label == RAW:
        return raw(model)
    return official(RATIOS[label], model) if label in RATIOS else _ours(label, model, plate)


def _ours(level: str, model: str, plate: Picture | None) -> Step:
    engine = Matting(model, level, "cpu", 1, plate=plate)

    def step(picture: NDArray[np.uint8]) -> Seen:
        matte = engine.step(picture)
        return Seen(matte.alpha, matte.foreground)

    return step


def unit(colour: NDArray[Any]) -> NDArray[np.float32]:
    """A foreground of ``Seen`` as float32 0..1."""
    scale = 255 if colour.dtype == np.uint8 else 1
    return np.asarray(colour / np.float32(scale), np.float32)


def known(names: Sequence[str], kind: str = "level", all_names: Collection[str] = BUDGET_PX) -> Sequence[str]:
    """`names`, which are all among `all_names`; raises SettingsError otherwise."""
    unknown = sorted(set(names) - set(all_names))
    if unknown:
        raise SettingsError(f"There is no {kind} {unknown[0]!r}.", f"Use: {', '.join(all_names)}.")
    return names


def official(ratio: float, model: str = MODEL) -> Step:
    """RVM's own graph as its authors use it: the whole picture in, all of its size out; one thread."""
    session = bare_session(ensure(model, download=False), threads=1)
    state: dict[str, Any] = dict.fromkeys(STATE_INPUTS, np.zeros((1, 1, 1, 1), np.float32))

    def step(picture: NDArray[np.uint8]) -> Seen:
        source = picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
        used = ratio or min(512 / max(picture.shape[:2]), 1.0)
        foreground, alpha, *after = session.run(
            ["fgr", "pha", *STATE_OUTPUTS],
            {"src": source, **state, RATIO: np.array([used], np.float32)},
        )
        state.update(zip(STATE_INPUTS, after, strict=True))
        return Seen(np.asarray(alpha[0, 0]), np.asarray(foreground[0]).transpose(1, 2, 0))

    return step


def raw(model: str) -> Step:
    """A MediaPipe model as its authors use it: the whole picture shrunk, the mask enlarged; one thread."""
    session = bare_session(converted(ensure(model, download=False)), threads=1)
    *_, tall, wide = session.get_inputs()[0].shape

    def step(picture: NDArray[np.uint8]) -> Seen:
        shrunk = resized(picture, (wide, tall)).transpose(2, 0, 1)[None].astype(np.float32) / 255
        (alpha,) = session.run(None, {"src": shrunk})
        return Seen(resized(alpha[0, 0], (picture.shape[1], picture.shape[0])), picture)

    return step
