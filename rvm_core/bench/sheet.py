"""A picture for the eye: the hard places of each clip, method beside method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core import atomic_write
from rvm_core.bench import footage
from rvm_core.bench.frame import Frame
from rvm_core.bench.quality import Seen, Step, known, method, methods, unit
from rvm_core.errors import RvmError
from rvm_core.kernels.composite import composite
from rvm_core.kernels.multilevel import multilevel_foreground

Image = NDArray[np.uint8]

EVERY = 8
"""One frame in so many is looked at; the methods see all."""
CROP_SHARE = 0.25
"""Side of a crop as a share of the picture's height."""
TILE_PX, HEADER_PX, GAP_PX = 168, 40, 2
COVER = (230, 0, 190)
"""The new background: a colour that neither people nor rooms have."""
_REFERENCE = "official 0.5"
_PICTURE, _TRUTH = "picture", "truth"
_SMALLEST_GAP_PX = 12
_NEAR_FRAMES = 2 * EVERY


@dataclass(frozen=True)
class Crop:
    """A square of one frame of a clip: what makes it hard, and by how much (only to be compared)."""

    why: str
    score: float
    clip: str
    frame: int
    left: int
    top: int
    side: int

    def overlaps(self, other: Crop) -> bool:
        """Whether both show mostly the same place at nearly the same time."""
        near = self.side / 2
        is_near = abs(self.left - other.left) < near and abs(self.top - other.top) < near
        return is_near and abs(self.frame - other.frame) <= _NEAR_FRAMES


@dataclass(frozen=True)
class Sheet:
    """crops: what is to be seen, from above.  image: uint8 [H, W, 3] sRGB."""

    crops: tuple[Crop, ...]
    image: Image


class _Look(NamedTuple):
    """A whole frame in one column: its matte as grey, and the person over COVER; uint8 [H, W, 3]."""

    matte: Image
    over: Image


def sheet(folders: Sequence[Path], levels: Sequence[str], limit: int, models: Sequence[str]) -> Sheet:
    """The hardest places of the first `limit` frames of each clip of `folders`, under ``clean``.

    Columns: the picture, the truth, and the methods of ``quality.methods``.  Rows: for each place the matte,
    and below it the person over COVER.  The truth's colours are those of ``footage`` where they are known,
    elsewhere estimated from the true alpha.  Raises RvmError for a folder without clips, ModelMissing.
    """
    crops: list[Crop] = []
    rows: list[Image] = []
    shown = methods(models, known(levels))
    for name, clip in footage.clips(*folders).items():
        steps = {title: method(*one, footage.plate(clip)) for title, one in shown.items()}
        looks, found = _watch(name, clip, steps, limit)
        for crop in _chosen(found):
            crops.append(crop)
            rows += _rows(crop, looks[crop.frame])
    if not crops:
        raise RvmError("No frame looked at has an edge.", "Name more frames.")
    header = _tiles([_text(label, HEADER_PX) for label in (_PICTURE, _TRUTH, *map(_header, shown))])
    return Sheet(tuple(crops), np.concatenate([header, *rows]))


def write_png(image: Image, file: Path) -> None:
    """Write `image` (uint8 [H, W, 3] sRGB) at `file`, whole or not at all.  Raises RvmError."""
    import cv2

    _, code = cv2.imencode(".png", image[..., ::-1])
    try:
        atomic_write.write(file, code.tobytes(), durable=False)
    except OSError as fault:
        raise RvmError(
            f"{file} cannot be written: {fault.strerror}.", "Name a file in a folder of yours."
        ) from fault


def _watch(
    name: str, clip: Path, steps: Mapping[str, Step], limit: int
) -> tuple[dict[int, dict[str, _Look]], list[Crop]]:
    """The looks of every EVERYth frame by column, and its hardest place of each kind."""
    looks: dict[int, dict[str, _Look]] = {}
    found: list[Crop] = []
    before: NDArray[np.float32] | None = None
    for number, frame in enumerate(footage.frames(clip, "clean", limit)):
        seen = {label: step(frame.picture) for label, step in steps.items()}
        if number % EVERY == 0 and frame.alpha.any():
            looks[number] = {
                _PICTURE: _Look(frame.picture, frame.picture),
                _TRUTH: _look(Seen(frame.alpha, _true_foreground(frame))),
                **{label: _look(one) for label, one in seen.items()},
            }
            reference = next((one for title, one in seen.items() if title.endswith(_REFERENCE)), None)
            hardness = _hardness(frame.alpha, before, None if reference is None else reference.alpha)
            found += [_hardest(why, score, name, number) for why, score in hardness.items()]
        before = frame.alpha
    return looks, [crop for crop in found if crop.score > 0]


def _true_foreground(frame: Frame) -> NDArray[np.float32]:
    planes = np.empty((3, *frame.alpha.shape), np.float32)
    multilevel_foreground(frame.picture, frame.alpha, planes)
    estimate = planes.transpose(1, 2, 0)
    return estimate if frame.foreground is None else _filled(frame.foreground, estimate)


