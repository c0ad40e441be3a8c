"""Which format for which file, what a scale means, and the depths of pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvm_core.errors import VideoError
from rvm_core.video.depth import in_8_bits, in_depth, steps
from rvm_core.video.formats import CODECS, choose
from rvm_core.video.scale import scaled


@pytest.mark.parametrize(
    ("name", "has_alpha", "is_deep", "codec", "pixel_format"),
    [
        ("a.mp4", False, False, "h264", "yuv420p"),
        ("a.MOV", False, False, "h264", "yuv420p"),
        ("a.mkv", False, True, "h264", "yuv420p10le"),
        ("a.webm", False, False, "vp9", "yuv420p"),
        ("%05d.png", False, False, "png", "rgb24"),
        ("a.mov", True, False, "prores", "yuva444p10le"),
        ("a.mkv", True, False, "ffv1", "bgra"),
        ("a.webm", True, False, "vp9", "yuva420p"),
        ("%05d.png", True, True, "png", "rgba64be"),
    ],
)
def test_what_an_ending_means(
    name: str, has_alpha: bool, is_deep: bool, codec: str, pixel_format: str
) -> None:
    found = choose(Path(name), "auto", None, has_alpha=has_alpha, is_deep=is_deep)
    assert (found.codec, found.pixel_format, found.has_alpha) == (codec, pixel_format, has_alpha)
    assert found.needs_even_sides == ("420" in pixel_format)


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_each_codec_by_its_name(codec: str) -> None:
    for suffix in CODECS[codec].suffixes:
        name = "%05d.png" if suffix == ".png" else f"a{suffix}"
        assert choose(Path(name), codec, None, has_alpha=False, is_deep=False).codec == codec


def test_crf() -> None:
    assert choose(Path("a.mp4"), "auto", None, has_alpha=False, is_deep=False).options["crf"] == "18"
    assert choose(Path("a.mp4"), "auto", 30, has_alpha=False, is_deep=False).options["crf"] == "30"
    with pytest.raises(VideoError):
        choose(Path("a.mp4"), "auto", 52, has_alpha=False, is_deep=False)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1280x720", (1280, 720)),
        ("x540", (960, 540)),
        ("640x", (640, 360)),
        ("0.5", (960, 540)),
        ("2", (3840, 2160)),
        ("333x", (332, 188)),
        ("0.0001", (2, 2)),
    ],
)
def test_scales(text: str, size: tuple[int, int]) -> None:
    assert scaled(text, 1920, 1080, even=True) == size


def test_odd_sides_where_they_may_be() -> None:
    assert scaled("333x", 1920, 1080, even=False) == (333, 187)


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "0", "nan", "inf", "0x720", "20000x", "12.5x3", "1280x720x3"]
)
def test_no_scales(text: str) -> None:
    with pytest.raises(VideoError, match=r"1280x720"):
        scaled(text, 1920, 1080, even=True)


def test_depths() -> None:
    every = np.arange(256, dtype=np.uint8)
    deep = in_depth(every, np.uint16)
    assert (deep[0], deep[-1]) == (0, 65535)
    np.testing.assert_array_equal(in_8_bits(deep), every)
    assert in_depth(every, np.uint8) is every
    assert steps(np.array([0, 0.5, 1], np.float32), np.uint8).tolist() == [0, 128, 255]
    assert steps(np.array([0, 0.5, 1], np.float32), np.uint16).tolist() == [0, 32768, 65535]
