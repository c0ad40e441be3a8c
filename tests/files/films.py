"""Films for the tests, made and judged by ffmpeg's own programs."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.video import Converted

WIDTH, HEIGHT, FPS = 96, 64, 25
# Brighter than 0.6 everywhere: all of it is person to `graph_good`.  No two neighbours of it are equal.
BRIGHT = "geq=lum='190+30*sin((X+3*N)/9)*cos(Y/7)':cb='128+18*sin(Y/20)':cr='128+18*cos(X/25)'"


def bright(
    ffmpeg: Callable[..., None],
    path: Path,
    *options: object,
    seconds: float = 1.0,
    filters: str = "",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    sound: bool = False,
) -> Path:
    """A film in which everything is a person: H.264 with B-frames, or as ffmpeg's `options` say."""
    picture = f"color=c=gray:s={size[0]}x{size[1]}:r={FPS}:d={seconds},format=yuv444p,{BRIGHT}"
    inputs = ["-f", "lavfi", "-i", picture + (f",{filters}" if filters else "")]
    if sound:
        inputs += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={seconds}"]
    defaults = ["-c:v", "libx264", "-crf", "4", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    ffmpeg(*inputs, *defaults, *options, path)
    return path


def turn(path: Path, degrees: int) -> None:
    """Have the MP4 file `path` say that it is to be turned clockwise: the matrix of its first track."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    content = bytearray(path.read_bytes())
    # ISO 14496-12, 8.3.2: 40 bytes after the box's name; 16.16 fixed point, the last column 2.30
    start = content.index(b"tkhd") + 4 + 40
    matrix = (cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    content[start : start + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(content)


def squares(
    ffmpeg: Callable[..., None],
    path: Path,
    *places: tuple[int, int],
    seconds: float = 1.0,
    ground: str = "0x202428",
    person: str = "0xF0E8E0",
) -> Path:
    """A dark film with a bright square of 24 pixels at one of `places` (x, y) after another."""
    each = seconds / len(places)
    box = "drawbox=x={}:y={}:w=24:h=24:color={}:t=fill:enable='between(t,{},{})'"
    boxes = ",".join(box.format(*at, person, i * each, (i + 1) * each - 0.01) for i, at in enumerate(places))
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=c={ground}:s={WIDTH}x{HEIGHT}:r={FPS}:d={seconds},{boxes}"),
        *("-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv420p", path),
    )
    return path


def need_ffmpeg() -> None:
    """Skip where ffmpeg or ffprobe is not installed."""
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        pytest.skip("ffmpeg and ffprobe, the referees of these tests, are not installed")


def names(folder: Path) -> list[str]:
    """Of what lies in `folder`, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def warnings(result: Converted) -> list[str]:
    """All but that the test graph has no faster form."""
    return [warning for warning in result.warnings if "official graph" not in warning]


def probe(path: Path, *sections: str, stream: str = "") -> dict[str, Any]:
    """What ffprobe says in the `sections` (streams, format, packets, frames, chapters)."""
    arguments = [f"-show_{section}" for section in sections]
    if stream:
        arguments += ["-select_streams", stream]
    if "packets" in sections:
        arguments += ["-show_data_hash", "sha256"]
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", *arguments, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def video(path: Path) -> dict[str, Any]:
    """ffprobe's words on the video stream."""
    found: dict[str, Any] = probe(path, "streams", stream="v")["streams"][0]
    return found


def times(path: Path) -> list[float]:
    """When each picture is shown, seconds."""
    return [float(frame["pts_time"]) for frame in probe(path, "frames", stream="v")["frames"]]


def packets(path: Path, stream: str) -> list[tuple[float, str]]:
    """(time, hash of the bytes) of each packet of a stream."""
    found = probe(path, "packets", stream=stream)["packets"]
    return [(float(packet["pts_time"]), packet["data_hash"]) for packet in found]


def pictures(path: Path, width: int, height: int, pixel_format: str = "rgb24") -> NDArray[Any]:
    """Every picture as ffmpeg shows it, turned as the file says: [frames, height, width, channels]."""
    done = subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-i", str(path), "-fps_mode", "passthrough"),
            *("-sws_flags", "bilinear+accurate_rnd+full_chroma_int"),
            *("-f", "rawvideo", "-pix_fmt", pixel_format, "-"),
        ],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    deep = "10" in pixel_format or "16" in pixel_format or "48" in pixel_format
    flat = np.frombuffer(done.stdout, np.uint16 if deep else np.uint8)
    channels = {"gray": 1, "gray10le": 1, "rgb24": 3, "rgba": 4}[pixel_format]
    return flat.reshape(-1, height, width, channels)
