"""Clips with their true alpha, and what bad light, bad cameras and other framings make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import RvmError

Picture = NDArray[np.uint8]


class Frame(NamedTuple):
    """picture: uint8 [H, W, 3] sRGB.  alpha: float32 [H, W], the truth."""

    picture: Picture
    alpha: NDArray[np.float32]


_ALPHA = "_alpha.mkv"


def clips(folder: Path) -> dict[str, Path]:
    """The clips of `folder` that have a true alpha beside them: NAME.mp4 and NAME_alpha.mkv, by name.

    Raises RvmError when there is none.
    """
    found = {
        file.name.removesuffix(_ALPHA): file.with_name(file.name.removesuffix(_ALPHA) + ".mp4")
        for file in sorted(folder.glob("*" + _ALPHA))
    }
    if not found:
        raise RvmError(
            f"No clip with a true alpha in {folder}.", "Name a folder of NAME.mp4 and NAME_alpha.mkv."
        )
    return found


def frames(clip: Path, condition: str, limit: int) -> Iterator[Frame]:
    """The first `limit` frames of `clip` under `condition`, a key of CONDITIONS; the same each time.

    Raises RvmError when a file cannot be read.
    """
    random = np.random.default_rng(1)
    pair = zip(_read(clip), _read(clip.with_name(clip.stem + _ALPHA)), strict=False)
    for number, (picture, alpha) in enumerate(pair):
        if number == limit:
            return
        truth = alpha[..., 0].astype(np.float32) / np.float32(255)
        yield CONDITIONS[condition](Frame(picture, truth), number, random)


def _read(file: Path) -> Iterator[Picture]:
    import cv2

    capture = cv2.VideoCapture(str(file))
    is_read, picture = capture.read()
    if not is_read:
        raise RvmError(f"{file} is no video that can be read.", "Name a folder of whole clips.")
    while is_read:
        yield np.ascontiguousarray(picture[..., ::-1])
        is_read, picture = capture.read()


Condition = Callable[[Frame, int, np.random.Generator], Frame]


def _light(gains: tuple[float, float, float], noise: float) -> Condition:
    """Each channel times its gain, then noise of `noise` of 255."""

    def lit(frame: Frame, _number: int, random: np.random.Generator) -> Frame:
        seen = frame.picture * np.array(gains)
        if noise:
            seen = seen + random.normal(0, noise, seen.shape)
        return frame._replace(picture=np.clip(np.rint(seen), 0, 255).astype(np.uint8))

    return lit


def _compressed(frame: Frame, _number: int, _random: np.random.Generator) -> Frame:
    """As a cheap webcam's MJPEG."""
    import cv2

    _, code = cv2.imencode(".jpg", frame.picture, [cv2.IMWRITE_JPEG_QUALITY, 15])
    decoded: Any = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return frame._replace(picture=np.ascontiguousarray(decoded))


def _part(frame: Frame, left: int, top: int, width: int, height: int) -> Frame:
    rows, columns = slice(top, top + height), slice(left, left + width)
    return Frame(
        np.ascontiguousarray(frame.picture[rows, columns]), np.ascontiguousarray(frame.alpha[rows, columns])
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


CONDITIONS: Mapping[str, Condition] = {
    "clean": lambda frame, _number, _random: frame,
    "dim": _light((0.35, 0.35, 0.35), 6.0),
    "noisy": _light((1.0, 1.0, 1.0), 10.0),
    "overexposed": _light((1.7, 1.7, 1.7), 0.0),
    "warm": _light((1.25, 1.0, 0.65), 0.0),
    "cool": _light((0.7, 1.0, 1.25), 0.0),
    "compressed": _compressed,
    "vertical": _vertical,
    "panning": _panning,
}
"""What becomes of a frame, given its number and the clip's random numbers."""
