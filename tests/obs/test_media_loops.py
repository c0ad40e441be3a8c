"""A film that loops, is sought through, or begins again: the person never blinks, and no ghost appears.

In matte mode the person is a white square on black, first on the left, then on the right; a ghost of the
recurrent state, or an old matte over a new frame, would be grey or in the wrong place.
``OBS_RVM_RECORD_S`` records for longer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.sandbox import Sandbox, media_source
from tests.obs import helpers
from tests.obs.busy import busy_cores
from tests.obs.helpers import HEIGHT, LEFT, RIGHT, SOURCE, WIDTH, eventually, inside, matting_filter, picture

BLUE = (0, 0, 255)
CLIP_S = 3.0
RECORD_S = float(os.environ.get("OBS_RVM_RECORD_S", "12"))
MEDIA = "OBS_WEBSOCKET_MEDIA_INPUT_ACTION_"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return helpers.graph_environment(tmp_path_factory.mktemp("graphs"))


@pytest.fixture
def looping(
    sandbox: Callable[..., Sandbox], environment: dict[str, str], tmp_path: Path
) -> Iterator[Sandbox]:
    """OBS with a film of CLIP_S that loops and cuts from the left square to the right one."""
    parts = [(picture(LEFT), CLIP_S / 2), (picture(RIGHT, ground=BLUE), CLIP_S / 2)]
    clip = helpers.write_clip(tmp_path / "clip.mp4", parts)
    media = media_source(SOURCE, clip, [matting_filter(mode="matte", model="graph_slow")])
    with sandbox(width=WIDTH, height=HEIGHT, env=environment, sources=[media]) as obs:
        yield obs


def recorded(obs: Sandbox, act: Callable[[], None]) -> list[Any]:
    """Every frame of the program for RECORD_S, with `act` again and again."""
    helpers.wait_mattes(obs, more=10)
    obs.ws.start_record()
    eventually(lambda: obs.ws.get_record_status().output_active, "the recording starts")
    last = time.monotonic() + RECORD_S
    while time.monotonic() < last:
        act()
    file = Path(obs.ws.stop_record().output_path)
    eventually(lambda: not obs.ws.get_record_status().output_active, "the recording ends")
    return helpers.read_clip(file)


def assert_never_blinks(obs: Sandbox, act: Callable[[], None]) -> None:
    frames = recorded(obs, act)
    levels = [[float(inside(at, frame).mean()) / 255 for at in (LEFT, RIGHT)] for frame in frames]
    gone = [number for number, both in enumerate(levels) if max(both) < 0.9]
    ghosts = [number for number, both in enumerate(levels) if min(both) > 0.05 or 0.05 < max(both) < 0.9]
    resets = helpers.only(obs)["epoch"]
    print(f"\n{len(frames)} frames, {resets} resets: {len(gone)} empty, {len(ghosts)} with a ghost")
    seen = np.array(levels) > 0.9
    assert seen.any(axis=0).all(), "not both squares were recorded"
    assert not gone, f"nobody in frames {gone} of {len(frames)}"
    assert not ghosts, f"a ghost in frames {ghosts} of {len(frames)}"


@pytest.mark.parametrize("is_busy", [False, True], ids=["calm", "busy"])
def test_a_loop_never_blinks(is_busy: bool, looping: Sandbox) -> None:
    with busy_cores(is_busy):
        assert_never_blinks(looping, lambda: time.sleep(0.1))


def test_seeks_and_restarts_never_blink(looping: Sandbox) -> None:
    def act() -> None:
        for cursor_ms in (2000, 500):
            looping.ws.set_media_input_cursor(SOURCE, cursor_ms)
            time.sleep(0.7)
        looping.ws.trigger_media_input_action(SOURCE, MEDIA + "RESTART")
        time.sleep(1.0)
        for action in ("PAUSE", "PLAY"):
            looping.ws.trigger_media_input_action(SOURCE, MEDIA + action)
            time.sleep(0.4)

    assert_never_blinks(looping, act)
