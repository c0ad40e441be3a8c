"""Robust Video Matting on a stream of pictures.

Source: Lin, Yang, Saleemi, Sengupta, Robust High-Resolution Video Matting with Temporal Guidance, 2021.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import InferenceError, PictureError, SettingsError
from rvm_core.kernels.full_size import full_size, small_matte
from rvm_core.kernels.planes import to_planes
from rvm_core.kernels.steady import steady
from rvm_core.matting import session as sessions
from rvm_core.matting.light import Exposure
from rvm_core.matting.pace import Pace
from rvm_core.matting.recurrent import RecurrentState
from rvm_core.matting.size import BUDGET_PX, WHITE, internal_size, level_for, resized
from rvm_core.matting.specialised import specialised
from rvm_core.matting.window import PersonWindow, Window
from rvm_core.models import ensure

_log = logging.getLogger(__name__)

_FAST_SIZE = (256, 144)
_WARM_RUNS, _TIMED_RUNS = 2, 5


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
    processor) or one of the settings' names.  threads: 0 chooses.  download: whether a missing or damaged
    model may be fetched.  lane: runs the call of the network that it is given, if need be on another thread
    or twice at a time; None: here.

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
        lane: Callable[[Callable[[], dict[str, Any]]], dict[str, Any]] | None = None,
    ) -> None:
        if quality != "auto" and quality not in BUDGET_PX:
            raise SettingsError(
                f"quality cannot be {quality!r}.", f"Use one of: auto, {', '.join(BUDGET_PX)}."
            )
        graph = specialised(ensure(model, download=download))
        self._open = partial(sessions.open_session, graph.path, provider, threads)
        self._session = self._open(_FAST_SIZE)
        # another processor's network leaves this one to OBS anyway
        self._lane = lane if self._session.provider == "cpu" else None
        self._state = RecurrentState(self._session)
        self._size: tuple[int, int] | None = None
        self._picture_size: tuple[int, int] | None = None
        self._window = PersonWindow(0, 0)
        self._white = 1.0
        self._exposure = Exposure()
        self._last: tuple[NDArray[np.uint8], NDArray[np.float32]] | None = None
        self._planes = np.empty((1, 3, 0, 0), np.float32)
        self._source = self._planes
        self._source_value: Any = None
        self.last_ms = 0.0
        """Milliseconds of the last inference alone; 0 before the first."""
        level = self._measured_level() if quality == "auto" else quality
        self._pace = Pace(level) if quality == "auto" else None
        self._missed_frames = 0
        self._is_other_level = False
        self.info = MattingInfo(
            model, self._session.provider, self._session.threads, level, graph.why_official
        )

    def __enter__(self) -> Matting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the session and the state; nothing else may be called afterwards."""
        self.__dict__.pop("_session", None)
        self.__dict__.pop("_state", None)

    def internal_size(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) that the network sees of a `width` x `height` picture; see ``size.internal_size``."""
        return internal_size(width, height, self.info.level)

    def host_missed(self, frames: int) -> None:
        """The program that shows the mattes missed `frames` of its own: ``auto`` may leave it more time."""
        self._missed_frames += frames

    def reset(self, reason: str) -> None:
        """Forget the pictures before; `reason` goes to the debug log."""
        _log.debug("recurrent state reset: %s", reason)
        self._state.reset()
        self._window.reset()
        self._exposure.reset()
        self._last = None

    def step(self, rgb: NDArray[np.uint8]) -> Matte:
        """The matte of the next picture, at its own size.

        rgb: uint8 [H, W, 3] sRGB; a new size starts anew by itself.
        The network sees it shrunk by area means; alpha and the colour of edges come up bilinearly,
        sharpened by the picture (:mod:`rvm_core.kernels.full_size`).
        Raises PictureError, InferenceError (the state is reset).
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
        Raises PictureError; ProviderError when the network cannot be prepared for pictures of a new size;
        InferenceError when it raises or gives NaN or infinity, after which the state is reset.
        """
        _check_picture(picture, (3, 4))
        height, width = picture.shape[:2]
        if min(width, height) < 16:
            raise PictureError(f"The network cannot see {width} x {height}.", "Give at least 16 x 16 pixels.")
        if self._size != (width, height):
            self._take_size(picture)
        window = self._window.look(picture)
        self._make_room(window)
        light = self._exposure.light(picture, None if self._last is None else self._last[0])
        to_planes(picture, window.left, window.top, self._planes, light.gain, light.noise)
        if self._source is not self._planes:
            self._source[...] = self._planes
        started = time.perf_counter()
        try:
            seen_alpha, seen_foreground = self._infer(window)
        except InferenceError:
            self.reset("the network failed")
            raise
        finally:
            self.last_ms = (time.perf_counter() - started) * 1000.0
        alpha = _placed(seen_alpha / np.float32(self._white), window, (width, height))[0]
        self._window.learn(alpha)
        if self._last is not None:
            steady(picture, *self._last, alpha)
        self._last = (picture[..., :3].copy(), alpha.copy())
        self._watch_pace()
        return alpha, _placed(seen_foreground / np.float32(light.gain), window, (width, height))

    def _take_size(self, picture: NDArray[np.uint8]) -> None:
        """Pictures have another size from here on: the same pictures, if the level moved.

        Then the state goes on, and alpha goes on steadily from what it was, as over a still picture.
        """
        height, width = picture.shape[:2]
        self._session = self._open(Window.whole(width, height).size)
        self._state.use(self._session)
        if self._is_other_level and self._size is not None and self._last is not None:
            self._state.rescale(self._size, (width, height))
            self._last = (picture[..., :3].copy(), resized(self._last[1], (width, height)))
        else:
            self.reset(f"the network's picture is now {width} x {height}")
        self._is_other_level = False
        self._size = (width, height)
        self._white = WHITE[self.info.level]
        self._window = PersonWindow(width, height, moves=self._session.provider == "cpu")

    def _watch_pace(self) -> None:
        """Let ``auto`` choose the level of the pictures to come; ``internal_size`` tells it."""
        if self._pace is not None:
            self._pace.note(self.last_ms, self._missed_frames)
            self._missed_frames = 0
            if self._pace.level != self.info.level:
                _log.info("auto moves to %s; the last matte took %.1f ms", self._pace.level, self.last_ms)
                self.info = replace(self.info, level=self._pace.level)
                self._is_other_level = True

    def _infer(self, window: Window) -> tuple[NDArray[Any], NDArray[Any]]:
        """Alpha [1, h, w] and foreground [3, h, w] of `window`, whose planes are filled; checked."""
        width, height = window.size
        run = self._call(window)
        outputs = run() if self._lane is None else self._lane(run)
        alpha, foreground = (np.asarray(outputs[name].numpy()[0]) for name in ("pha", "fgr"))
        if alpha.shape != (1, height, width) or foreground.shape != (3, height, width):
            raise InferenceError(
                f"The network gave alpha {alpha.shape} and colour {foreground.shape} for {height} x {width}.",
                "Choose another model.",
            )
        # A sum is finite only when every summand is.
        if not np.isfinite([part.sum(dtype=np.float32) for part in (alpha, foreground)]).all():
            raise InferenceError(
                "The network gave values that are not finite.", "Choose another model or provider."
            )
        self._state.advance(outputs)
        return alpha, foreground

    def _make_room(self, window: Window) -> None:
        """Planes of the window's size, and what the network takes them from."""
        width, height = window.size
        if self._planes.shape[2:] != (height, width):
            self._planes = np.empty((1, 3, height, width), np.float32)
            same = self._session.dtype == np.float32
            self._source = self._planes if same else np.empty(self._planes.shape, self._session.dtype)
            self._source_value = sessions.value(self._source)

    def _call(self, window: Window) -> Callable[[], dict[str, Any]]:
        """The network's call for `window`, whatever this object does meanwhile."""
        return partial(self._session.run, {"src": self._source_value, **self._state.feeds(window)})

    def _measured_level(self) -> str:
        """The level that ``auto`` means for this session, timed by its first engine."""
        with self._session.level_lock:
            if self._session.level is None:
                whole = Window(0, 0, *_FAST_SIZE)
                self._make_room(whole)
                self._source[...] = 0.5
                times: list[float] = []
                for _ in range(_WARM_RUNS + _TIMED_RUNS):
                    started = time.perf_counter()
                    self._state.advance(self._call(whole)())
                    times.append((time.perf_counter() - started) * 1000.0)
                ms_at_fast = statistics.median(times[_WARM_RUNS:])
                self._session.level = level_for(ms_at_fast)
                _log.info("a matte at the fast level takes %.1f ms: %s", ms_at_fast, self._session.level)
                self._state.reset()
            return self._session.level


def _placed(part: NDArray[Any], window: Window, size: tuple[int, int]) -> NDArray[np.float32]:
    """`part` [C, h, w], which is what `window` shows, in a picture of 0 of `size` (w, h): float32, 0..1."""
    placed = np.zeros((part.shape[0], size[1], size[0]), np.float32)
    inside = placed[:, window.top : window.bottom, window.left : window.right]
    np.clip(part[:, : inside.shape[1], : inside.shape[2]], 0.0, 1.0, out=inside)
    return placed


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
