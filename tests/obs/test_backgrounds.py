"""What can stand behind the person: a video, another source or scene; fitted, followed, missed, changed."""

from __future__ import annotations

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
    Picture,
    expected_front,
    marker_share,
    matting,
    off_share,
    over,
    room,
    wait_until,
    write_png,
)
from tests.obs.test_pictures import film

WIDTH, HEIGHT = 320, 180
CANVAS = (WIDTH, HEIGHT)
STRAY = 0.002
GROUND = (20, 40, 60)
COLORS = ((200, 0, 0), (0, 120, 0), (0, 90, 220))
QUADRANTS = ((200, 10, 10), (10, 160, 20), (20, 30, 220), (180, 180, 10))
RED = 0xFF2010C0
FITS = ("cover", "contain", "stretch")
DEFAULT_LEAKS = 1  # of OBS without any script


def quartered(width: int, height: int) -> Picture:
    """Four colours; [height, width, 3]."""
    picture = np.empty((height, width, 3), np.uint8)
    x, y = width // 2, height // 2
    picture[:y, :x], picture[:y, x:], picture[y:, :x], picture[y:, x:] = QUADRANTS
    return picture


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a room, and with films and sources to stand behind the person in it."""
    lab = Lab(tmp_path_factory.mktemp("behind"))
    room_file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    film(lab.folder / "colours.mp4", [np.full((72, 128, 3), c, np.uint8) for c in COLORS for _ in range(20)])
    film(lab.folder / "one colour.mp4", [np.full((72, 128, 3), COLORS[2], np.uint8)] * 30)
    (lab.folder / "no film.mp4").write_text("This is no film.")
    sources = [
        color_source("Plain", RED, 64, 36),
        image_source("Wide", write_png(lab.folder / "wide.png", quartered(400, 100))),
        image_source("Room", room_file, [matting()]),
    ]
    scenes = [
        scene("Empty", [], WIDTH, HEIGHT),
        scene("Air", ["Room"], WIDTH, HEIGHT),
        scene("Set", ["Plain"], WIDTH, HEIGHT),
        scene("Others", ["Wide"], WIDTH, HEIGHT),  # OBS drops a source that no scene has
    ]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes):
        yield lab


def show(lab: Lab, **settings: Any) -> None:
    lab.reset_filter(
        "Room", background_color=0xFF000000 | GROUND[2] << 16 | GROUND[1] << 8 | GROUND[0], **settings
    )
    lab.obs.ws.set_current_program_scene("Air")


def expected(color: Any) -> Any:
    return over(expected_front(room(WIDTH, HEIGHT)), np.broadcast_to(color, (HEIGHT, WIDTH, 3)))


def assert_stands_behind(lab: Lab, color: Any) -> None:
    picture = lab.wait_picture("Room", CANVAS, lambda seen: off_share(seen, expected(color)) <= STRAY)
    assert off_share(picture, expected(color)) <= STRAY, lab.status("Room")


def behind_colour(picture: Picture) -> tuple[int, ...]:
    """The colour of the upper right corner, which is room."""
    return tuple(int(value) for value in picture[10, WIDTH - 10, :3])


def test_a_video_plays_behind_the_person_again_and_again(behind: Lab) -> None:
    show(behind, mode="video", background_file=str(behind.folder / "colours.mp4"))
    assert_stands_behind(behind, COLORS[0])
    seen: list[tuple[int, ...]] = []
    last = time.monotonic() + 20
    while len(seen) < 6 and time.monotonic() < last:
        colour = behind_colour(behind.screenshot("Room", *CANVAS))
        near = [known for known in COLORS if np.abs(np.subtract(known, colour)).max() <= 3]
        if near and (not seen or seen[-1] != near[0]):
            seen.append(near[0])
    assert len(seen) == 6, seen
    first = COLORS.index(seen[0])
    assert seen == [COLORS[(first + step) % 3] for step in range(6)]


def test_a_video_is_silent_and_no_source_of_the_user(behind: Lab) -> None:
    show(behind, mode="video", background_file=str(behind.folder / "one colour.mp4"))
    assert_stands_behind(behind, COLORS[2])
    media = behind.call("background_media", source="Room")
    assert media["muted"]
    assert media["mixers"] == 0
    names = [one["inputName"] for one in behind.obs.ws.get_input_list().inputs]
    assert sorted(names) == ["Plain", "Room", "Wide"]


def test_a_video_rests_while_nobody_sees_it(behind: Lab) -> None:
    show(behind, mode="video", background_file=str(behind.folder / "colours.mp4"))
    assert_stands_behind(behind, COLORS[0])

    def is_paused() -> bool:
        return bool(behind.call("background_media", source="Room")["state"] == "paused")

    assert not is_paused()
    behind.obs.ws.set_current_program_scene("Empty")
    wait_until(is_paused, "the video goes on while its source is hidden")
    before = behind.call("background_media", source="Room")["time_ms"]
    time.sleep(0.5)
    assert behind.call("background_media", source="Room")["time_ms"] == before
    behind.obs.ws.set_current_program_scene("Air")
    wait_until(lambda: not is_paused(), "the video rests while its source is shown")
    behind.obs.ws.set_source_filter_enabled("Room", FILTER, False)
    wait_until(is_paused, "the video goes on while the filter is off")
    behind.obs.ws.set_source_filter_enabled("Room", FILTER, True)
    wait_until(lambda: not is_paused(), "the video rests while the filter is on")


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("absent.mp4", "is not there"),
        (300 * "x", "is not there"),  # longer than a name may be: one cannot even look
        ("", "No background video"),
        ("no film.mp4", "cannot be played"),
    ],
)
def test_a_video_that_cannot_be_played_is_said_and_hides_the_room(behind: Lab, file: str, said: str) -> None:
    show(behind, mode="transparent")
    assert behind.wait_picture("Room", CANVAS, lambda seen: bool(seen[..., 3].any()))[..., 3].any()
    show(behind, mode="video", background_file=str(behind.folder / file) if file else "")
    status = behind.wait_status("Room", lambda s: said in s["problem"], f"says {said}")
    assert status["state"] == "failed"
    picture = behind.wait_picture("Room", CANVAS, lambda seen: not seen[..., 3].any())
    assert not picture[..., 3].any()
    behind.change("Room", background_file=str(behind.folder / "one colour.mp4"))
    assert_stands_behind(behind, COLORS[2])
    assert behind.status("Room")["problem"] == "" or behind.wait_status(
        "Room", lambda s: s["problem"] == "", "is mended"
    )


def test_a_background_source_that_comes_back_without_a_picture_is_said(behind: Lab) -> None:
    ws = behind.obs.ws
    show(behind, mode="source", background_source="Wide", background_fit="stretch")
    behind.wait_picture("Room", CANVAS, lambda seen: behind_colour(seen) == QUADRANTS[1])
    show(behind, mode="color")
    assert_stands_behind(behind, GROUND)
    ws.set_input_settings("Wide", {"file": ""}, True)
    try:
        show(behind, mode="source", background_source="Wide")
        behind.wait_status("Room", lambda s: "has no picture" in s["problem"], "says what is missing")
    finally:
        ws.set_input_settings("Wide", {"file": str(behind.folder / "wide.png")}, True)
    behind.wait_status("Room", lambda s: s["problem"] == "", "is mended")


def test_a_background_that_failed_is_forgotten_with_the_worker_that_knew_of_it(behind: Lab) -> None:
    show(behind, mode="video", background_file="")
    behind.wait_status("Room", lambda s: "No background video" in s["problem"], "says what is missing")
    assert behind.call("end_worker", source="Room")
    behind.change("Room", mode="color")
    assert behind.call("click", source="Room", filter=FILTER, button="try_again")
    assert_stands_behind(behind, GROUND)


@pytest.mark.parametrize("name", ["Plain", "Set"])
def test_another_source_or_scene_stands_behind_the_person(behind: Lab, name: str) -> None:
    show(behind, mode="source", background_source=name, background_fit="stretch")
    assert_stands_behind(behind, (0xC0, 0x10, 0x20))
    assert behind.obs.ws.get_source_active("Plain").video_active, "it is not awake"
    show(behind)
    wait_until(
        lambda: not behind.obs.ws.get_source_active("Plain").video_active, "it does not go to rest again"
    )


@pytest.mark.parametrize("fit", FITS)
def test_another_source_is_fitted(behind: Lab, fit: str) -> None:
    show(behind, mode="source", background_source="Wide", background_fit=fit)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    wide, tall = {"cover": (4 * HEIGHT, HEIGHT), "contain": (WIDTH, WIDTH / 4), "stretch": CANVAS}[fit]
    image_x, image_y = (x - (WIDTH - wide) / 2) / wide, (y - (HEIGHT - tall) / 2) / tall
    background = np.array(QUADRANTS)[(image_y >= 0.5) * 2 + (image_x >= 0.5) * 1].astype(float)
    background[(image_y < 0) | (image_y >= 1)] = GROUND
    edges = [0.0, 0.5, 1.0]
    is_sure = np.ones((HEIGHT, WIDTH), bool)
    for edge in edges:
        is_sure &= (abs(image_x - edge) * wide >= 3) & (abs(image_y - edge) * tall >= 3)
    right = over(expected_front(room(WIDTH, HEIGHT)), background)
    picture = behind.wait_picture("Room", CANVAS, lambda seen: off_share(seen, right, 2, is_sure) <= STRAY)
    assert off_share(picture, right, 2, is_sure) <= STRAY


def test_a_background_source_is_followed_when_it_is_renamed(behind: Lab) -> None:
    show(behind, mode="source", background_source="Plain", background_fit="stretch")
    assert_stands_behind(behind, (0xC0, 0x10, 0x20))
    behind.obs.ws.set_input_name("Plain", "Renamed")
    try:
        wait_until(
            lambda: (
                behind.obs.ws.get_source_filter("Room", FILTER).filter_settings["background_source"]
                == "Renamed"
            ),
            "the setting does not follow",
        )
        assert_stands_behind(behind, (0xC0, 0x10, 0x20))
    finally:
        behind.obs.ws.set_input_name("Renamed", "Plain")
    wait_until(
        lambda: (
            behind.obs.ws.get_source_filter("Room", FILTER).filter_settings["background_source"] == "Plain"
        ),
        "the setting does not follow back",
    )


def test_a_background_source_that_is_deleted_is_said_and_hides_the_room(behind: Lab) -> None:
    ws = behind.obs.ws
    ws.create_input("Set", "Short-lived", "color_source_v3", {"color": RED, "width": 64, "height": 36}, True)
    show(behind, mode="source", background_source="Short-lived", background_fit="stretch")
    assert_stands_behind(behind, (0xC0, 0x10, 0x20))
    ws.remove_input("Short-lived")
    behind.wait_status(
        "Room", lambda s: "There is no source “Short-lived”" in s["problem"], "says what is missing"
    )
    picture = behind.wait_picture("Room", CANVAS, lambda seen: not seen[..., 3].any())
    assert not picture[..., 3].any()
    behind.screenshot("Set", *CANVAS)  # OBS lets go of it when the scene is drawn next
    wait_until(
        lambda: all(one["inputName"] != "Short-lived" for one in ws.get_input_list().inputs),
        "it is not deleted",
    )
    ws.create_input("Set", "Short-lived", "color_source_v3", {"color": RED, "width": 64, "height": 36}, True)
    assert_stands_behind(behind, (0xC0, 0x10, 0x20))
    ws.remove_input("Short-lived")


def test_a_source_that_cannot_be_its_own_background_is_said(behind: Lab) -> None:
    show(behind, mode="source", background_source="Room")
    behind.wait_status("Room", lambda s: "is the one that this filter is on" in s["problem"], "says so")
    # a scene that holds the very source shows everything else of it
    show(behind, mode="source", background_source="Air")
    picture = behind.wait_picture("Room", CANVAS, lambda seen: off_share(seen, expected(GROUND)) <= STRAY)
    assert off_share(picture, expected(GROUND)) <= STRAY


def test_no_change_of_background_shows_the_room_or_an_empty_picture(behind: Lab, tmp_path: Path) -> None:
    """Recorded while the mode goes round: the person stands there in each frame, and the room never does."""
    image = write_png(tmp_path / "plain.png", np.full((36, 64, 3), COLORS[1], np.uint8))
    show(behind, mode="color")
    behind.wait_status("Room", lambda s: s["state"] == "running", "runs")
    rounds: list[dict[str, Any]] = [
        {"mode": "blur"},
        {"mode": "image", "background_file": str(image)},
        {"mode": "video", "background_file": str(behind.folder / "one colour.mp4")},
        {"mode": "source", "background_source": "Plain"},
        {"mode": "blur"},
        {"mode": "transparent"},
        {"mode": "video", "background_file": str(behind.folder / "one colour.mp4")},
        {"mode": "color"},
        {"mode": "source", "background_source": "Plain"},
        {"mode": "image", "background_file": str(image)},
    ]
    ws = behind.obs.ws
    ws.start_record()
    time.sleep(0.5)
    for values in rounds * 2:
        behind.change("Room", **values)
        time.sleep(0.4)
    file = Path(ws.stop_record().output_path)
    wait_until(lambda: not ws.get_record_status().output_active, "the recording does not end")
    frames = read_clip(file)
    assert len(frames) > 100
    is_person = expected_front(room(WIDTH, HEIGHT))[1] > 0.999
    for number, frame in enumerate(frames):
        assert frame[is_person].mean() > 180, f"frame {number}: the person is gone"
        assert marker_share(frame) < 0.01, f"frame {number} shows the room"


def test_obs_ends_in_order_with_every_kind_of_background(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "lab")
    room_file = write_png(tmp_path / "room.png", room(WIDTH, HEIGHT))
    clip = film(tmp_path / "film.mp4", [np.full((72, 128, 3), COLORS[0], np.uint8)] * 30)
    kinds: dict[str, dict[str, Any]] = {
        "Video": {"mode": "video", "background_file": str(clip)},
        "Source": {"mode": "source", "background_source": "Plain"},
        "Scene": {"mode": "source", "background_source": "All"},
    }
    sources = [color_source("Plain", RED, 64, 36)]
    sources += [image_source(name, room_file, [matting(**values)]) for name, values in kinds.items()]
    scenes = [scene("All", ["Plain", *kinds], WIDTH, HEIGHT)]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes):
        for name in kinds:
            lab.wait_status(name, lambda s: s["mattes"] > 5 and not s["problem"], "runs")
        lab.obs.ws.create_source_filter(
            "Plain", "Second", FILTER_KIND, {**GOOD, "mode": "source", "background_source": "Video"}
        )
        lab.obs.ws.remove_source_filter("Source", FILTER)
        time.sleep(1)
        assert lab.obs.quit() == 0
        assert lab.obs.leaks() == DEFAULT_LEAKS
