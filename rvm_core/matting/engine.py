"""From consecutive pictures to mattes, whatever the method."""

from __future__ import annotations

import contextlib
import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import InferenceError, PictureError, PlateError, ProviderError, SettingsError
from rvm_core.interruption import acquired
from rvm_core.kernels.full_size import full_size, small_matte
from rvm_core.kernels.steady import steady
from rvm_core.matting import trials
from rvm_core.matting.methods import open_network
from rvm_core.matting.network import Lane
from rvm_core.matting.pace import Pace
from rvm_core.matting.size import LEVELS, level_for, resized
from rvm_core.models import ensure, entry

_log = logging.getLogger(__name__)

_WARM_RUNS, _TIMED_RUNS = 2, 5
_REHEARSED_SIZE = (1280, 720)


@dataclass(frozen=True)
class Matte:
    """alpha: float32 [H, W], 0 background .. 1 person.
    foreground: uint8 [H, W, 3], the person's own colour, sRGB, straight (not multiplied by alpha)."""

    alpha: NDArray[np.float32]
    foreground: NDArray[np.uint8]


@dataclass(frozen=True)
class MattingInfo:
    """What really runs: registry name, provider, processor threads, quality level.

    why_official: why the model's own graph runs and not the faster one made from it; empty if that does.
    """

    model: str
    provider: str
    threads: int
    level: str
    why_official: str = ""


