"""What stands behind the person, and that nothing of the room does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.video import Converted
from tests.files import films

Convert = Callable[..., Converted]
Ffmpeg = Callable[..., None]
PERSON, ROOM = (slice(26, 38), slice(16, 28)), (slice(4, 60), slice(56, 92))
"""Within the square, and far from it."""


@pytest.fixture
def clip(tmp_path: Path, ffmpeg: Ffmpeg) -> Path:
    return films.squares(ffmpeg, tmp_path / "in.mp4", (10, 20))


def shown(output: Path) -> NDArray[Any]:
    return films.pictures(output, films.WIDTH, films.HEIGHT).astype(float)


def test_a_colour(clip: Path, tmp_path: Path, convert: Convert) -> None:
    convert(clip, tmp_path / "out.mp4", background_color=0xFF3040C0, crf=4)
    seen, before = shown(tmp_path / "out.mp4"), shown(clip)
    assert np.abs(seen[(slice(None), *ROOM)] - (0xC0, 0x40, 0x30)).max() <= 4
    assert np.abs(seen - before)[(slice(None), *PERSON)].mean() < 2


def test_an_image_fitted(clip: Path, tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    picture = tmp_path / "halves.png"
    ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "color=c=0x2040E0:s=40x40:d=0.04,drawbox=x=0:y=0:w=40:h=20:color=0xE08020:t=fill",
        ),
        *("-frames:v", 1, picture),
    )
    for fit in ("cover", "contain", "stretch"):
        convert(
            clip,
            tmp_path / f"{fit}.mp4",
            mode="image",
            background_file=str(picture),
            background_fit=fit,
            crf=4,
        )
    cover, contain, stretch = (shown(tmp_path / f"{fit}.mp4")[0] for fit in ("cover", "contain", "stretch"))
    for seen in (cover, stretch):
        assert np.abs(seen[4:28, 60:90] - (0xE0, 0x80, 0x20)).max() <= 8
        assert np.abs(seen[36:60, 60:90] - (0x20, 0x40, 0xE0)).max() <= 8
    assert np.abs(contain[4:60, 84:] - (0, 255, 0)).max() <= 8, "beside the image the colour shows"
    assert np.abs(contain[4:28, 60:76] - (0xE0, 0x80, 0x20)).max() <= 8


def test_a_video_at_its_own_pace_again_and_again(
    clip: Path, tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert
) -> None:
    """Three pictures, a fifth of a second each, behind a film of one second: 0 1 2 0 1."""
    colours = [(0xE0, 0x40, 0x40), (0x40, 0xC0, 0x40), (0x40, 0x40, 0xE0)]
    source = "color=c=black:s=64x64:r=5:d=0.6,format=gbrp,geq="
    source += ":".join(
        f"{letter}='if(eq(N,0),{a[k]},if(eq(N,1),{b[k]},{c[k]}))'"
        for k, letter in enumerate("rgb")
        for a, b, c in [colours]
    )
    behind = tmp_path / "behind.mkv"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-crf", 4, "-pix_fmt", "yuv420p", behind)
    convert(clip, tmp_path / "out.mp4", mode="video", background_file=str(behind), crf=4)
    seen = shown(tmp_path / "out.mp4")[(slice(None), *ROOM)].mean(axis=(1, 2))
    assert len(seen) == 25
    for number, colour in enumerate(seen):
        wanted = colours[number // 5 % 3]
        assert np.abs(colour - wanted).max() < 12, f"picture {number}"


def test_blur_keeps_the_person_out_of_the_room(clip: Path, tmp_path: Path, convert: Convert) -> None:
    convert(clip, tmp_path / "out.mp4", mode="blur", blur_strength=1.0, crf=4)
    seen, before = shown(tmp_path / "out.mp4"), shown(clip)
    assert np.abs(seen - before)[(slice(None), *PERSON)].mean() < 3
    ring = seen[0, 16:20, 14:32]  # just above the square
    assert np.abs(ring - (0x20, 0x24, 0x28)).mean() < 10, "no halo"


def test_blur_blurs(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = tmp_path / "in.mp4"
    stripes = (
        "color=c=black:s=192x128:r=25:d=0.2,format=yuv444p,geq=lum='40+50*mod(floor(X/3),2)':cb=128:cr=128"
    )
    stripes += ",drawbox=x=0:y=0:w=30:h=30:color=white:t=fill"  # or all of it would count as dim
    ffmpeg("-f", "lavfi", "-i", stripes, "-c:v", "libx264", "-crf", 4, "-pix_fmt", "yuv420p", clip)
    contrasts = []
    for strength in (0.0, 0.3, 1.0):
        output = tmp_path / f"{strength}.mp4"
        convert(clip, output, mode="blur", blur_strength=strength, crf=4)
        contrasts.append(films.pictures(output, 192, 128)[0, 40:110, 50:170].astype(float).std())
    assert contrasts[0] > 2 * contrasts[1]
    assert contrasts[1] > contrasts[2]


def test_a_dark_room_in_ten_bits_gets_its_background(
    tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert
) -> None:
    clip = tmp_path / "in.mkv"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=c=0x101010:s=96x64:r=25:d=0.1",
        "-c:v",
        "ffv1",
        "-pix_fmt",
        "yuv420p10le",
        clip,
    )
    convert(clip, tmp_path / "out.mkv", codec="ffv1", background_color=0xFF3040C0)
    assert np.abs(shown(tmp_path / "out.mkv") - (0xC0, 0x40, 0x30)).max() <= 2
