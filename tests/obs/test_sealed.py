"""Without its packages the filter cannot work: then it hides its source, and keeps its settings."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.layout import SITE_PACKAGES_VARIABLE
from installer.sandbox import Sandbox, color_source, filter_entry, image_source, media_source
from tests.obs.helpers import write_clip

WIDTH, HEIGHT = 320, 180
ROOM, BEHIND = (200, 30, 30), (0, 102, 204)
TOLERANCE = 20  # of 255: a video is not coded exactly, and its room is far from what is behind


# libobs draws a still picture below a filter in another way than video, such as a camera's.
@pytest.mark.parametrize("kind", ["still", "video"])
def test_missing_packages_hide_the_source(
    kind: str,
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    write_picture: Callable[[Path, Any], Path],
    read_picture: Callable[[Path], Any],
) -> None:
    pixels = np.full((HEIGHT, WIDTH, 3), ROOM, np.uint8)
    saved = {"mode": "blur", "blur_strength": 0.25}
    matting = filter_entry("rvm_background_filter", "RVM", saved)
    if kind == "still":
        room = image_source("room", write_picture(tmp_path / "room.png", pixels), [matting])
    else:
        room = media_source("room", write_clip(tmp_path / "room.mp4", [(pixels, 2.0)]), [matting])
    back = color_source("back", 0xFF000000 | BEHIND[2] << 16 | BEHIND[1] << 8 | BEHIND[0], WIDTH, HEIGHT)
    empty = tmp_path / "no-packages"
    empty.mkdir()
    with sandbox(
        width=WIDTH,
        height=HEIGHT,
        sources=[back, room],
        # Python in OBS takes the packages of whatever environment comes first on PATH.
        env={SITE_PACKAGES_VARIABLE: str(empty), "PATH": os.defpath},
    ) as obs:
        obs.wait_log(r"hides its sources: The package \w+ is missing")
        picture = read_picture(obs.screenshot("Main", tmp_path / "shot.png", WIDTH, HEIGHT))
        assert np.abs(picture[..., :3].astype(int) - BEHIND).max() <= 1
        obs.ws.set_source_filter_enabled("room", "RVM", False)
        picture = read_picture(obs.screenshot("Main", tmp_path / "shot.png", WIDTH, HEIGHT))
        assert np.abs(picture[..., :3].astype(int) - ROOM).max() <= TOLERANCE, "no room was to be hidden"
        obs.ws.remove_source_filter("room", "RVM")
        obs.ws.create_source_filter("room", "RVM", "rvm_background_filter", saved)
        assert obs.quit() == 0
    kept = json.loads(obs.home.collection.read_text())
    room_source = next(source for source in kept["sources"] if source["name"] == "room")
    assert room_source["filters"][0]["settings"] == saved
    assert obs.leaks() <= 1
