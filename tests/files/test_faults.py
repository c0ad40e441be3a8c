"""Bad input: one clear line, a remedy, exit code 2 or 3, nothing lost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rvm_core import cli
from rvm_core.errors import BackgroundError, SettingsError, VideoError
from rvm_core.video import Converted, replace_background
from tests.files import films
from tests.files.conftest import GOOD

Ffmpeg = Callable[..., None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the films of this module lie."""
    return tmp_path_factory.mktemp("films")


@pytest.fixture
def film(folder: Path, ffmpeg: Ffmpeg) -> Path:
    """Two seconds with sound, its index in front, so that a piece of it can be read."""
    path = folder / "film.mp4"
    if not path.exists():
        films.bright(ffmpeg, path, "-movflags", "+faststart", seconds=2.0, sound=True)
    return path


@pytest.fixture
def bad(folder: Path, film: Path, ffmpeg: Ffmpeg) -> dict[str, Path]:
    """Inputs that nothing can be made of, by name."""
    paths = {
        name: folder / f"{name}.mp4" for name in ("missing", "text", "empty", "no index", "sound", "cover")
    }
    paths["text"].write_text("hello")
    paths["empty"].write_bytes(b"")
    ffmpeg("-i", film, "-c", "copy", paths["no index"])
    paths["no index"].write_bytes(paths["no index"].read_bytes()[:20_000])
    ffmpeg("-i", film, "-vn", "-c", "copy", paths["sound"])
    ffmpeg(*("-f", "lavfi", "-i", "color=c=red:s=64x64:d=0.04", "-frames:v", 1, folder / "cover.png"))
    ffmpeg(
        *("-i", paths["sound"], "-i", folder / "cover.png", "-map", 0, "-map", 1, "-c", "copy"),
        *("-disposition:v:0", "attached_pic", paths["cover"]),
    )
    paths["folder"] = folder
    return paths


def command(*arguments: object) -> int:
    return cli.main(["video", "--model", GOOD, *map(str, arguments)])


