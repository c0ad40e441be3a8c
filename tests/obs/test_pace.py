"""`auto` moves between levels in OBS, and a recording does not show when."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.layout import SCRIPT
from installer.sandbox import Sandbox, filter_entry, media_source
from tests.obs.picture_helpers import Inside
from tests.video import read_frames, write_clip

WIDTH, HEIGHT = 640, 360
SOURCE = "Person"
LEVELS = {"balanced": 320, "fast": 256}
"""Their width in the network's pixels."""
BARE_FRAMES = 15
REPEATS = 4  # of ten seconds
BETWEEN_S = 2.5
USUAL = 95  # the percentile of the changes from frame to frame that counts as usual


@pytest.mark.usefixtures("default_model_file")
def test_a_move_of_auto_is_not_seen_in_a_recording(
    reference_data: Path,
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    wait_status: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Forth and back, so that nothing jumps by itself, and longer than the test.
    dance = read_frames(reference_data / "gt" / "halfbody_room.mp4", "rgb24")[BARE_FRAMES:]
    clip = write_clip(tmp_path / "clip.mp4", [*dance, *dance[::-1]] * REPEATS)
    source = media_source(SOURCE, clip, [filter_entry("rvm_background_filter", "RVM", {"mode": "matte"})])
    inside = Inside(tmp_path / "calls")
    with sandbox(width=WIDTH, height=HEIGHT, sources=[source], scripts=[(SCRIPT, {}), inside.script]) as obs:
        before = wait_status(obs, lambda status: status["mattes"] > 20)
        obs.ws.start_record()
        time.sleep(BETWEEN_S)
        for level in (*LEVELS, *LEVELS):
            inside.call("move_level", source=SOURCE, level=level)
            wait_status(obs, lambda status, size=LEVELS[level]: status["internal_width"] == size)
            time.sleep(BETWEEN_S)
        file = Path(obs.ws.stop_record().output_path)
        after = wait_status(obs, lambda status: status["mattes"] > before["mattes"])
        time.sleep(1)
        assert obs.quit() == 0
    assert after["epoch"] == before["epoch"], "the recurrent state began anew"
    frames = np.stack(read_frames(file, "gray")).astype(np.float32) / 255
    people = frames.mean(axis=(1, 2))
    assert people.min() > 0.9 * np.median(people), "the person was away for a frame"
    changes = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
    with capsys.disabled():
        print(
            f"\nfour moves of auto: largest change between frames {1e3 * changes.max():.1f}, "
            f"95th percentile {1e3 * np.percentile(changes, USUAL):.1f} (x1e3)"
        )
    assert changes.max() < 3 * np.percentile(changes, USUAL)
