"""A video file in, a video file out: every stage in a thread of its own, in order, a few pictures ahead."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core import plates
from rvm_core.errors import PlateError, VideoError
from rvm_core.matting import Matting
from rvm_core.settings import Settings
from rvm_core.video import formats, staging
from rvm_core.video.background import Background, open_background
from rvm_core.video.overlap import Stages
from rvm_core.video.render import Renderer
from rvm_core.video.scale import scaled
from rvm_core.video.shots import Matted, Shots
from rvm_core.video.source import Passed, Source
from rvm_core.video.target import Target

_AHEAD = 3
"""Pictures that wait between two stages: enough for a slow one not to stop the others."""
_TELL_EVERY_S = 0.25
FILE_QUALITY = "fine"
"""What ``auto`` means for a file, which waits for its mattes."""


@dataclass(frozen=True)
class Progress:
    """How far a file is.  expected: pictures in all, 0 if not known.  seconds: of the output, so far."""

    frames: int
    expected: int
    seconds: float
    elapsed_s: float

    @property
    def fps(self) -> float:
        """Pictures a second, since the start."""
        return self.frames / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def speed(self) -> float:
        """Seconds of video in a second."""
        return self.seconds / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds that are left; None while that is not known."""
        if not self.frames or not self.expected:
            return None
        return max(self.expected - self.frames, 0) * self.elapsed_s / self.frames


@dataclass(frozen=True)
class Converted:
    """What became of one file.

    frames, seconds: of the output.  fps, speed: pictures, and seconds of video, a second of work.
    matte_ms: of one matte, the mean.  model, provider, level: what really ran.
    is_complete: False where the input was damaged, and only what could be read was kept.
    """

    input: str
    output: str
    width: int
    height: int
    frames: int
    seconds: float
    elapsed_s: float
    fps: float
    speed: float
    matte_ms: float
    model: str
    provider: str
    level: str
    codec: str
    is_complete: bool
    warnings: tuple[str, ...]


def replace_background(
    input: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    codec: str = "auto",
    crf: int | None = None,
    start: float = 0.0,
    end: float | None = None,
    scale: str | None = None,
    two_pass: bool = False,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **settings: Any,
) -> Converted:
    """Remove, replace or blur the background of the video `input`, and write `output`.

    settings: keys of the schema, as in ``mode="blur", blur_strength=0.7``; the default mode is transparent.
    output: its name says the kind of file (:mod:`rvm_core.video.formats`); one with a number's place, such as
    ``frames/%05d.png``, is a sequence.  It appears when it is complete: whatever happens before, what stood
    there stays.
    codec: ``auto`` or a key of ``formats.CODECS``.  crf: quality of codecs that have one, smaller is better.
    start, end: the part that is read, seconds.  scale: see :func:`rvm_core.video.scale.scaled`.
    two_pass: the start of each shot is seen from back to front before its first matte.
    overwrite: replace what stands there.
    progress: called some times a second, in the caller's thread; what it raises ends the work.

    Any thread; it returns when the file is there.  Sound, subtitles, chapters and metadata come along.
    Raises VideoError, BackgroundError, PlateError, SettingsError, and what ``Matting`` raises.
    """
    source_path, target = Path(input).expanduser(), Path(output).expanduser()
    wanted = Settings.for_file(settings)
    _check_times(start, end)
    staging.check(target, overwrite=overwrite)
    with Source(source_path, start, end) as source:
        if target.exists() and target.samefile(source_path):
            raise VideoError("Input and output are the same file.", "Name another output.")
        made_as = formats.choose(target, codec, crf, has_alpha=wanted.has_alpha, is_deep=source.is_deep)
        if scale is not None:
            source.scale_to(*scaled(scale, source.width, source.height, even=made_as.needs_even_sides))
        elif made_as.needs_even_sides:
            source.crop_to_even()
        background = open_background(wanted, source.width, source.height, source.pixel_aspect)
        with (
            contextlib.closing(background) if background else contextlib.nullcontext(),
            _engine(wanted) as engine,
            staging.staged(target, overwrite=overwrite) as stage,
        ):
            job = _Job(source, Target(stage, made_as, source), engine, wanted, background, two_pass)
            job.run(progress)
            return job.result(source_path, target, made_as)


