"""What stands behind the person at a time of the output."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rvm_core import backdrop
from rvm_core.errors import BackgroundError, VideoError
from rvm_core.settings import Settings
from rvm_core.video.depth import in_8_bits
from rvm_core.video.overlap import ahead
from rvm_core.video.source import Source

_READ_AHEAD = 2


class Background(Protocol):
    """Made for pictures of one size.  One thread at a time."""

    def at(self, time: Fraction) -> NDArray[np.uint8]:
        """uint8 [H, W, 3] sRGB at `time` seconds, which never goes back; not to be written to."""

    def close(self) -> None:
        """Let go of files."""


def open_background(settings: Settings, width: int, height: int, pixel_aspect: Fraction) -> Background | None:
    """What `settings` name; None for modes without one.  Raises BackgroundError."""
    if settings.mode == "color":
        return _Still(np.full((height, width, 3), backdrop.rgb_of(settings.background_color), np.uint8))
    if settings.mode == "image":
        return _Still(_image(settings, width, height, pixel_aspect))
    if settings.mode == "video":
        return _Looped(settings, width, height, pixel_aspect)
    return None


class _Still:
    """The same picture at all times."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self._picture = picture

    def at(self, time: Fraction) -> NDArray[np.uint8]:  # noqa: ARG002 - the protocol's
        return self._picture

    def close(self) -> None:
        pass


class _Looped:
    """A video at its own pace, again from its start whenever it has ended."""

    def __init__(self, settings: Settings, width: int, height: int, pixel_aspect: Fraction) -> None:
        if not settings.background_file:
            raise BackgroundError("No background video is chosen.", "Name one with --background-file.")
        self._fit = settings.background_fit, settings.background_color
        self._size, self._pixel_aspect = (width, height), pixel_aspect
        self._pictures = ahead(_again_and_again(Path(settings.background_file)), _READ_AHEAD)
        self._shown: NDArray[np.uint8] | None = None
        self._next = next(self._pictures)

    def at(self, time: Fraction) -> NDArray[np.uint8]:
        latest = None
        while self._next[0] <= time:
            latest = self._next
            self._next = next(self._pictures)
        if latest is not None or self._shown is None:
            _, picture, own_aspect = latest or self._next
            aspect = float(self._pixel_aspect / own_aspect)
            self._shown = backdrop.fitted(picture, *self._size, *self._fit, aspect)
        return self._shown

    def close(self) -> None:
        self._pictures.close()


def _image(settings: Settings, width: int, height: int, pixel_aspect: Fraction) -> NDArray[np.uint8]:
    rgba = backdrop.load(
        settings.background_file,
        width,
        height,
        settings.background_fit,
        settings.background_color,
        float(pixel_aspect),
    )
    return np.ascontiguousarray(rgba[..., :3])


def _again_and_again(path: Path) -> Iterator[tuple[Fraction, NDArray[np.uint8], Fraction]]:
    """(time, picture, pixel aspect) for ever.  Raises BackgroundError."""
    began = Fraction(0)
    while True:
        try:
            with Source(path, what="background") as source, contextlib.closing(source.pictures()) as pictures:
                last = began
                for picture in pictures:
                    last = began + picture.time
                    yield last, in_8_bits(picture.rgb), source.pixel_aspect
                began = last + 1 / source.rate
        except VideoError as fault:
            raise BackgroundError(fault.problem, fault.remedy) from fault
