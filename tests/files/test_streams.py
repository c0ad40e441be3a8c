"""What a film had, it still has: times, sound, subtitles, chapters, words, turn, shape, colours and depth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rvm_core.video import Converted
from tests.files import films

Convert = Callable[..., Converted]
Ffmpeg = Callable[..., None]

UNEVEN = "settb=1/1000,setpts='PTS+mod(N,3)*0.008/TB'"
LOOK = ("codec_type", "width", "height", "sample_aspect_ratio", "r_frame_rate", "avg_frame_rate")
COLOURS = ("color_range", "color_space", "color_transfer", "color_primaries")


def assert_same_pictures(clip: Path, output: Path, width: int, height: int, bias: float = 0.3) -> None:
    """Where everything is a person nothing changes but by the codec."""
    before, after = (films.pictures(path, width, height).astype(float) for path in (clip, output))
    assert after.shape == before.shape
    difference = np.abs(after - before)
    assert difference.mean() < 1.5
    assert np.percentile(difference, 99) <= 4
    assert abs((after - before).mean()) < bias, "neither darker nor brighter"


@pytest.mark.parametrize("uneven", [False, True], ids=["constant", "variable"])
@pytest.mark.parametrize(
    ("kind", "made"), [("mp4", "mp4"), ("mov", "mp4"), ("mkv", "mkv"), ("mkv", "mp4"), ("mp4", "mkv")]
)
def test_times_sound_and_words(
    kind: str, made: str, uneven: bool, tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert
) -> None:
    clip = films.bright(
        ffmpeg,
        tmp_path / f"in.{kind}",
        *("-metadata", "title=A talk", "-metadata:s:a:0", "language=fra"),
        *(("-fps_mode", "vfr") if uneven else ()),
        filters=UNEVEN if uneven else "",
        sound=True,
    )
    output = tmp_path / f"out.{made}"
    result = convert(clip, output)
    assert (result.frames, result.is_complete, films.warnings(result)) == (films.FPS, True, [])
    precision = 0.0011 if made == "mkv" else 1e-4  # Matroska counts milliseconds
    # Matroska has no time before 0, where the sound's lead-in begins: all streams move together
    later = films.times(output)[0] - films.times(clip)[0]
    assert abs(later) <= (0.0241 if made != kind else precision)
    assert films.times(output) == pytest.approx([time + later for time in films.times(clip)], abs=precision)
    assert len(set(np.diff(films.times(clip)).round(3))) == (2 if uneven else 1)
    before, after = films.packets(clip, "a"), films.packets(output, "a")
    assert [digest for _, digest in after] == [digest for _, digest in before]
    assert [time for time, _ in after] == pytest.approx([time + later for time, _ in before], abs=precision)
    words = films.probe(output, "streams", "format")
    assert words["format"]["tags"]["title"] == "A talk"
    assert [s["tags"]["language"] for s in words["streams"] if s["codec_type"] == "audio"] == ["fra"]
    if kind == made and not uneven:
        mine, theirs = films.video(output), films.video(clip)
        assert {key: mine.get(key) for key in LOOK} == {key: theirs.get(key) for key in LOOK}
    assert_same_pictures(clip, output, films.WIDTH, films.HEIGHT)


def test_subtitles_and_chapters(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    words, chapters = tmp_path / "words.srt", tmp_path / "chapters.txt"
    words.write_text("1\n00:00:00,200 --> 00:00:00,700\nHello\n\n2\n00:00:00,800 --> 00:00:00,950\nthere\n")
    part = "[CHAPTER]\nTIMEBASE=1/1000\nSTART={}\nEND={}\ntitle={}\n"
    chapters.write_text(";FFMETADATA1\n" + part.format(0, 400, "one") + part.format(400, 1000, "two"))
    plain = films.bright(ffmpeg, tmp_path / "plain.mkv", sound=True)
    clip = tmp_path / "in.mkv"
    ffmpeg(
        *(
            "-i",
            plain,
            "-i",
            words,
            "-i",
            chapters,
            "-map",
            0,
            "-map",
            1,
            "-map_metadata",
            2,
            "-c",
            "copy",
            clip,
        )
    )
    output = tmp_path / "out.mkv"
    assert films.warnings(convert(clip, output)) == []
    assert films.packets(output, "s") == films.packets(clip, "s")
    assert len(films.packets(output, "s")) == 2

    def told(path: Path) -> list[tuple[str, str]]:
        return [(c["start_time"], c["tags"]["title"]) for c in films.probe(path, "chapters")["chapters"]]

    assert told(output) == told(clip) == [("0.000000", "one"), ("0.400000", "two")]
    (warning,) = films.warnings(convert(clip, tmp_path / "out.mp4"))
    assert "subtitles (subrip)" in warning
    assert ".mkv" in warning


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_turned_as_a_phone_turns(degrees: int, tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4")
    films.turn(clip, degrees)
    assert any("rotation" in side for side in films.video(clip).get("side_data_list", [])), (
        "the film is turned"
    )
    output = tmp_path / "out.mp4"
    convert(clip, output)
    size = (films.WIDTH, films.HEIGHT) if degrees == 180 else (films.HEIGHT, films.WIDTH)
    found = films.video(output)
    assert (found["width"], found["height"]) == size
    assert not any("rotation" in side for side in found.get("side_data_list", []))
    assert_same_pictures(clip, output, *size)


@pytest.mark.parametrize(
    ("space", "is_full", "size"),
    [
        ("bt709", False, (films.WIDTH, films.HEIGHT)),
        ("smpte170m", False, (films.WIDTH, films.HEIGHT)),
        ("bt709", True, (films.WIDTH, films.HEIGHT)),
        ("bt2020nc", False, (films.WIDTH, films.HEIGHT)),
        ("", False, (films.WIDTH, films.HEIGHT)),
        ("", False, (1280, 64)),
    ],
)
def test_colours(
    space: str, is_full: bool, size: tuple[int, int], tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert
) -> None:
    """Stored numbers and their names stay, whatever they mean."""
    names = ("-colorspace", space, "-color_primaries", "bt709", "-color_trc", "bt709") if space else ()
    flags = "in_range=tv:out_range=pc" if is_full else "in_range=tv:out_range=tv"
    clip = films.bright(
        ffmpeg,
        tmp_path / "in.mp4",
        *names,
        *(("-color_range", "pc") if is_full else ()),
        filters=f"scale={flags}",
        size=size,
        seconds=0.4,
    )
    output = tmp_path / "out.mp4"
    convert(clip, output, crf=4)
    mine, theirs = films.video(output), films.video(clip)
    assert {key: mine.get(key) for key in COLOURS} == {key: theirs.get(key) for key in COLOURS}
    if space:
        assert theirs["color_space"] == space
    assert (theirs.get("color_range") == "pc") == is_full
    luma = [films.pictures(path, *size, "gray").astype(float) for path in (clip, output)]
    assert abs((luma[1] - luma[0]).mean()) < 0.2
    assert np.abs(luma[1] - luma[0]).max() <= 5
    # swscale rounds the colours of full range down, by half a step
    assert_same_pictures(clip, output, *size, bias=0.8 if is_full else 0.3)


def test_an_unnamed_matrix_is_named_where_players_would_guess_another(
    tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert
) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4", seconds=0.2)
    assert "color_space" not in films.video(clip)
    convert(clip, tmp_path / "out.mp4", scale="1280x")
    assert films.video(tmp_path / "out.mp4")["color_space"] in ("bt470bg", "smpte170m")


def test_shape_of_pixels(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4", filters="setsar=4/3", seconds=0.4)
    convert(clip, tmp_path / "out.mp4")
    assert films.video(tmp_path / "out.mp4")["sample_aspect_ratio"] == "4:3"
    convert(clip, tmp_path / "square.mp4", scale="128x64")
    found = films.video(tmp_path / "square.mp4")
    assert (found["width"], found["height"], found["sample_aspect_ratio"]) == (128, 64, "1:1")


@pytest.mark.parametrize(("name", "codec"), [("out.mkv", "ffv1"), ("out.mov", "prores"), ("out.mp4", "h265")])
def test_ten_bits_stay_ten(name: str, codec: str, tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    """A slow ramp, in steps that 8 bits do not have."""
    clip = tmp_path / "in.mkv"
    ramp = "color=c=gray:s=256x64:r=25:d=0.2,format=yuv420p10le,geq=lum='700+X/2':cb=512:cr=512"
    ffmpeg("-f", "lavfi", "-i", ramp, "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", clip)
    output = tmp_path / name
    convert(clip, output, codec=codec)
    before, after = (films.pictures(path, 256, 64, "gray10le") for path in (clip, output))
    assert len(np.unique(before[0, 32])) == 128
    assert "10" in films.video(output)["pix_fmt"]
    assert np.abs(after.astype(int) - before.astype(int)).mean() < 1.0
    assert len(np.unique(after[0, 32])) > 80, "8 bits have 32 steps there"


def test_h264_of_ten_bits_is_said(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4", "-pix_fmt", "yuv420p10le", seconds=0.2)
    (warning,) = films.warnings(convert(clip, tmp_path / "out.mp4"))
    assert "8 bits" in warning
    assert films.video(tmp_path / "out.mp4")["pix_fmt"] == "yuv420p10le"


def test_by_default_what_every_player_shows(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    output = tmp_path / "out.mp4"
    convert(films.bright(ffmpeg, tmp_path / "in.mkv", seconds=0.4), output)
    found = films.video(output)
    assert (found["codec_name"], found["pix_fmt"]) == ("h264", "yuv420p")
    content = output.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat"), "players begin before the whole file is there"


def test_interlaced_is_said(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = films.bright(
        ffmpeg, tmp_path / "in.mkv", *("-flags", "+ilme+ildct", "-x264opts", "tff=1"), filters="setfield=tff"
    )
    assert any("interlaced" in warning for warning in convert(clip, tmp_path / "out.mp4").warnings)


def test_a_part(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4", seconds=2.0, sound=True)
    output = tmp_path / "out.mp4"
    result = convert(clip, output, start=0.6, end=1.4)
    assert result.frames == 20
    assert films.times(output) == pytest.approx([k / 25 for k in range(20)], abs=1e-4)
    whole, part = (films.pictures(path, films.WIDTH, films.HEIGHT).astype(float) for path in (clip, output))
    assert np.abs(part - whole[15:35]).mean() < 1.5
    assert np.abs(part - whole[16:36]).mean() > 1.5, "the test can tell pictures apart"
    before = {digest: time for time, digest in films.packets(clip, "a")}
    sound = films.packets(output, "a")
    assert 0.7 < len(sound) * 1024 / 44100 < 0.9
    assert [time for time, _ in sound] == pytest.approx(
        [before[digest] - 0.6 for _, digest in sound], abs=1e-3
    )


def test_sizes(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4", seconds=0.2)
    result = convert(clip, tmp_path / "half.mp4", scale="0.5")
    assert (result.width, result.height) == (films.WIDTH // 2, films.HEIGHT // 2)
    assert films.video(tmp_path / "half.mp4")["width"] == films.WIDTH // 2
    odd = films.bright(ffmpeg, tmp_path / "odd.mkv", "-pix_fmt", "yuv444p", size=(97, 65), seconds=0.2)
    convert(odd, tmp_path / "even.mp4", crf=4)
    whole = films.pictures(odd, 97, 65).astype(float)
    kept = films.pictures(tmp_path / "even.mp4", 96, 64).astype(float)
    assert np.abs(kept - whole[:, :64, :96]).mean() < 2, "cropped, not squeezed"


def test_sound_all_around(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    """Six channels with two at the sides, as discs have them."""
    clip = tmp_path / "in.mkv"
    sound = "anoisesrc=d=0.4:r=48000,asplit=6,join=inputs=6:channel_layout=5.1(side)"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=c=white:s=96x64:r=25:d=0.4", "-f", "lavfi", "-i", sound),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "ac3", clip),
    )
    assert any("opus" in warning for warning in convert(clip, tmp_path / "out.webm").warnings)
    found = films.probe(tmp_path / "out.webm", "streams", stream="a")["streams"][0]
    assert (found["codec_name"], found["channels"]) == ("opus", 6)


def test_what_is_not_taken_along_is_said(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    cover, plain, clip = tmp_path / "cover.png", tmp_path / "plain.mp4", tmp_path / "in.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=c=red:s=64x64:d=0.04", "-frames:v", 1, cover)
    films.bright(ffmpeg, plain, seconds=0.2)
    ffmpeg(
        *(
            "-i",
            plain,
            "-i",
            cover,
            "-map",
            0,
            "-map",
            1,
            "-c",
            "copy",
            "-disposition:v:1",
            "attached_pic",
            clip,
        )
    )
    assert films.warnings(convert(clip, tmp_path / "out.mp4")) == [
        "Left out of what the input holds: another video stream."
    ]
    clear = tmp_path / "clear.mov"
    ffmpeg("-i", plain, "-c:v", "prores_ks", "-pix_fmt", "yuva444p10le", clear)
    assert any(
        "transparency" in warning for warning in convert(clear, tmp_path / "b.mov", codec="prores").warnings
    )


def test_sound_that_the_container_does_not_hold(tmp_path: Path, ffmpeg: Ffmpeg, convert: Convert) -> None:
    clip = films.bright(ffmpeg, tmp_path / "in.mp4", seconds=1.0, sound=True)
    result = convert(clip, tmp_path / "out.webm", codec="vp9")
    assert any("aac" in warning and "opus" in warning for warning in result.warnings)
    sound = films.probe(tmp_path / "out.webm", "streams", stream="a")["streams"][0]
    assert sound["codec_name"] == "opus"
    last = films.packets(tmp_path / "out.webm", "a")[-1][0]
    assert 1.0 < last < 1.03, "the encoder gave its last packet"
