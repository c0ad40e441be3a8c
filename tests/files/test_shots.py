"""Cuts inside a film, and the first picture of a shot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.video import Converted
from rvm_core.video.shots import WARM_UP_FRAMES
from tests.files import films

LEFT, RIGHT = (slice(24, 40), slice(14, 30)), (slice(24, 40), slice(64, 80))
"""Within squares at (10, 20) and (60, 20), which are far enough apart to look like a cut."""
BEFORE, AFTER = (slice(8, 24), slice(4, 20)), (slice(8, 24), slice(28, 44))
"""Within squares at (0, 4) and (24, 4), which are not."""


def mattes(output: Path) -> NDArray[Any]:
    return films.pictures(output, films.WIDTH, films.HEIGHT)[..., 1] / 255


def edited(ffmpeg: Callable[..., None], folder: Path) -> Path:
    """Twenty pictures with the square on the left, cut to twenty on another ground with it on the right."""
    parts = [
        films.squares(ffmpeg, folder / "one.mp4", (10, 20), seconds=0.8, ground="0x102030"),
        films.squares(ffmpeg, folder / "two.mp4", (60, 20), seconds=0.8, ground="0x603010"),
    ]
    film = folder / "film.mp4"
    joined = ("-filter_complex", "[0:v][1:v]concat=n=2", "-c:v", "libx264", "-crf", 4, "-pix_fmt", "yuv420p")
    ffmpeg("-i", parts[0], "-i", parts[1], *joined, film)
    return film


def test_a_cut_leaves_no_ghost(
    tmp_path: Path, ffmpeg: Callable[..., None], convert: Callable[..., Converted]
) -> None:
    convert(edited(ffmpeg, tmp_path), tmp_path / "out.mp4", mode="matte", crf=4)
    seen = mattes(tmp_path / "out.mp4")
    assert len(seen) == 40
    assert seen[(19, *LEFT)].min() > 0.9
    assert seen[(20, *LEFT)].max() < 0.1, "the graph leaves 0.7 of its last matte where it is not begun anew"
    assert seen[(20, *RIGHT)].min() > 0.9


def test_within_a_shot_the_state_goes_on(
    tmp_path: Path, ffmpeg: Callable[..., None], convert: Callable[..., Converted]
) -> None:
    clip = films.squares(ffmpeg, tmp_path / "in.mp4", (0, 4), (24, 4), seconds=1.6)
    convert(clip, tmp_path / "out.mp4", mode="matte", crf=4)
    assert mattes(tmp_path / "out.mp4")[(20, *BEFORE)].min() > 0.5, (
        "the graph's ghost shows that nothing began anew"
    )


def test_two_pass_knows_what_comes(
    tmp_path: Path, ffmpeg: Callable[..., None], convert: Callable[..., Converted]
) -> None:
    """Each shot's square moves in its third picture: only who has seen that leaves a ghost in the first."""
    clip = tmp_path / "in.mp4"
    places = "drawbox=x=0:y=4:w=24:h=24:color=0xF0E8E0:t=fill:enable='lt(mod(n,20),2)'"
    places += ",drawbox=x=24:y=4:w=24:h=24:color=0xF0E8E0:t=fill:enable='gte(mod(n,20),2)'"
    ground = "color=c=0x102030:s=96x64:r=25:d=0.8[a];color=c=0x603010:s=96x64:r=25:d=0.8[b];[a][b]concat=n=2,"
    ffmpeg(*("-filter_complex", ground + places, "-c:v", "libx264", "-crf", 4, "-pix_fmt", "yuv420p", clip))
    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"
    assert convert(clip, one, mode="matte", crf=4).frames == 40
    assert convert(clip, two, mode="matte", crf=4, two_pass=True).frames == 40
    for first in (0, 20):
        assert mattes(one)[(first, *AFTER)].max() < 0.1
        assert mattes(two)[(first, *AFTER)].min() > 0.3
    assert films.times(two) == films.times(one)
    assert np.abs(mattes(two) - mattes(one))[WARM_UP_FRAMES:20].mean() < 0.02


def test_two_pass_of_a_film_shorter_than_the_warm_up(
    tmp_path: Path, ffmpeg: Callable[..., None], convert: Callable[..., Converted]
) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4", seconds=0.12, sound=True)
    result = convert(clip, tmp_path / "out.mp4", two_pass=True)
    assert result.frames == 3
    assert films.packets(tmp_path / "out.mp4", "a") == films.packets(clip, "a")
