"""Clips with their true alpha, under the conditions of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvm_core.bench.compositions import COMPOSITIONS, composed
from rvm_core.bench.conditions import CONDITIONS
from rvm_core.bench.frame import TRUSTED_ALPHA, Frame, Picture
from rvm_core.errors import RvmError

ALL_CONDITIONS = (*CONDITIONS, *COMPOSITIONS)

_ALPHA, _PLATE = "_alpha.mkv", "_plate.png"


def clips(*folders: Path) -> dict[str, Path]:
    """The clips of `folders` that have a true alpha beside them: NAME.mp4 and NAME_alpha.mkv, by name.

    Raises RvmError for a folder that has none, and for two clips of one name.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        truths = sorted(folder.glob("*" + _ALPHA))
        if not truths:
            raise RvmError(
                f"No clip with a true alpha in {folder}.", "Name a folder of NAME.mp4 and NAME_alpha.mkv."
            )
        for truth in truths:
            name = truth.name.removesuffix(_ALPHA)
            if name in found:
                raise RvmError(f"Two clips are named {name}.", "Rename one of them.")
            found[name] = truth.with_name(name + ".mp4")
    return found


def frames(clip: Path, condition: str, limit: int) -> Iterator[Frame]:
    """The first `limit` frames of `clip` under `condition`, one of ALL_CONDITIONS; the same each time.

    NAME_plate.png beside the clip, the place without the person, gives the true foreground.
    Raises RvmError when a file cannot be read, or lacks where the condition is one of COMPOSITIONS.
    """
    random = np.random.default_rng(1)
    if condition in CONDITIONS:
        return islice(CONDITIONS[condition](_clean(clip), random), limit)
    place = plate(clip)
    if place is None:
        raise RvmError(
            f"{clip.name} has no clean plate, which the condition {condition!r} needs.",
            f"Add {clip.stem + _PLATE}, the place without the person, or leave the condition out.",
        )
    return islice(composed(_clean(clip), place, COMPOSITIONS[condition], random), limit)


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
