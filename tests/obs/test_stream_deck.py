"""Presets and scenes changed by obs-websocket, as a stream deck does, while OBS records.

Every frame of the recording is looked at: the room is a checkerboard that nothing else has.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.sandbox import color_source, image_source, scene
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
    sharpness,
    wait_until,
    write_png,
)
from tests.obs.test_pictures import film

WIDTH, HEIGHT = 320, 180
BEHIND = 0xFF306080
CHANGES = 100
LOOKS: dict[str, dict[str, Any]] = {
    "Cut out": {"mode": "transparent"},
    "Blurred": {"mode": "blur", "blur_strength": 0.8},
    "Green": {"mode": "color", "edge_feather_px": 4.0},
    "Picture": {"mode": "image", "background_file": "plain.png", "light_wrap": 0.5},
    "Moving": {"mode": "video", "background_file": "plain.mp4"},
    "Other source": {"mode": "source", "background_source": "Behind"},
}
"""Presets of the user's own."""


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a camera in three scenes, and a preset of the user's own for each kind of look."""
    lab = Lab(tmp_path_factory.mktemp("deck"))
    write_png(lab.folder / "plain.png", np.full((36, 64, 3), (0, 120, 0), np.uint8))
    film(lab.folder / "plain.mp4", [np.full((72, 128, 3), (0, 90, 200), np.uint8)] * 30)
    room_file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    sources = [color_source("Behind", BEHIND, WIDTH, HEIGHT), image_source("Camera", room_file, [matting()])]
    scenes = [scene(name, ["Behind", "Camera"], WIDTH, HEIGHT) for name in ("One", "Two", "Three")]
    scenes.append(scene("Break", ["Behind"], WIDTH, HEIGHT))
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes):
        for name, look in LOOKS.items():
            if "background_file" in look:
                look = {**look, "background_file": str(lab.folder / look["background_file"])}
            lab.call("save_preset", preset=name, values={**GOOD, **look})
        yield lab


def values(lab: Lab) -> dict[str, Any]:
    found = lab.obs.ws.get_source_filter("Camera", FILTER).filter_settings
    return dict(found)


def choose(lab: Lab, name: str) -> None:
    lab.change("Camera", preset=name)
    wait_until(
        lambda: not lab.call("is_preset_changed", preset=name, values=values(lab)),
        lambda: f"{name} does not become the filter's: {values(lab)}",
    )


def test_a_preset_that_is_chosen_becomes_the_filters_values(deck: Lab) -> None:
    for name in ("Blurred", "Picture", "Cut out"):
        choose(deck, name)
    deck.change("Camera", edge_shift_px=3.0)
    time.sleep(0.5)
    assert values(deck)["edge_shift_px"] == 3.0, "what is changed afterwards stays"
    choose(deck, "Blurred")
    choose(deck, "Cut out")
    assert values(deck).get("edge_shift_px", 0.0) == 0.0


def test_a_preset_that_is_gone_is_said_and_changes_nothing(deck: Lab) -> None:
    choose(deck, "Green")
    before = values(deck)
    deck.change("Camera", preset="Never saved")
    deck.wait_status("Camera", lambda s: "There is no preset “Never saved”" in s["problem"], "says so")
    assert deck.status("Camera")["state"] == "running"
    assert {**values(deck), "preset": ""} == {**before, "preset": ""}
    choose(deck, "Green")
    deck.wait_status("Camera", lambda s: not s["problem"], "the problem is over")


def test_a_filter_that_is_made_with_a_preset_alone_has_its_values(deck: Lab) -> None:
    ws = deck.obs.ws
    ws.create_source_filter("Behind", "New", FILTER_KIND, {"preset": "Blurred"})
    ws.create_source_filter("Behind", "Saved", FILTER_KIND, {"preset": "Blurred", "mode": "color", **GOOD})
    try:
        wait_until(
            lambda: ws.get_source_filter("Behind", "New").filter_settings.get("blur_strength") == 0.8,
            "its values do not come",
        )
        saved = ws.get_source_filter("Behind", "Saved").filter_settings
        assert saved["mode"] == "color", "what was changed before OBS ended stays"
    finally:
        for name in ("New", "Saved"):
            ws.remove_source_filter("Behind", name)


def test_a_hundred_changes_while_recording_never_show_the_room(deck: Lab) -> None:
    choose(deck, "Cut out")
    ws = deck.obs.ws
    ws.set_current_program_scene("One")
    deck.wait_status("Camera", lambda s: s["mattes"] > 5, "mattes")
    names = itertools.cycle(LOOKS)
    scenes = itertools.cycle(["Two", "Three", "Break", "One"])
    before = deck.obs.stats()
    ws.start_record()
    for number in range(CHANGES):
        if number % 3 == 2:
            ws.set_current_program_scene(next(scenes))
        else:
            deck.change("Camera", preset=next(names))
        time.sleep(0.15)
    file = Path(ws.stop_record().output_path)
    wait_until(lambda: not ws.get_record_status().output_active, "the recording does not end")
    skipped = deck.obs.stats().since(before)
    frames = read_clip(file)
    print(f"\n{len(frames)} frames recorded, {skipped.render_skipped} of {skipped.rendered} missed")
    assert len(frames) > 15 * CHANGES / 10
    raw = sharpness(room(WIDTH, HEIGHT))
    is_person = expected_front(room(WIDTH, HEIGHT))[1] > 0.999
    for number, frame in enumerate(frames):
        assert marker_share(frame, reach=12) < 0.02, f"frame {number} shows the room"
        assert sharpness(frame) < raw / 3, f"frame {number} shows the room's pattern"
    with_person = np.mean([frame[is_person].mean() > 180 for frame in frames])
    assert with_person > 0.6, "the person is in three scenes of four"
