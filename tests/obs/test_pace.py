"""`auto` moves between levels in OBS, a recording does not show when, and OBS comes first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.layout import SCRIPT
from installer.sandbox import Sandbox, filter_entry, image_source
from tests.obs.patience import limit_s
from tests.obs.picture_helpers import Inside
from tests.video import read_frames

WIDTH, HEIGHT = 640, 360
SOURCE = "Person"
LEVELS = {"balanced": 288, "fast": 256}
"""Their width in the network's pixels."""
FRAME = 60
BETWEEN_S = 2.5
UNSEEN = 5e-3
"""Mean change of the matte between two frames: 0.003 as it is, 0.012 if the state began anew."""


@pytest.mark.usefixtures("default_model_file")
def test_a_move_of_auto_is_not_seen_in_a_recording(
    reference_data: Path,
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    wait_status: Callable[..., dict[str, Any]],
    write_picture: Callable[[Path, Any], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    person = read_frames(reference_data / "gt" / "halfbody_room.mp4", "rgb24")[FRAME]
    picture = write_picture(tmp_path / "person.png", person)
    source = image_source(SOURCE, picture, [filter_entry("rvm_background_filter", "RVM", {"mode": "matte"})])
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
    assert (people[1:] / people[:-1]).min() > 0.8, "the person was away for a frame"
    changes = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2))
    with capsys.disabled():
        print(
            f"\nfour moves of auto: largest mean change of the matte {1e3 * changes.max():.2f}, "
            f"median {1e3 * np.median(changes):.2f} (x1e3)"
        )
    assert changes.max() < UNSEEN


@pytest.mark.usefixtures("default_model_file")
def test_auto_steps_down_when_obs_misses_frames(
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    wait_status: Callable[..., dict[str, Any]],
    write_picture: Callable[[Path, Any], Path],
) -> None:
    picture = write_picture(tmp_path / "grey.png", np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    source = image_source(SOURCE, picture, [filter_entry("rvm_background_filter", "RVM", {})])
    inside = Inside(tmp_path / "calls")
    with sandbox(width=WIDTH, height=HEIGHT, sources=[source], scripts=[(SCRIPT, {}), inside.script]) as obs:
        wait_status(obs, lambda status: status["mattes"] > 5)
        inside.call("starve", source=SOURCE, level="balanced", seconds=0.5)
        wait_status(obs, lambda status: status["internal_width"] == LEVELS["balanced"])
        wait_status(obs, lambda status: status["internal_width"] == LEVELS["fast"])
        assert obs.quit() == 0


@pytest.mark.usefixtures("default_model_file")
def test_the_network_only_takes_what_obs_leaves(
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    wait_status: Callable[..., dict[str, Any]],
    write_picture: Callable[[Path, Any], Path],
) -> None:
    picture = write_picture(tmp_path / "grey.png", np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    source = image_source(SOURCE, picture, [filter_entry("rvm_background_filter", "RVM", {})])
    with sandbox(width=WIDTH, height=HEIGHT, sources=[source], scripts=[(SCRIPT, {})]) as obs:
        first = wait_status(obs, lambda status: status["mattes"] > 5)
        before = _idle_seconds(obs.pid)
        last = wait_status(obs, lambda status: status["mattes"] > first["mattes"] + 50)
        spent = _idle_seconds(obs.pid) - before
        network_s = (last["mattes"] - first["mattes"]) * last["matte_ms_p50"] / 1000
        # Beside busy processes nearly nothing is left, and the worker does the rest.
        assert spent > 0.1 * network_s / limit_s(1) ** 2, (spent, network_s)
        assert obs.quit() == 0


def _idle_seconds(pid: int) -> float:
    """Processor time so far of the threads of a process that only take what is left."""
    ticks = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        if os.sched_getscheduler(int(thread.name)) == os.SCHED_IDLE:
            fields = (thread / "stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