class _Job:
    """One file on its way.  One thread."""

    def __init__(
        self,
        source: Source,
        target: Target,
        engine: Matting,
        settings: Settings,
        background: Background | None,
        two_pass: bool,
    ) -> None:
        self._source, self._target, self._engine = source, target, engine
        self._renderer = Renderer(settings, background)
        seen = round(source.width * source.pixel_aspect), source.height
        self._shots = Shots(engine, engine.internal_size(*seen), two_pass=two_pass)
        self._frames, self._seconds = 0, 0.0
        self._started = time.monotonic()

    def run(self, progress: Callable[[Progress], None] | None) -> None:
        """Everything, to the end of the file."""
        told = self._started
        try:
            with Stages(_AHEAD) as stages:
                items = stages.ahead(self._source.items())
                seen = stages.ahead(self._shots.shrunk(items))
                mattes = stages.ahead(self._shots.matted(seen))
                for item in stages.ahead(self._rendered(mattes)):
                    if isinstance(item, Passed):
                        self._target.copy(item.packet)
                        continue
                    self._target.write(*item)
                    self._frames += 1
                    self._seconds = float(item[1] + 1 / self._source.rate)
                    now = time.monotonic()
                    if progress is not None and now - told >= _TELL_EVERY_S:
                        told = now
                        progress(self._progress())
            self._target.finish()
        except BaseException:
            self._target.abandon()
            raise
        if progress is not None:
            progress(self._progress())

    def _rendered(self, items: Iterator[Matted | Passed]) -> Iterator[tuple[Any, Fraction] | Passed]:
        for item in items:
            if isinstance(item, Passed):
                yield item
            else:
                yield self._target.frame(self._renderer.render(item)), item.picture.time

    def _progress(self) -> Progress:
        elapsed_s = time.monotonic() - self._started
        return Progress(self._frames, self._source.frames, self._seconds, elapsed_s)

    def result(self, source_path: Path, target: Path, made_as: formats.Format) -> Converted:
        """What became of it."""
        last, info = self._progress(), self._engine.info
        official = [f"The slower official graph runs: {info.why_official}."] if info.why_official else []
        return Converted(
            input=str(source_path),
            output=str(target),
            width=self._source.width,
            height=self._source.height,
            frames=last.frames,
            seconds=round(last.seconds, 3),
            elapsed_s=round(last.elapsed_s, 3),
            fps=round(last.fps, 2),
            speed=round(last.speed, 3),
            matte_ms=round(1e3 * self._shots.matte_s / max(self._shots.mattes, 1), 2),
            model=info.model,
            provider=info.provider,
            level=info.level,
            codec=made_as.codec,
            is_complete=self._source.is_complete and not self._target.has_lost_sound,
            warnings=(
                *self._source.warnings,
                *self._target.warnings,
                *made_as.warnings,
                *official,
                *self._shots.warnings,
            ),
        )


def _engine(settings: Settings) -> Matting:
    quality = FILE_QUALITY if settings.quality == "auto" else settings.quality

    def opened() -> Matting:
        return Matting(settings.model, quality, settings.provider, settings.threads)

    engine = opened()
    try:
        if settings.provider == "auto" and engine.provider_trial()(lambda: True):
            engine.close()
            engine = opened()
        if engine.needs_plate:
            engine.use_plate(_plate(settings))
    except BaseException:
        engine.close()
        raise
    return engine


def _plate(settings: Settings) -> NDArray[np.uint8]:
    if not settings.plate:
        raise PlateError(
            f"The model {settings.model} needs a clean plate.",
            "Name a picture of the place without the person as plate.",
        )
    return plates.read(settings.plate)


def _check_times(start: float, end: float | None) -> None:
    if not start >= 0 or (end is not None and not end > start):
        raise VideoError(
            f"The part from {start:g} s to {'the end' if end is None else f'{end:g} s'} is none.",
            "Give a start of 0 or more and an end after it.",
        )