def the_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr."""
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("obs-rvm: ")
    assert output.err.count("\n") == 1
    return output.err


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "There is no file .*Check its name"),
        ("folder", "is a folder.*Name a video file"),
        ("text", "not a video that can be read"),
        ("empty", "not a video that can be read"),
        ("no index", "may lack its index"),
        ("sound", "has no video stream"),
        ("cover", "has no video stream"),
    ],
)
def test_inputs(
    name: str, words: str, bad: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.mp4"
    output.write_text("old")
    assert command(bad[name], "-o", output, "--mode", "color", "--overwrite") == 2
    assert re.search(words, the_line(capsys))
    assert output.read_text() == "old"
    assert films.names(tmp_path) == ["out.mp4"]


@pytest.mark.usefixtures("data")
def test_no_picture_at_all(
    folder: Path, ffmpeg: Ffmpeg, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = folder / "nothing.mkv"
    ffmpeg("-f", "lavfi", "-i", "color=s=64x64:d=1", "-frames:v", 0, "-c:v", "libx264", empty)
    assert command(empty, "-o", tmp_path / "out.mp4", "--mode", "color") == 2
    assert re.search("no picture|not a video|no video", the_line(capsys))


OUTPUTS = [
    (["-o", "out.avi"], r"\.avi does not end in a format"),
    (["-o", "nowhere/out.mp4"], "There is no folder"),
    (["-o", "/proc/out.mp4"], "cannot be written"),
    (["-o", "out.png"], "is one picture.*%05d"),
    (["-o", "out.mp4", "--mode", "transparent"], "holds no alpha.*ProRes"),
    (["-o", "out.mp4", "--codec", "prores"], r"A \.mp4 file does not hold prores.*\.mov"),
    (["-o", "out.mkv", "--codec", "h264", "--mode", "transparent"], "h264 holds no alpha"),
    (["-o", "out.mp4", "--crf", "99"], "crf cannot be 99.*0 .* to 51"),
    (["-o", "out.mkv", "--codec", "ffv1", "--crf", "9"], "ffv1 has no crf"),
    (["-o", "out.mp4", "--scale", "big"], "There is no scale 'big'"),
    (["-o", "out.mp4", "--scale", "0"], "makes 0 x 0"),
    (["-o", "out.mp4", "--scale", "99999x"], "16384"),
    (["-o", "out.mp4", "--start", "5"], "lies beyond the end.*2 s"),
    (["-o", "out.mp4", "--start", "2", "--end", "1"], "is none"),
    (["-o", "out.mp4", "--blur-strength", "7"], "blur_strength cannot be 7.0.*0 to 1"),
    (["-o", "out.mp4", "--mode", "image"], "No background image is chosen"),
    (["-o", "out.mp4", "--mode", "image", "--background-file", "nothing.png"], "nothing.png cannot be read"),
    (["-o", "out.mp4", "--mode", "video"], "No background video is chosen"),
    (
        ["-o", "out.mp4", "--mode", "video", "--background-file", "nothing.mp4"],
        "There is no file nothing.mp4",
    ),
    (
        ["-o", "out.mp4", "--mode", "video", "--background-file", "text.txt"],
        "background text.txt is not a video",
    ),
    (["-o", "out.mp4", "--model", "rvm_resnet50"], "rvm_resnet50 is not on this computer.*models get"),
    (["-o", "out.mp4", "--provider", "cuda"], "cuda cannot be used"),
]


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("arguments", "words"), OUTPUTS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_outputs_and_options(
    arguments: list[str],
    words: str,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("hello")
    assert command(film, "--mode", "color", *arguments) == 2
    assert re.search(words, the_line(capsys))
    assert films.names(tmp_path) == ["text.txt"]


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--codec", "theora"], "invalid choice: 'theora'"),
        (["--mode", "magic"], "invalid choice: 'magic'"),
        (["--background-color", "green"], "'green' is no colour"),
        (["--start", "soon"], "'soon' is no time"),
    ],
)
def test_words_that_the_command_does_not_know(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command("film.mp4", "-o", "out.mp4", *arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.usefixtures("data")
def test_the_input_is_never_the_output(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, linked = tmp_path / "film.mp4", tmp_path / "link.mp4"
    own.write_bytes(film.read_bytes())
    linked.symlink_to(own)
    for output in (own, linked):
        assert command(own, "-o", output, "--mode", "color", "--overwrite") == 2
        assert "same file" in the_line(capsys)
    assert own.read_bytes() == film.read_bytes()
    assert command(own, "-o", own, "--mode", "color") == 2
    assert "--overwrite" in the_line(capsys)


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_a_film_that_breaks_off(
    kind: str, film: Path, ffmpeg: Ffmpeg, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What could be read is there, with a warning and an exit code of its own."""
    whole = tmp_path / f"whole.{kind}"
    ffmpeg("-i", film, "-c", "copy", "-movflags", "+faststart", whole)
    broken, output = tmp_path / f"broken.{kind}", tmp_path / "out.mp4"
    content = whole.read_bytes()
    broken.write_bytes(content[: len(content) * 6 // 10])
    assert command(broken, "-o", output, "--mode", "color", "--json") == 3
    seen = capsys.readouterr()
    result = json.loads(seen.out)
    assert result["is_complete"] is False
    assert "damaged or incomplete" in seen.err
    assert 15 < result["frames"] < 45
    assert len(films.times(output)) == result["frames"]


@pytest.mark.usefixtures("data")
def test_a_film_with_a_damaged_picture(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(film.read_bytes())
    middle = content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2
    for place in range(middle, middle + 4000, 37):
        content[place] ^= 0x55
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    assert command(broken, "-o", tmp_path / "out.mp4", "--mode", "color") == 3
    assert "a picture is damaged" in capsys.readouterr().err
    assert len(films.times(tmp_path / "out.mp4")) > 30


def test_damaged_sound_that_is_encoded_anew(
    film: Path, ffmpeg: Ffmpeg, tmp_path: Path, convert: Callable[..., Converted]
) -> None:
    """The pictures are all there; what of the sound cannot be decoded is missing, and that is said."""
    clip = tmp_path / "in.mkv"
    ffmpeg("-i", film, "-c:v", "copy", "-c:a", "flac", clip)
    places = [packet["pos"] for packet in films.probe(clip, "packets", stream="a")["packets"]]
    content = bytearray(clip.read_bytes())
    for place in map(int, places[5:15]):
        start = content.index(b"\xff\xf8", place)  # FLAC's sync code
        content[start : start + 40] = bytes(40)
    clip.write_bytes(content)
    result = convert(clip, tmp_path / "out.webm")
    assert result.frames == 50
    assert not result.is_complete
    assert "Some of the sound was damaged, and is missing." in result.warnings


@pytest.mark.usefixtures("data")
def test_a_network_that_fails(film: Path, tmp_path: Path) -> None:
    from rvm_core.errors import InferenceError

    with pytest.raises(InferenceError):
        replace_background(film, tmp_path / "out.mp4", model="graph_nan", mode="color")
    assert films.names(tmp_path) == []


def test_from_python_too(film: Path, tmp_path: Path, convert: Callable[..., Converted]) -> None:
    with pytest.raises(VideoError):
        convert(tmp_path / "nothing.mp4", tmp_path / "out.mp4")
    with pytest.raises(SettingsError, match="no setting 'colour'"):
        convert(film, tmp_path / "out.mp4", colour="red")
    with pytest.raises(SettingsError, match="mode cannot be"):
        convert(film, tmp_path / "out.mp4", mode="magic")
    with pytest.raises(BackgroundError):
        convert(film, tmp_path / "out.mp4", mode="image", background_file=str(tmp_path / "nothing.png"))
    assert films.names(tmp_path) == []
