"""A background that holds the very source that it is the background of: its room must not be seen there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from installer.sandbox import media_source, scene
from tests.obs.picture_helpers import Lab, expected_front, marker_share, matting, off_share, over, room
from tests.obs.test_backgrounds import CANVAS, GROUND, HEIGHT, STRAY, WIDTH
from tests.obs.test_pictures import film

COLOR = 0xFF000000 | GROUND[2] << 16 | GROUND[1] << 8 | GROUND[0]


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with cameras, which draw themselves, before scenes that hold them and before each other."""
    lab = Lab(tmp_path_factory.mktemp("loops"))
    clip = film(lab.folder / "room.mp4", [room(WIDTH, HEIGHT)] * 30)
    behind = {"Camera": "Air", "One": "Other", "Other": "One"}
    sources = [
        media_source(name, clip, [matting(mode="source", background_source=of, background_color=COLOR)])
        for name, of in behind.items()
    ]
    scenes = [
        scene("Air", ["Camera"], WIDTH, HEIGHT),
        scene("Pair", ["One", "Other"], WIDTH, HEIGHT),
        scene("Live", ["Camera", "One"], WIDTH, HEIGHT),
    ]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes):
        yield lab


@pytest.mark.parametrize(
    ("name", "shown"), [("Camera", "Air"), ("Camera", "Live"), ("One", "Live"), ("One", "Pair")]
)
def test_a_camera_that_is_somewhere_in_its_own_background_never_shows_its_room(
    loops: Lab, name: str, shown: str
) -> None:
    alpha = expected_front(room(WIDTH, HEIGHT))[1]
    is_sure = (alpha > 0.999) | (alpha < 0.001)  # soft edges add up where two show each other
    right = over(expected_front(room(WIDTH, HEIGHT)), np.broadcast_to(GROUND, (HEIGHT, WIDTH, 3)))
    loops.obs.ws.set_current_program_scene(shown)
    picture = loops.wait_picture(name, CANVAS, lambda seen: off_share(seen, right, 2, is_sure) <= STRAY)
    assert off_share(picture, right, 2, is_sure) <= STRAY, loops.status(name)
    for _ in range(10):
        assert marker_share(loops.screenshot(name, *CANVAS)) < 0.01
