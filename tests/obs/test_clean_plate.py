"""Background Matting V2's interface in OBS: a clean plate captured by the button, used, and watched over.

The room is a pattern that looks like nothing near it; the person is a bright square before it.
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
from tests.obs.picture_helpers import FILTER, Lab, matting, read_png, wait_until, write_png

WIDTH, HEIGHT = 640, 360
CANVAS = (WIDTH, HEIGHT)
NAME, PLATE = "Room", {"model": "graph_plate"}
BEHIND = (0x30, 0x60, 0x80)
PERSON = np.s_[100:260, 240:400]
MOVED_PX = 40

Picture = Any


def pattern() -> Picture:
    """Blots of any colour, 16 pixels wide, over the whole picture; no blot is bright."""
    coarse = np.random.default_rng(4).integers(0, 120, (HEIGHT // 12 + 1, WIDTH // 16, 3), np.uint8)
    return np.repeat(np.repeat(coarse, 12, axis=0), 16, axis=1)[:HEIGHT]


def with_person(picture: Picture) -> Picture:
    seen = picture.copy()
    seen[PERSON] = 250
    return seen


class Camera:
    """The file that OBS's image source shows."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def shows(self, picture: Picture) -> None:
        """Let OBS show it; returns when it does."""
        file = write_png(self._lab.folder / f"{time.monotonic_ns()}.png", picture)
        self._lab.obs.ws.set_input_settings(NAME, {"file": str(file)}, True)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("plate"))
    file = write_png(lab.folder / "empty.png", pattern())
    sources = [color_source("Behind", 0xFF806030, WIDTH, HEIGHT), image_source(NAME, file, [matting()])]
    scenes = [scene("Air", ["Behind", NAME], WIDTH, HEIGHT)]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes):
        yield lab


def setting(lab: Lab) -> str:
    values = lab.obs.ws.get_source_filter(NAME, FILTER).filter_settings
    return str(values.get("plate", ""))


def capture(lab: Lab) -> None:
    assert lab.call("click", source=NAME, filter=FILTER, button="take_plate")


def is_room_hidden(picture: Picture) -> bool:
    """Whether the program shows what is behind wherever no person is."""
    beside = np.ones((HEIGHT, WIDTH), bool)
    beside[80:280, 220:420] = False
    return bool((np.abs(picture[beside][:, :3].astype(int) - BEHIND).max(axis=1) <= 3).mean() > 0.999)


def is_matted(picture: Picture) -> bool:
    return is_room_hidden(picture) and bool(picture[120:240, 260:380, :3].min() > 240)


def test_without_a_plate_nothing_is_shown_and_the_way_to_one_is_said(lab: Lab) -> None:
    lab.change(NAME, **PLATE)
    said = lab.wait_status(NAME, lambda s: "No clean plate" in s["problem"], "does not miss the plate")
    assert said["state"] == "failed"
    time.sleep(0.5)
    assert lab.status(NAME)["problem"] == said["problem"]
    assert len([line for line in lab.filter_log() if line.startswith("error")]) == 1
    shown = lab.call("properties", source=NAME, filter=FILTER)
    button = next(one for one in shown if one["name"] == "take_plate")
    assert button["visible"]
    assert "Capture clean plate" in button["text"]
    assert next(one for one in shown if one["name"] == "plate")["visible"]
    assert is_room_hidden(lab.wait_picture("Air", CANVAS, is_room_hidden))


def test_the_button_counts_down_captures_and_the_matte_comes(lab: Lab) -> None:
    capture(lab)
    seen: set[str] = set()

    def counted() -> bool:
        text = lab.call("properties", source=NAME, filter=FILTER)[0]["text"]
        seen.update(f"{left} …" for left in range(1, 6) if f"Leave the picture: {left} …" in text)
        return bool(setting(lab))

    wait_until(counted, "no plate is captured")
    assert len(seen) >= 4, "it does not count down"
    file = Path(setting(lab))
    assert file.parent == lab.data / "plates"
    assert np.abs(read_png(file)[..., :3].astype(int) - pattern()).max() <= 2
    lab.wait_status(NAME, lambda s: s["state"] == "running", "does not run")
    picture = lab.wait_picture("Air", CANVAS, is_room_hidden)
    assert (np.abs(picture[..., :3].astype(int) - BEHIND) <= 3).all(), "somebody is in the empty room"
    Camera(lab).shows(with_person(pattern()))
    assert is_matted(lab.wait_picture("Air", CANVAS, is_matted))


def test_a_moved_camera_is_said_and_hides_until_it_is_put_back(lab: Lab) -> None:
    Camera(lab).shows(with_person(pattern()))
    assert is_matted(lab.wait_picture("Air", CANVAS, is_matted))
    Camera(lab).shows(with_person(np.roll(pattern(), MOVED_PX, axis=1)))
    said = lab.wait_status(NAME, lambda s: "camera has moved" in s["problem"], "does not notice")
    assert said["state"] == "failed"
    assert "capture the clean plate again" in said["remedy"]
    for _ in range(4):
        assert is_room_hidden(lab.screenshot("Air", *CANVAS))
    lab.wait_picture("Air", CANVAS, lambda seen: not is_matted(seen))
    Camera(lab).shows(with_person(pattern()))
    lab.wait_status(NAME, lambda s: not s["problem"] and s["state"] == "running", "still complains")
    assert is_matted(lab.wait_picture("Air", CANVAS, is_matted))


def test_the_room_is_never_recorded_when_the_camera_is_knocked(lab: Lab) -> None:
    import av

    Camera(lab).shows(with_person(pattern()))
    assert is_matted(lab.wait_picture("Air", CANVAS, is_matted))
    ws = lab.obs.ws
    ws.start_record()
    wait_until(lambda: ws.get_record_status().output_active, "the recording starts")
    time.sleep(0.5)
    Camera(lab).shows(with_person(np.roll(pattern(), MOVED_PX, axis=1)))
    lab.wait_status(NAME, lambda s: "camera has moved" in s["problem"], "does not notice")
    time.sleep(0.3)
    file = Path(ws.stop_record().output_path)
    wait_until(lambda: not ws.get_record_status().output_active, "the recording ends")
    with av.open(str(file)) as recording:
        shares = [share_of_room(frame.to_ndarray(format="rgb24")) for frame in recording.decode(video=0)]
    assert max(shares) < 0.02, f"of {len(shares)} pictures number {int(np.argmax(shares))} shows the room"
    Camera(lab).shows(with_person(pattern()))
    lab.wait_status(NAME, lambda s: not s["problem"], "still complains")


def share_of_room(picture: Picture) -> float:
    beside = np.ones((HEIGHT, WIDTH), bool)
    beside[80:280, 220:420] = False
    return float((np.abs(picture[beside].astype(int) - BEHIND).max(axis=1) > 24).mean())


def test_something_that_moves_spoils_the_capture_and_the_old_plate_stays(lab: Lab) -> None:
    before = setting(lab)
    assert before
    capture(lab)
    pictures = itertools.cycle([pattern(), with_person(pattern())])

    def notices() -> bool:
        Camera(lab).shows(next(pictures))
        return "Something moved" in lab.status(NAME)["problem"]

    wait_until(notices, "does not notice")
    assert setting(lab) == before
    Camera(lab).shows(with_person(pattern()))
    assert is_matted(lab.wait_picture("Air", CANVAS, is_matted))