def _filled(colour: NDArray[np.float32], where_unknown: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(np.isnan(colour), where_unknown, colour)


def _look(seen: Seen) -> _Look:
    alpha = np.ascontiguousarray(seen.alpha)
    colour = np.rint(255 * unit(seen.foreground)).astype(np.uint8)
    over = np.empty_like(colour)
    composite(colour, alpha, np.broadcast_to(np.array(COVER, np.uint8), colour.shape), over)
    grey = np.rint(255 * alpha).astype(np.uint8)
    return _Look(np.repeat(grey[..., None], 3, axis=2), over)


def _hardness(
    alpha: NDArray[np.float32], before: NDArray[np.float32] | None, reference: NDArray[np.float32] | None
) -> dict[str, NDArray[Any]]:
    """What is hard about each pixel of a frame, by kind; the person's highest part counts as hair."""
    import cv2

    body: Any = (alpha < 0.5).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(body, connectivity=4)
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    is_gap = stats[:, cv2.CC_STAT_AREA] >= _SMALLEST_GAP_PX
    is_gap[[0, *border]] = False  # 0 is the body
    across, down = cv2.Sobel(alpha, cv2.CV_32F, 1, 0), cv2.Sobel(alpha, cv2.CV_32F, 0, 1)
    edge = np.hypot(across, down)
    top = int(np.flatnonzero((alpha > 0.5).any(axis=1))[:1].sum())
    below = top + _crop_side(alpha) // 2
    return {
        "hair": np.where(np.arange(alpha.shape[0])[:, None] < below, edge, 0),
        "much edge": edge,
        "soft": np.where((alpha > 0.05) & (alpha < 0.95), alpha * (1 - alpha), 0),
        "gap": is_gap[labels],
        "fast": np.zeros_like(alpha) if before is None else np.abs(alpha - before),
        f"{_REFERENCE} wrong": np.zeros_like(alpha) if reference is None else np.abs(reference - alpha),
    }


def _hardest(why: str, hardness: NDArray[Any], clip: str, number: int) -> Crop:
    """The square around the place where most is hard."""
    import cv2

    height, width = hardness.shape
    side = _crop_side(hardness)
    near = cv2.GaussianBlur(hardness.astype(np.float32), (0, 0), side / 4, borderType=cv2.BORDER_CONSTANT)
    y, x = (int(place) for place in np.unravel_index(int(near.argmax()), near.shape))
    top, left = min(max(y - side // 2, 0), height - side), min(max(x - side // 2, 0), width - side)
    return Crop(why, float(near[y, x]), clip, number, left, top, side)


def _crop_side(array: NDArray[Any]) -> int:
    height, width = array.shape
    side: int = min(max(8, round(height * CROP_SHARE)), height, width)
    return side


def _chosen(found: Sequence[Crop]) -> Iterator[Crop]:
    """The hardest of each kind that shows another place than those before."""
    chosen: list[Crop] = []
    for why in dict.fromkeys(crop.why for crop in found):
        of_kind = sorted((crop for crop in found if crop.why == why), key=lambda crop: -crop.score)
        free = [crop for crop in of_kind if not any(crop.overlaps(other) for other in chosen)]
        chosen += free[:1]
    yield from chosen


def _rows(crop: Crop, looks: Mapping[str, _Look]) -> tuple[Image, Image]:
    """The mattes and the person over COVER; below the picture stands what is to be seen."""
    rows, columns = slice(crop.top, crop.top + crop.side), slice(crop.left, crop.left + crop.side)
    mattes = [_enlarged(look.matte[rows, columns]) for look in looks.values()]
    overs = [_enlarged(look.over[rows, columns]) for look in looks.values()]
    overs[0] = _text(f"{crop.clip}\nframe {crop.frame}\n{crop.why}", TILE_PX)
    return _tiles(mattes), _tiles(overs)


def _enlarged(part: Image) -> Image:
    import cv2

    return np.asarray(cv2.resize(part, (TILE_PX, TILE_PX), interpolation=cv2.INTER_LINEAR), np.uint8)


def _header(title: str) -> str:
    """The model above the level, where several models are shown; without what all models of a kind share."""
    model, _, label = title.rpartition(" ") if not title.startswith("official") else ("", "", title)
    return f"{model.removeprefix('mediapipe_')}\n{label}" if model else label


def _text(text: str, height: int) -> Image:
    import cv2

    tile: Any = np.full((height, TILE_PX, 3), 32, np.uint8)
    for number, line in enumerate(text.split("\n")):
        place = (5, 16 + 18 * number)
        cv2.putText(tile, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (235, 235, 235), 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


def _tiles(tiles: Sequence[Image]) -> Image:
    """Beside each other, with a gap after each and below."""
    return np.concatenate([np.pad(tile, ((0, GAP_PX), (0, GAP_PX), (0, 0))) for tile in tiles], axis=1)
