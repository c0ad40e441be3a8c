"""What bad light, bad cameras and other framings make of a clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

import numpy as np

from rvm_core.bench.frame import Frame

Condition = Callable[[Iterator[Frame], np.random.Generator], Iterator[Frame]]
"""What becomes of a clip's frames, given random numbers."""


def _each(change: Callable[[Frame, int, np.random.Generator], Frame]) -> Condition:
    """Every frame by itself, given its number."""

    def changed(frames: Iterator[Frame], random: np.random.Generator) -> Iterator[Frame]:
        return (change(frame, number, random) for number, frame in enumerate(frames))

    return changed


def _light(gains: tuple[float, float, float], noise: float) -> Condition:
    """Each channel times its gain, then noise of `noise` of 255."""

    def lit(frame: Frame, _number: int, random: np.random.Generator) -> Frame:
        seen = frame.picture * np.array(gains)
        if noise:
            seen = seen + random.normal(0, noise, seen.shape)
        return Frame(np.clip(np.rint(seen), 0, 255).astype(np.uint8), frame.alpha)

    return _each(lit)


def _compressed(frame: Frame, _number: int, _random: np.random.Generator) -> Frame:
    """As a cheap webcam's MJPEG."""
    import cv2

    _, code = cv2.imencode(".jpg", frame.picture, [cv2.IMWRITE_JPEG_QUALITY, 15])
    decoded: Any = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return Frame(np.ascontiguousarray(decoded), frame.alpha)


def _part(frame: Frame, left: int, top: int, width: int, height: int) -> Frame:
    rows, columns = slice(top, top + height), slice(left, left + width)
    return Frame(
        np.ascontiguousarray(frame.picture[rows, columns]),
        np.ascontiguousarray(frame.alpha[rows, columns]),
        None if frame.foreground is None else np.ascontiguousarray(frame.foreground[rows, columns]),
    )


def _vertical(frame: Frame, _number: int, _random: np.random.Generator) -> Frame:
    """The middle of the picture, 9:16."""
    height, width = frame.alpha.shape
    part = height * 9 // 16 // 2 * 2
    return _part(frame, (width - part) // 2, 0, part, height)


def _panning(frame: Frame, number: int, _random: np.random.Generator) -> Frame:
    """A camera that swings: three quarters of the picture, moving along a sine, up to 4 pixels a frame."""
    height, width = frame.alpha.shape
    h, w = height * 3 // 4, width * 3 // 4
    return _part(frame, round((width - w) * (0.5 + 0.5 * np.sin(number / 20))), (height - h) // 2, w, h)


HELD_FRAME = 60
"""The frame that ``still`` holds; a shorter clip's last one."""


def _still(frames: Iterator[Frame], random: np.random.Generator) -> Iterator[Frame]:
    """One frame for as long as the clip lasts, with a camera's noise: all change of alpha is flicker."""
    before = list(islice(frames, HELD_FRAME + 1))
    held = (before[-1] for _ in chain(before, frames))
    return _light((1.0, 1.0, 1.0), 5.0)(held, random)


CONDITIONS: Mapping[str, Condition] = {
    "clean": lambda frames, _random: frames,
    "dim": _light((0.35, 0.35, 0.35), 6.0),
    "noisy": _light((1.0, 1.0, 1.0), 10.0),
    "overexposed": _light((1.7, 1.7, 1.7), 0.0),
    "warm": _light((1.25, 1.0, 0.65), 0.0),
    "cool": _light((0.7, 1.0, 1.25), 0.0),
    "compressed": _each(_compressed),
    "vertical": _each(_vertical),
    "panning": _each(_panning),
    "still": _still,
}