class Matting:
    """Turns consecutive pictures of one source into mattes.

    model: a name of the registry.  quality: ``auto``, ``fast``, ``balanced`` or ``fine``; ``auto`` times
    the network once per session, then moves with the time that mattes take.  provider: ``auto`` (the
    fastest that has proved itself here) or one of the settings' names.  threads: 0 chooses.
    download: whether a missing or damaged model may be fetched.
    plate: the room without the person, uint8 [H, W, 3] sRGB of any size, for models that need one; it must
    stay as it is.

    An object belongs to one thread at a time; the session behind it is shared.  Raises ModelError,
    ProviderError, SettingsError, and InferenceError when ``auto`` finds that the network does not run.
    """

    def __init__(
        self,
        model: str = "rvm_mobilenetv3",
        quality: str = "auto",
        provider: str = "auto",
        threads: int = 0,
        *,
        download: bool = False,
        plate: NDArray[np.uint8] | None = None,
    ) -> None:
        if quality not in ("auto", *LEVELS):
            raise SettingsError(f"quality cannot be {quality!r}.", f"Use one of: auto, {', '.join(LEVELS)}.")
        file = ensure(model, download=download)
        self._network = open_network(entry(model).method, file, provider, threads)
        self.use_plate(plate)
        self._size: tuple[int, int] | None = None
        self._picture_size: tuple[int, int] | None = None
        self._last: tuple[NDArray[np.uint8], NDArray[np.float32]] | None = None
        level = self._measured_level() if quality == "auto" else quality
        self._pace = Pace(level, self._network.costs) if quality == "auto" else None
        self._missed_frames = 0
        self._sharing = 1.0
        self._is_other_level = False
        session = self._network.call.session
        self.info = MattingInfo(model, session.provider, session.threads, level, self._network.why_official)

    def __enter__(self) -> Matting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the session and the state; nothing else may be called afterwards."""
        self._network.close()

    def rehearse(self) -> None:
        """Matte a picture and forget it: what is slow once is loaded, compiled and allocated then.

        Raises what ``step_internal`` does, but for a missing clean plate.
        """
        width, height = self.internal_size(*_REHEARSED_SIZE)
        with contextlib.suppress(PlateError):
            for grey in (0, 255):
                self.step_internal(np.full((height, width, 4), grey, np.uint8))
        self.reset("rehearsed")

    @property
    def last_ms(self) -> float:
        """Milliseconds that the network ran for the last picture; 0 before the first."""
        return self._network.call.ms

    def call_on(self, lane: Lane) -> None:
        """Call the network on `lane` from here on; from the start it is called where ``step`` is."""
        self._network.call.lane = lane

    @property
    def problem(self) -> str:
        """What hinders a right matte though nothing failed, in a sentence; empty when nothing does."""
        return self._network.problem

    def distrust_provider(self, reason: str) -> ProviderError:
        """Leave out the provider at work from here on, for `reason`; the error that says so."""
        return trials.distrust(self._network.call.session, reason)

    def left_out(self) -> tuple[str, ...]:
        """A clause for each provider of this computer that does not run this model: its name and why."""
        return trials.refusals(self._network.call.session.path)

    def provider_trial(self) -> Callable[[Callable[[], bool]], bool]:
        """Lets the providers prove themselves of which nothing is known; see ``trials.find_faster``.

        To be called on any thread, whatever this object does meanwhile.
        """
        return partial(trials.find_faster, self._network.call.session)

    @property
    def is_doubtful(self) -> bool:
        """Whether the last matte may be wrong for such a reason: better keep the one before a while."""
        return self._network.is_doubtful

    @property
    def needs_plate(self) -> bool:
        """Whether the model mattes only with a clean plate."""
        return self._network.needs_plate

    def use_plate(self, plate: NDArray[np.uint8] | None) -> None:
        """Another clean plate from here on, as for the constructor; None: there is none."""
        self._network.use_plate(plate)

    def internal_size(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) at which the network sees a `width` x `height` picture."""
        return self._network.internal_size(width, height, self.info.level)

    def plate_size(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) of a clean plate that serves a `width` x `height` picture at every level."""
        return self._network.internal_size(width, height, LEVELS[-1])

    def host_missed(self, frames: int) -> None:
        """The program that shows the mattes missed `frames` of its own: ``auto`` may leave it more time."""
        self._missed_frames += frames

    def share(self, mattes: float) -> None:
        """The time from one matte to the next is for so many, those of other filters among them.

        ``auto`` then looks for a level at which each of them gets its part; from the start it is 1.
        """
        self._sharing = mattes

    def reset(self, reason: str) -> None:
        """Forget the pictures before; `reason` goes to the debug log."""
        _log.debug("recurrent state reset: %s", reason)
        self._network.reset()
        self._last = None

    def step(self, rgb: NDArray[np.uint8]) -> Matte:
        """The matte of the next picture, at its own size.

        rgb: uint8 [H, W, 3] sRGB; a new size starts anew by itself.
        The network sees it shrunk by area means; alpha and the colour of edges come up bilinearly,
        sharpened by the picture (:mod:`rvm_core.kernels.full_size`).
        Raises PictureError, PlateError, InferenceError (the state is reset).
        """
        _check_picture(rgb, (3,))
        height, width = rgb.shape[:2]
        if self._picture_size not in (None, (width, height)):
            self.reset(f"the picture is now {width} x {height}")
        self._picture_size = (width, height)
        picture = resized(rgb, self.internal_size(width, height))
        alpha, foreground = self.step_internal(picture)
        matte, detail = small_matte(picture, alpha, foreground, width / picture.shape[1])
        whole_alpha, own_colour = (
            np.empty((height, width), np.float32),
            np.empty((height, width, 3), np.uint8),
        )
        full_size(rgb, matte, detail, whole_alpha, own_colour)
        return Matte(whole_alpha, own_colour)

    def step_internal(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Alpha and foreground of the next picture, which already has the internal size.

        picture: uint8 [h, w, 3|4] sRGB, sides of at least 16; may be a strided view.
        Returns alpha float32 [h, w] 0..1 and foreground float32 [3, h, w] sRGB 0..1, the caller's own.
        Raises PictureError; PlateError while a model that needs a clean plate has none that fits;
        ProviderError when the network cannot be prepared for pictures of a new size;
        InferenceError when it raises or gives NaN or infinity, after which the state is reset.
        """
        _check_picture(picture, (3, 4))
        height, width = picture.shape[:2]
        if min(width, height) < 16:
            raise PictureError(f"The network cannot see {width} x {height}.", "Give at least 16 x 16 pixels.")
        if self._size != (width, height):
            self._take_size(picture)
        try:
            alpha, foreground = self._network.see(picture, None if self._last is None else self._last[0])
        except InferenceError:
            self.reset("the network failed")
            raise
        if self._last is not None:
            steady(picture, *self._last, alpha)
        self._last = (picture[..., :3].copy(), alpha.copy())
        self._watch_pace()
        return alpha, foreground

    def _take_size(self, picture: NDArray[np.uint8]) -> None:
        """Pictures have another size from here on: the same pictures, if the level moved.

        Then the state goes on, and alpha goes on steadily from what it was, as over a still picture.
        """
        height, width = picture.shape[:2]
        goes_on = self._is_other_level and self._last is not None
        self._network.begin((width, height), self.info.level, goes_on=goes_on)
        if goes_on and self._last is not None:
            self._last = (picture[..., :3].copy(), resized(self._last[1], (width, height)))
        else:
            self.reset(f"the network's picture is now {width} x {height}")
        self._is_other_level = False
        self._size = (width, height)

    def _watch_pace(self) -> None:
        """Let ``auto`` choose the level of the pictures to come; ``internal_size`` tells it."""
        if self._pace is not None:
            self._pace.note(self.last_ms * self._sharing, self._missed_frames)
            self._missed_frames = 0
            if self._pace.level != self.info.level:
                _log.info(
                    "auto moves to %s; the last matte took %.1f ms, and %.1f share the time",
                    self._pace.level,
                    self.last_ms,
                    self._sharing,
                )
                self.info = replace(self.info, level=self._pace.level)
                self._is_other_level = True

    def _measured_level(self) -> str:
        """The level that ``auto`` means for this session, timed by its first engine."""
        session = self._network.call.session
        with acquired(session.level_lock):
            if session.level is None:
                times: list[float] = []
                for _ in range(_WARM_RUNS + _TIMED_RUNS):
                    started = time.perf_counter()
                    self._network.probe()
                    times.append((time.perf_counter() - started) * 1000.0)
                ms_at_fast = statistics.median(times[_WARM_RUNS:])
                session.level = level_for(ms_at_fast, self._network.costs)
                _log.info("a matte at the fast level takes %.1f ms: %s", ms_at_fast, session.level)
                self._network.reset()
            return session.level


def _check_picture(picture: NDArray[np.uint8], channels: tuple[int, ...]) -> None:
    right = (
        isinstance(picture, np.ndarray)
        and picture.dtype == np.uint8
        and picture.ndim == 3
        and picture.shape[2] in channels
        and 0 not in picture.shape
    )
    if not right:
        found = (
            f"{picture.dtype} {picture.shape}" if isinstance(picture, np.ndarray) else type(picture).__name__
        )
        raise PictureError(
            f"The picture is {found}.", f"Give uint8 [height, width, {' or '.join(map(str, channels))}]."
        )
