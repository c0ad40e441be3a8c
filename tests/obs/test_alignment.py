"""The matte is where the person is: measured on a recording of a person who moves at a known speed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from installer.sandbox import Sandbox, filter_entry, media_source
from tests.video import read_frames, write_clip

WIDTH, HEIGHT = 640, 360
SPEED_PX = 4  # a frame
TRAVEL = 60  # frames each way
GREEN, WALL = (0, 255, 0), (150, 60, 150)
FRAME = 60
CHEST = slice(160, 220)  # the rows where the person is solid over the greatest width
FARTHEST_PX = 40  # a matte so far off still leaves the middle of the chest alone


def person(reference_data: Path) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A real person cut out by true alpha: colour uint8 [h, w, 3], alpha 0..1 [h, w]."""
    picture = read_frames(reference_data / "gt" / "halfbody_room.mp4", "rgb24")[FRAME]
    alpha = read_frames(reference_data / "gt" / "halfbody_room_alpha.mkv", "gray")[FRAME] / 255.0
    columns = np.flatnonzero(alpha.max(axis=0) > 0.5)
    return picture[:, columns[0] - 4 : columns[-1] + 5], alpha[:, columns[0] - 4 : columns[-1] + 5]


def walk(colour: NDArray[np.uint8], alpha: NDArray[np.float64]) -> list[NDArray[np.uint8]]:
    """The person gliding right and back over a plain wall."""
    lefts = [60 + SPEED_PX * step for step in range(TRAVEL)]
    frames = []
    for left in lefts + lefts[::-1]:
        frame = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        frame[:] = WALL
        seat = frame[:, left : left + colour.shape[1]]
        cover = alpha[:, : seat.shape[1], None]
        seat[:] = np.rint(colour[:, : seat.shape[1]] * cover + seat * (1 - cover))
        frames.append(frame)
    return frames


def matte_offsets(
    recording: list[NDArray[np.uint8]], colour: NDArray[np.uint8], alpha: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """For each frame that shows all of the person: (how far the matte is to the right of them, left edge).

    Where the person is follows from their inner texture, which the matte does not touch; where the
    matte is, from what is not the green background.
    """
    import cv2

    inner = np.flatnonzero(alpha[CHEST].min(axis=0) > 0.95)
    first, last = int(inner[0]) + FARTHEST_PX, int(inner[-1]) - FARTHEST_PX
    texture = np.ascontiguousarray(colour[CHEST, first:last])
    solid = alpha > 0.5
    found = []
    for frame in recording:
        match = cv2.matchTemplate(frame[CHEST], texture, cv2.TM_SQDIFF_NORMED)
        _, _, (x, _), _ = cv2.minMaxLoc(match)
        if match.min() > 0.02:
            continue
        left = x - first
        wide = np.zeros((HEIGHT, WIDTH + 200), bool)
        wide[:, 100 : 100 + WIDTH] = np.abs(frame.astype(int) - GREEN).sum(axis=2) > 200
        shifts = range(-FARTHEST_PX, FARTHEST_PX + 1)
        overlap = []
        for shift in shifts:
            window = wide[:, 100 + left + shift : 100 + left + shift + solid.shape[1]]
            overlap.append((window & solid).sum() - (window & ~solid).sum())
        best = [shift for shift, value in zip(shifts, overlap, strict=True) if value == max(overlap)]
        found.append((round(float(np.mean(best))), left))
    return found


@pytest.mark.usefixtures("default_model_file")
@pytest.mark.parametrize("latency", ["aligned", "lowest"])
def test_matte_stands_where_the_person_is(
    latency: str,
    reference_data: Path,
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    wait_status: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    colour, alpha = person(reference_data)
    clip = write_clip(tmp_path / "walk.mp4", walk(colour, alpha))
    settings = {"mode": "color", "quality": "fast", "latency": latency}
    source = media_source("walk", clip, [filter_entry("rvm_background_filter", "RVM", settings)])
    with sandbox(sources=[source]) as obs:
        wait_status(obs, lambda status: bool(status["mattes"] > 20))
        recording = read_frames(obs.record(9.0), "rgb24")
        status = wait_status(obs, bool)
        assert obs.quit() == 0
    offsets = matte_offsets(recording, colour, alpha)
    # A lag puts the matte behind: to the left of a person who goes right.
    lags = []
    for (_, before), (offset, left) in pairwise(offsets):
        if left != before and abs(left - before) < 100:
            lags.append(-offset * int(np.sign(left - before)))
    with capsys.disabled():
        print(
            f"\n{latency}: lag of the matte {np.median(lags):g} px at {SPEED_PX} px a frame "
            f"({len(lags)} frames, 10th to 90th percentile {np.percentile(lags, [10, 90])}); "
            f"picture {status['lag_frames_p50']:g} frames late, {status['capture_to_screen_ms_p50']:.0f} ms"
        )
    assert len(lags) > 15, "the recording shows the person moving"
    if latency == "aligned":
        assert np.median(lags) == 0
    else:
        assert np.median(lags) > 0, "the newest picture was not shown"
