"""Several filters in one OBS: they share the time, the program first, and hidden ones need none.

Every matte is made to take longer, in which the processor rests: how fast the computer is, and what else it
does, changes little.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from installer.sandbox import image_source, scene
from tests.obs.helpers import let_frames_pass
from tests.obs.patience import limit_s
from tests.obs.picture_helpers import FILTER, Lab, matting, room, wait_until, write_png

CAMERAS = ("One", "Two", "Three")
WIDTH, HEIGHT = 320, 180
MATTE_S = 0.06
"""Well below the half second after which a preview has its turn."""
LONG_MATTE_S = 0.25
"""Much longer than a picture needs to its worker, where OBS is late."""
MATTES = 30
LONG_MATTES = 12
PREVIEW_PER_S = 2.5
"""A preview has a turn each half second; of equal shares it would have three times as many."""
SHOWINGS = 5
FRAMES = 15
"""After which OBS shows what was chosen, and the matte under way has ended."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("several")
    picture = write_png(folder / "room.png", room(WIDTH, HEIGHT))
    lab = Lab(folder)
    with lab.running(
        width=WIDTH,
        height=HEIGHT,
        sources=[image_source(name, picture, [matting()]) for name in CAMERAS],
        scenes=[
            scene("All", CAMERAS, WIDTH, HEIGHT),
            scene("Only one", CAMERAS[:1], WIDTH, HEIGHT),
            scene("Only two", CAMERAS[1:2], WIDTH, HEIGHT),
        ],
    ):
        for name in CAMERAS:
            lab.wait_status(name, lambda status: status["mattes"] > 0, "a matte")
        lab.call("slow_down", seconds=MATTE_S)
        yield lab
        assert lab.obs.quit() == 0


def test_three_have_the_same_and_the_one_left_has_all(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.call("slow_down", seconds=LONG_MATTE_S)
    let_frames_pass(lab.obs, FRAMES)
    lab.call("most_at_once")
    together = _mattes_per_second(lab, 3 * LONG_MATTES)
    assert lab.call("most_at_once") == 1, "they fight for the processor"
    assert max(together.values()) < 1.3 * min(together.values())
    for name in CAMERAS[1:]:
        _set_visible(lab, name, is_visible=False)
    _wait_mattes(lab, CAMERAS[0], len(CAMERAS) + 1)  # pictures of the others may have waited for their turn
    alone = _mattes_per_second(lab, LONG_MATTES)
    for name in CAMERAS[1:]:
        _set_visible(lab, name, is_visible=True)
    lab.call("slow_down", seconds=MATTE_S)
    with capsys.disabled():
        print(f"\nmattes a second of three filters, {_text(together)}; with two hidden, {_text(alone)}")
    assert alone[CAMERAS[0]] > 1.6 * together[CAMERAS[0]]
    assert not alone[CAMERAS[1]]
    assert not alone[CAMERAS[2]]


def test_a_source_that_is_shown_again_is_matted_at_once(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    delays: dict[int, list[float]] = {1: [], 3: []}
    for shown, found in delays.items():
        for name in CAMERAS[1:]:
            _set_visible(lab, name, is_visible=shown == len(CAMERAS))
        for _ in range(SHOWINGS):
            _set_visible(lab, CAMERAS[0], is_visible=False)
            let_frames_pass(lab.obs, FRAMES)
            found.append(lab.call("show", scene="All", source=CAMERAS[0]))
    with capsys.disabled():
        texts = (
            f"{shown} shown: {', '.join(f'{delay:.0f}' for delay in found)}"
            for shown, found in delays.items()
        )
        print(f"\nms until a source shown again has a matte of {1000 * MATTE_S:.0f} ms, {'; '.join(texts)}")
    assert max(delays[1]) < 1000 * limit_s(3)
    assert max(delays[3]) < 1000 * limit_s(3)


def test_the_program_comes_before_a_preview_which_is_not_forgotten(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    ws = lab.obs.ws
    ws.set_current_program_scene("Only one")
    ws.set_studio_mode_enabled(True)
    ws.set_current_preview_scene("Only two")
    try:
        wait_until(
            lambda: ws.get_current_preview_scene().current_preview_scene_name == "Only two", "the preview"
        )
        let_frames_pass(lab.obs, FRAMES)
        rates = _mattes_per_second(lab, 2 * MATTES)
    finally:
        ws.set_studio_mode_enabled(False)
        ws.set_current_program_scene("All")
    with capsys.disabled():
        print(f"\nmattes a second of the program and of a preview, {_text(rates)}")
    assert 0 < rates["Two"] < limit_s(PREVIEW_PER_S)
    assert rates["One"] > 1.2 * rates["Two"]
    assert not rates["Three"]


def test_one_that_hangs_keeps_nobody_from_matting_or_going(lab: Lab) -> None:
    """Must be the last one: a filter is gone afterwards."""
    lab.call("hang", source="Two")
    time.sleep(0.5)
    before = _made(lab)
    wait_until(lambda: _made(lab)["One"] > before["One"] + 10, "mattes beside one that hangs")
    lab.obs.ws.remove_source_filter("Three", FILTER)
    wait_until(lambda: "Three" not in _made(lab), "the filter's end, which may have waited for its turn")
    during = _made(lab)
    assert during["Two"] <= before["Two"] + 1, "it did not hang"
    lab.call("go_on")
    wait_until(lambda: _made(lab)["Two"] > during["Two"] + 10, "mattes after hanging")


def _wait_mattes(lab: Lab, camera: str, mattes: int) -> None:
    before = _made(lab)[camera]
    wait_until(lambda: _made(lab)[camera] >= before + mattes, f"{mattes} mattes of {camera}")


def _mattes_per_second(lab: Lab, mattes: int) -> dict[str, float]:
    """Of each camera, over so many mattes of all."""
    before, began = _made(lab), time.monotonic()
    wait_until(lambda: sum(_made(lab).values()) >= sum(before.values()) + mattes, f"{mattes} mattes")
    after, ended = _made(lab), time.monotonic()
    return {name: (after[name] - before[name]) / (ended - began) for name in CAMERAS}


def _made(lab: Lab) -> dict[str, int]:
    """Mattes so far, by camera."""
    counts: dict[str, int] = lab.call("mattes")
    return counts


def _text(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {rate:.1f}" for name, rate in rates.items())


def _set_visible(lab: Lab, name: str, *, is_visible: bool) -> None:
    item = lab.obs.ws.get_scene_item_id("All", name).scene_item_id
    lab.obs.ws.set_scene_item_enabled("All", item, is_visible)
