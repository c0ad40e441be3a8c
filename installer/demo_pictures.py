"""The pictures that the demo makes itself: the backdrop, and source, matte and result side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from installer.errors import InstallError

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

# Linear light, blue-green-red, from the top of an evening sky to the street below.
SKY: Sequence[tuple[float, tuple[float, float, float]]] = (
    (0.00, (0.060, 0.022, 0.012)),
    (0.45, (0.170, 0.045, 0.060)),
    (0.75, (0.130, 0.090, 0.330)),
    (1.00, (0.020, 0.020, 0.060)),
)
LAMPS: Sequence[tuple[float, float, float]] = (
    (0.10, 0.45, 1.00),
    (0.20, 0.70, 1.00),
    (0.75, 0.50, 0.25),
    (0.45, 0.22, 0.95),
    (0.80, 0.80, 0.90),
)
GAMMA = 2.2
GAP = 12
PAPER = 24
FONT = cv2.FONT_HERSHEY_SIMPLEX


def backdrop(width: int, height: int, seed: int = 7) -> Pixels:
    """An evening street far out of focus: [height, width, 3] uint8, blue-green-red."""
    rows = np.linspace(0.0, 1.0, height, dtype=np.float32)
    stops = [stop for stop, _ in SKY]
    bands = [np.interp(rows, stops, [color[channel] for _, color in SKY]) for channel in range(3)]
    light: Floats = np.repeat(np.stack(bands, axis=-1)[:, None, :], width, axis=1).astype(np.float32)
    random = np.random.default_rng(seed)
    for _ in range(70):
        depth = float(random.uniform(0.3, 1.0))
        color = np.asarray(LAMPS[int(random.integers(len(LAMPS)))], dtype=np.float32)
        center = (float(random.uniform(0, width)), float(height * random.normal(0.68, 0.14)))
        disc = _disc(width, height, center, radius=0.055 * height * depth)
        light += disc[..., None] * color * float(random.uniform(0.10, 0.55))
    shown = np.clip(light, 0.0, 1.0) ** (1.0 / GAMMA)
    # A little noise hides the bands that 8 bits give a soft gradient.
    shown += random.normal(0.0, 0.004, shown.shape)
    made: Pixels = np.clip(shown * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return made


def _disc(width: int, height: int, center: tuple[float, float], radius: float) -> Floats:
    """One lamp through a round aperture, brighter at its rim: [height, width] float32, 0..1."""
    y, x = np.ogrid[:height, :width]
    distance = np.sqrt((x - center[0]) ** 2 + (y - center[1]) ** 2).astype(np.float32)
    inside = np.clip((radius - distance) / 1.5, 0.0, 1.0)
    rim = 0.7 + 0.3 * np.clip(distance / radius, 0.0, 1.0) ** 3
    made: Floats = (inside * rim).astype(np.float32)
    return made


def side_by_side(panels: Sequence[tuple[str, Path]], caption: str) -> Pixels:
    """Labelled pictures of one size in a row over a caption: uint8, blue-green-red.

    Raises InstallError when a picture cannot be read.
    """
    pictures = [_labelled(_read(file), label) for label, file in panels]
    height, width, _ = pictures[0].shape
    foot = 34
    made = np.full((height + 2 * GAP + foot, len(pictures) * (width + GAP) + GAP, 3), PAPER, np.uint8)
    for number, picture in enumerate(pictures):
        left = GAP + number * (width + GAP)
        made[GAP : GAP + height, left : left + width] = cv2.resize(picture, (width, height))
    cv2.putText(made, caption, (GAP + 2, height + 2 * GAP + 14), FONT, 0.55, (200, 200, 200), 1, cv2.LINE_AA)
    return made


def _labelled(picture: Pixels, label: str) -> Pixels:
    made = picture.copy()
    (width, height), _ = cv2.getTextSize(label, FONT, 0.6, 1)
    made[8 : height + 24, 8 : width + 24] //= 4
    cv2.putText(made, label, (16, height + 16), FONT, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    return made


def _read(file: Path) -> Pixels:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise InstallError(f"The screenshot {file.name} cannot be read.", "Run the demo again.")
    return picture.astype(np.uint8)


def write_png(file: Path, picture: Pixels) -> None:
    """Writes `picture` to `file`, which is staged by the caller."""
    ok, data = cv2.imencode(".png", picture)
    if not ok:
        raise InstallError(f"{file.name} cannot be encoded.", "Run the demo again.")
    file.write_bytes(data.tobytes())


def frame_count(video: Path) -> int:
    """How many pictures can really be decoded from `video`; 0 when it cannot be read."""
    capture = cv2.VideoCapture(str(video))
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    return count
