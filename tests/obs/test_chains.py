"""Two filters above each other, and filters that are rendered less often than each frame.

The camera shows a bright person before a checkerboard that nothing else has, so each recorded frame tells
whether the person is there and whether the room is.  ``OBS_RVM_RECORD_S`` records each chain for longer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer import status
from installer.sandbox import color_source, filter_entry, media_source, scene, source
from tests.obs.conftest import STATUS_FOLDER
from tests.obs.helpers import read_clip
from tests.obs.picture_helpers import (
    FILTER,
    FILTER_KIND,
    GOOD,
    Lab,
    expected_front,
    marker_share,
    matting,
    room,
    wait_until,
)
from tests.obs.test_pictures import film

WIDTH, HEIGHT = 320, 180
SLOW = {"model": "graph_slow"}  # an upper filter that mattes at each frame would render the lower one at each
RECORD_S = float(os.environ.get("OBS_RVM_RECORD_S", "6"))
COUNTED = 100
"""Frames over which the renders of two filters are compared."""
HALF_RATE = filter_entry("obs_rvm_test_half_rate", "Half rate", {})
OUTER = "Outer"
IS_PERSON = expected_front(room(WIDTH, HEIGHT))[1] > 0.999
CHAINS = ("copies", "group", "scene", "nesting", "slow", "slow over a source", "slow nesting", "slow below")
LIVE = {name: f"Live {name}" for name in CHAINS}
OUTERS = {
    "copies": "Camera copies",
    "group": "Holder group",
    "scene": "Live scene",
    "nesting": "Live nesting",
    "slow nesting": "Holder slow nesting",
}
"""The source with the upper one of the two filters."""


def outer() -> dict[str, Any]:
    return filter_entry(FILTER_KIND, OUTER, {**GOOD, **SLOW})


def staged(lab: Lab, clip: Path) -> dict[str, Any]:
    """Sources, scenes and groups: a camera, what holds it, and a live scene for each of CHAINS."""
    own = {name: [matting(**SLOW)] for name in CHAINS}
    own["copies"] = [matting(**SLOW), outer()]
    own["slow"] = [matting(**SLOW), HALF_RATE]
    own["slow over a source"] = [matting(**SLOW, mode="source", background_source="Ground"), HALF_RATE]
    own["slow below"] = [HALF_RATE, matting(**SLOW)]
    cameras = [media_source(f"Camera {name}", clip, filters) for name, filters in own.items()]
    holders = {name: scene(f"Holder {name}", [f"Camera {name}"], WIDTH, HEIGHT) for name in CHAINS}
    items = holders["group"]["settings"] | {"custom_size": True, "cx": WIDTH, "cy": HEIGHT}
    holders["group"] = source("group", "Holder group", items, [outer()])
    holders["slow nesting"]["filters"] = [HALF_RATE, outer()]
    held = ("group", "nesting", "slow nesting")
    live = [
        scene(LIVE[name], [f"{'Holder' if name in held else 'Camera'} {name}"], WIDTH, HEIGHT)
        for name in CHAINS
    ]
    for one in live:
        if one["name"] in (LIVE["scene"], LIVE["nesting"]):
            one["filters"] = [outer()]
    scenes = [*live, *(holders[name] for name in ("nesting", "slow nesting"))]
    scenes.append(scene("Behind", ["Ground"], WIDTH, HEIGHT))  # OBS drops a source that no scene holds
    lab.scripts.append((Path(__file__).with_name("half_rate.lua"), {}))
    ground = color_source("Ground", 0xFF204000, WIDTH, HEIGHT)
    return {"sources": [*cameras, ground, holders["group"]], "scenes": scenes}


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a live scene for each chain."""
    lab = Lab(tmp_path_factory.mktemp("chains"))
    # One loop longer than a recording: a loop is a reset of its own.
    clip = film(lab.folder / "room.mp4", [room(WIDTH, HEIGHT)] * round(30 * (3 * RECORD_S + 30)))
    with lab.running(width=WIDTH, height=HEIGHT, **staged(lab, clip)):
        yield lab


def person(frame: Any) -> float:
    """How bright the person is, 0..1: 1 where nothing covers or misses any part."""
    return float(np.quantile(frame[IS_PERSON], 0.05)) / 255


def go_live(lab: Lab, name: str) -> None:
    lab.obs.ws.set_current_program_scene(LIVE[name])
    wait_until(
        lambda: person(lab.screenshot(LIVE[name], WIDTH, HEIGHT)[..., :3]) > 0.6, f"no person in {name}"
    )
    time.sleep(1.0)


