"""Clips with their true alpha, and what bad light, bad cameras and other framings make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import RvmError

Picture = NDArray[np.uint8]


TRUSTED_ALPHA = (0.3, 0.95)
"""Where the true foreground can be told from picture, alpha and plate.

F = (C - (1 - alpha) * B) / alpha divides the faults of a compressed picture by alpha.  On our clips those are
2 to 3 of 255 beside the person and up to 6 in the edge, where the codec halves the colours' resolution.  At
alpha 0.1 to 0.15 then 40 % (far off) and 14 % (half a room) of the colours lie outside what a picture can
hold, at 0.2 to 0.3 still 14 % and 3 %, from 0.3 on no more than 11 % and 1 %.  Above 0.95 the picture is all
but the person's own, and the true alpha's residue inside the body lies there: twice the pixels of the edge.
"""


class Frame(NamedTuple):
    """picture: uint8 [H, W, 3] sRGB.  alpha: float32 [H, W], the truth.

    foreground: float32 [H, W, 3], the person's true colour, sRGB 0..1, NaN where alpha is outside
    TRUSTED_ALPHA; None for a clip without a clean plate, or a condition that changes colours.
    """

    picture: Picture
    alpha: NDArray[np.float32]
    foreground: NDArray[np.float32] | None = None


_ALPHA, _PLATE = "_alpha.mkv", "_plate.png"


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

    NAME_plate.png beside the clip, the place without the person, gives the true foreground.
    Raises RvmError when a file cannot be read.
    """
    return islice(CONDITIONS[condition](_clean(clip), np.random.default_rng(1)), limit)


def plate(clip: Path) -> Picture | None:
    """The place of `clip` without the person, if NAME_plate.png lies beside it."""
    file = clip.with_name(clip.stem + _PLATE)
    return next(_read(file)) if file.is_file() else None


def _clean(clip: Path) -> Iterator[Frame]:
    place = plate(clip)
    for picture, alpha in zip(_read(clip), _read(clip.with_name(clip.stem + _ALPHA)), strict=False):
        truth = alpha[..., 0].astype(np.float32) / np.float32(255)
        yield Frame(picture, truth, None if place is None else _foreground(picture, truth, place))


def _foreground(picture: Picture, alpha: NDArray[np.float32], plate: Picture) -> NDArray[np.float32]:
    """What alpha and the plate leave of the picture; see TRUSTED_ALPHA."""
    low, high = TRUSTED_ALPHA
    where = (alpha >= low) & (alpha <= high)
    share = alpha[where][:, None]
    colour = np.full(picture.shape, np.nan, np.float32)
    colour[where] = np.clip((picture[where] - (1 - share) * plate[where]) / (255 * share), 0, 1)
    return colour


def _read(file: Path) -> Iterator[Picture]:
    import cv2

    capture = cv2.VideoCapture(str(file))
    is_read, picture = capture.read()
    if not is_read:
        raise RvmError(f"{file} is no video that can be read.", "Name a folder of whole clips.")
    while is_read:
        yield np.ascontiguousarray(picture[..., ::-1])
        is_read, picture = capture.read()


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
