"""Every model that can be had, switched live on real film: nobody is lost, nothing of the room is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.sandbox import Sandbox, color_source, filter_entry, media_source, scene
from rvm_core.models import entries, state
from tests.obs.helpers import CLEARING, write_clip
from tests.obs.picture_helpers import wait_until
from tests.video import read_frames

WIDTH, HEIGHT = 640, 360
BEHIND = (0x00, 0xC0, 0xC0)
SOURCE, FILTER = "Person", "RVM"
CORNERS = (np.s_[8:72, 8:104], np.s_[8:72, 536:632])
"""Where the man before the door never is."""
CHEST = np.s_[300:352, 280:360]
SLOWEST_MS = 500
"""From capture to result, the median.  A computer that takes longer, full of other programs, may need more
than the two seconds for which the last picture stays, until another model's first matte is there."""


def obtainable() -> list[str]:
    return [name for name, one in entries().items() if state(one) == "ready" and one.method != "bgmv2"]


def run(
    sandbox: Callable[..., Sandbox],
    clip: Path,
    script: bool,
    begin: Callable[[Sandbox], object],
    switch: Callable[[Sandbox], None],
) -> tuple[int, Path]:
    """OBS's leaks, and its recording of the clip over BEHIND while `switch` is at work, after `begin`."""
    filters = [filter_entry("rvm_background_filter", FILTER, {"quality": "fast"})] if script else []
    sources = [color_source("Behind", 0xFFC0C000, WIDTH, HEIGHT), media_source(SOURCE, clip, filters)]
    arguments: dict[str, Any] = {} if script else {"scripts": [CLEARING]}
    scenes = [scene("Air", ["Behind", SOURCE], WIDTH, HEIGHT)]
    with sandbox(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes, **arguments) as obs:
        ws = obs.ws
        begin(obs)
        ws.start_record()
        wait_until(lambda: ws.get_record_status().output_active, "the recording starts")
        switch(obs)
        file = Path(ws.stop_record().output_path)
        wait_until(lambda: not ws.get_record_status().output_active, "the recording ends")
        assert obs.quit() == 0
        return obs.leaks(), file


def endless(clip: Path, file: Path) -> Path:
    """Two minutes of `clip` to and fro: no cut, no loop, of which the filter would take notice."""
    frames = read_frames(clip, "rgb24")
    return write_clip(file, [(frame, 1 / 30) for frame in [*frames, *frames[-2:0:-1]] * 25])


def off(part: Any) -> float:
    """How far the mean colour is from BEHIND, of 255."""
    return float(np.abs(part.reshape(-1, 3).astype(float).mean(axis=0) - BEHIND).max())


@pytest.mark.usefixtures("default_model_file")
def test_each_model_takes_over_from_the_one_before(
    reference_data: Path,
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    wait_status: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    import av

    names = obtainable()
    clip = endless(reference_data / "clips" / "pyfeat_single_face.mp4", tmp_path / "endless.mp4")
    spoken, slowest_ms = [], 0.0

    def switch(obs: Sandbox) -> None:
        nonlocal slowest_ms
        for name in [*names[1:], names[0]]:
            obs.ws.set_source_filter_settings(SOURCE, FILTER, {"model": name}, True)
            begun = time.monotonic()
            status = wait_status(obs, lambda s, name=name: s["model"] == name and s["mattes"] > 0)
            before = status["mattes"]
            spoken.append(f"{name} after {time.monotonic() - begun:.1f} s")
            status = wait_status(obs, lambda s, before=before: s["mattes"] >= before + 10)
            slowest_ms = max(slowest_ms, status["capture_to_result_ms_p50"])

    def nothing(_obs: Sandbox) -> None:
        time.sleep(2)

    def mattes(obs: Sandbox) -> None:
        wait_status(obs, lambda s: s["mattes"] > 10)

    leaks, file = run(sandbox, clip, True, mattes, switch)
    with av.open(str(file)) as recording:
        pictures = [frame.to_ndarray(format="rgb24") for frame in recording.decode(video=0)]
    assert len(pictures) > 30 * len(names)
    for number, picture in enumerate(pictures[1:], start=1):
        for corner in CORNERS:
            assert off(picture[corner]) < 12, f"frame {number} shows the room"
        if slowest_ms < SLOWEST_MS:
            assert off(picture[CHEST]) > 40, f"frame {number} shows nobody"
    assert off(pictures[-1][CHEST]) > 40, "nobody comes back"
    baseline, _ = run(sandbox, clip, False, nothing, nothing)
    assert leaks == baseline
    with capsys.disabled():
        print(f"\n{len(pictures)} pictures, {'; '.join(spoken)}, at most {slowest_ms:.0f} ms to a result")