def recorded(lab: Lab, act: Callable[[], None] = lambda: None) -> list[Any]:
    """Every frame of the program for RECORD_S, with `act` in the middle."""
    ws = lab.obs.ws
    ws.start_record()
    wait_until(lambda: ws.get_record_status().output_active, "the recording does not start")
    time.sleep(RECORD_S / 2)
    act()
    time.sleep(RECORD_S / 2)
    file = Path(ws.stop_record().output_path)
    wait_until(lambda: not ws.get_record_status().output_active, "the recording does not end")
    frames = read_clip(file)
    file.unlink()
    assert len(frames) > 5 * RECORD_S, "OBS has recorded hardly anything"
    return frames


def empty(frames: list[Any]) -> list[int]:
    return [number for number, frame in enumerate(frames) if person(frame) < 0.6]


def shows_room(frames: list[Any]) -> list[int]:
    return [number for number, frame in enumerate(frames) if marker_share(frame, reach=12) > 0.01]


def reported(lab: Lab) -> list[dict[str, Any]]:
    """The status of every filter."""
    return status.read(lab.obs.home.root / STATUS_FOLDER)


def resets(lab: Lab, name: str) -> str:
    """For a message: the resets of both filters, and what they matte."""
    keys = ("source", "filter", "resets", "mattes_per_second", "problem")
    found = [one for one in reported(lab) if one["source"].endswith(name)]
    return "\n".join(str({key: one.get(key) for key in keys}) for one in found)


def assert_steady(lab: Lab, name: str, frames: list[Any]) -> None:
    gone, bare = empty(frames), shows_room(frames)
    print(f"\n{name}: {len(gone)} of {len(frames)} frames empty, {len(bare)} with the room")
    assert not bare, f"{name}: the room in frames {bare} of {len(frames)}"
    assert not gone, f"{name}: nobody in frames {gone} of {len(frames)}\n{resets(lab, name)}"


@pytest.mark.parametrize("name", CHAINS)
def test_the_person_stays_and_the_room_does_not_appear(chains: Lab, name: str) -> None:
    go_live(chains, name)
    assert_steady(chains, name, recorded(chains))


@pytest.mark.parametrize("name", OUTERS)
def test_the_lower_filter_sees_every_frame(chains: Lab, name: str) -> None:
    """An upper filter that renders what is below for its own mattes alone would starve the lower one."""
    go_live(chains, name)
    upper, lower = f"{OUTERS[name]}: {OUTER}", f"Camera {name}: {FILTER}"
    before = chains.call("rendered")
    wait_until(
        lambda: chains.call("rendered")[upper] >= before[upper] + COUNTED, "the upper one is not drawn"
    )
    now = chains.call("rendered")
    share = (now[lower] - before[lower]) / (now[upper] - before[upper])
    assert share > (0.45 if "slow" in name else 0.95)


@pytest.mark.parametrize("name", OUTERS)
def test_the_outer_filter_is_switched_off_and_on(chains: Lab, name: str) -> None:
    """Off, the lower filter's picture goes on; on, it is hidden until the first matte and never after it."""
    go_live(chains, name)
    ws = chains.obs.ws

    def off() -> None:
        ws.set_source_filter_enabled(OUTERS[name], OUTER, False)

    def on() -> None:
        ws.set_source_filter_enabled(OUTERS[name], OUTER, True)

    try:
        assert_steady(chains, f"{name}, off", recorded(chains, off))
    finally:
        frames = recorded(chains, on)
    gone = empty(frames)
    assert not shows_room(frames), f"{name}: the room in frames {shows_room(frames)} of {len(frames)}"
    assert not gone or gone == list(range(gone[0], gone[-1] + 1)), f"{name} comes and goes: {gone}"
    print(f"\n{name}, on: {len(gone)} frames before the first matte")


def test_preview_and_projectors_change_nothing(chains: Lab) -> None:
    ws = chains.obs.ws
    go_live(chains, "nesting")
    ws.set_studio_mode_enabled(True)
    try:
        ws.set_current_preview_scene(LIVE["copies"])
        for shown in ("Camera nesting", "Holder nesting", LIVE["nesting"]):
            ws.send("OpenSourceProjector", {"sourceName": shown, "monitorIndex": -1})
        time.sleep(1.0)
        assert_steady(chains, "with preview and projectors", recorded(chains))
    finally:
        ws.set_studio_mode_enabled(False)
