"""What files cost: ``obs-rvm video`` beside the engine alone and the plain recipe, in turns in one run.

    python -m tests.bench.video --clip CLIP [--gt FOLDER] [--level LEVEL] [--turns N]

The recipe is what tutorials show: a loop over cv2's frames, the official graph on the whole picture at ratio
0.25, a blend in numpy's floating point, cv2's writer.  Wall time counts, because stages that overlap are the
point; what else the computer does falls on all three, since they take turns.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from statistics import mean, median
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rvm_core import Matting
from rvm_core.bench import footage, metrics
from rvm_core.bench.quality import official
from rvm_core.bench.speed import RECIPE_RATIO
from rvm_core.kernels.full_size import full_size, small_matte
from rvm_core.video import replace_background
from rvm_core.video.shots import Matted, Shots
from rvm_core.video.source import Picture
from tests.video import read_frames

GREEN = (0, 255, 0)


def frames(clip: Path) -> Iterator[NDArray[np.uint8]]:
    """Red, green and blue, as cv2 reads them."""
    capture = cv2.VideoCapture(str(clip))
    while True:
        is_read, picture = capture.read()
        if not is_read:
            return
        yield np.ascontiguousarray(picture[..., ::-1])


def recipe(clip: Path, output: Path) -> int:
    """The plain script; how many frames."""
    step = official(RECIPE_RATIO)
    writer: Any = None
    count = 0
    for picture in frames(clip):
        if writer is None:
            size = picture.shape[1], picture.shape[0]
            writer = cv2.VideoWriter(str(output), cv2.VideoWriter.fourcc(*"mp4v"), 30, size)
        share = step(picture).alpha[..., None]
        mixed = (picture * share + np.array(GREEN) * (1 - share)).astype(np.uint8)
        writer.write(np.ascontiguousarray(mixed[..., ::-1]))
        count += 1
    writer.release()
    return count


def engine_alone(pictures: list[NDArray[np.uint8]], level: str) -> int:
    """Mattes at full size of pictures that are already there."""
    with Matting(quality=level) as engine:
        for picture in pictures:
            engine.step(picture)
    return len(pictures)


def speeds(clip: Path, level: str, turns: int) -> dict[str, float]:
    """Frames a second of each, the median of `turns`, and the ratios."""
    pictures = list(frames(clip))
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "ours.mp4"

        def video() -> int:
            made = replace_background(clip, ours, mode="color", quality=level, overwrite=True)
            return made.frames

        ways: dict[str, Callable[[], int]] = {
            "engine": lambda: engine_alone(pictures, level),
            "video": video,
            "recipe": lambda: recipe(clip, Path(folder) / "recipe.mp4"),
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(turns):
            for name, way in ways.items():
                started = time.perf_counter()
                count = way()
                found[name].append(count / (time.perf_counter() - started))
    fps = {name: median(each) for name, each in found.items()}
    of_engine = median(v / e for v, e in zip(found["video"], found["engine"], strict=True))
    of_recipe = median(v / r for v, r in zip(found["video"], found["recipe"], strict=True))
    return {**fps, "video / engine": of_engine, "video / recipe": of_recipe}


def errors(folder: Path, level: str) -> dict[str, dict[str, float]]:
    """MAD of what `video` writes, of the engine and of the recipe, for each clip with a true alpha."""
    found = {}
    for name, clip in footage.clips(folder).items():
        with tempfile.TemporaryDirectory() as place, Matting(quality=level) as engine:
            output = Path(place) / "alpha.mkv"
            replace_background(clip, output, codec="ffv1", quality=level)
            written = [frame[..., 3] / np.float32(255) for frame in read_frames(output, "rgba")]
            step = official(RECIPE_RATIO)
            rows = [
                [metrics.mad(alpha, frame.alpha) for alpha in (video, seen.alpha, step(frame.picture).alpha)]
                for frame, video in zip(footage.frames(clip, "clean", 10**6), written, strict=True)
                for seen in [engine.step(frame.picture)]
            ]
        found[name] = {
            who: mean(float(row[place]) for row in rows)
            for place, who in enumerate(("video", "engine", "recipe"))
        }
    return found


def first_pictures(folder: Path, level: str) -> dict[str, dict[str, float]]:
    """MAD of a shot's first picture: begun anew, begun with two passes, and with all of its history."""
    found = {}
    for name, clip in footage.clips(folder).items():
        film = list(footage.frames(clip, "clean", 10**6))
        rows = []
        with Matting(quality=level) as engine:
            with_history = [metrics.mad(engine.step(frame.picture).alpha, frame.alpha) for frame in film]
            for start in range(24, 150, 9):
                row = [with_history[start]]
                for two_pass in (False, True):
                    engine.reset("another start")
                    alpha = _first_alpha(
                        [frame.picture for frame in film[start : start + 30]], engine, two_pass
                    )
                    row.append(metrics.mad(alpha, film[start].alpha))
                rows.append(row)
        found[name] = dict(
            zip(("with history", "one pass", "two passes"), map(mean, zip(*rows, strict=True)), strict=True)
        )
    return found


def _first_alpha(shot: list[NDArray[np.uint8]], engine: Matting, two_pass: bool) -> NDArray[np.float32]:
    height, width = shot[0].shape[:2]
    shots = Shots(engine, engine.internal_size(width, height), two_pass=two_pass)
    items = (Picture(picture, Fraction(number, 30)) for number, picture in enumerate(shot))
    first = next(one for one in shots.matted(shots.shrunk(items)) if isinstance(one, Matted))
    alpha = np.empty((height, width), np.float32)
    small = small_matte(first.small, first.alpha, first.foreground, width / first.small.shape[1])
    full_size(shot[0], *small, alpha, np.empty_like(shot[0]))
    return alpha


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--gt", type=Path, help="a folder of NAME.mp4 and NAME_alpha.mkv, for the errors")
    parser.add_argument("--level", default="balanced")
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    result: dict[str, Any] = {"level": given.level, "fps": speeds(given.clip, given.level, given.turns)}
    if given.gt is not None:
        result["mad"] = errors(given.gt, given.level)
        result["mad of a first picture"] = first_pictures(given.gt, given.level)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
