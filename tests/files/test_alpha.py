"""Alpha that is written is the engine's, within what the codec leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import Matting
from rvm_core.matting import Matte
from rvm_core.video import Converted
from rvm_core.video.source import Source
from tests.files import films
from tests.files.conftest import GOOD

av = pytest.importorskip("av")

PLACES = (10, 20), (30, 24), (50, 10)


def expected(clip: Path) -> list[Matte]:
    """What the engine makes of the film's pictures at full size."""
    with Source(clip) as source, Matting(GOOD, "fine") as engine:
        return [engine.step(picture.rgb) for picture in source.pictures()]


def written(output: Path) -> Iterator[NDArray[np.float64]]:
    """Pictures with alpha, 0..1: [height, width, 4]."""
    if "%" in output.name:
        for file in sorted(output.parent.iterdir()):
            yield from written(file)
        return
    with av.open(str(output)) as container:
        stream = container.streams.video[0]
        # FFmpeg's own decoder of VP9 knows no alpha
        decoder: Any = av.CodecContext.create("libvpx-vp9", "r") if output.suffix == ".webm" else stream
        for packet in container.demux(stream):
            for frame in decoder.decode(packet):
                yield frame.to_ndarray(format="rgba64le") / 65535


@pytest.mark.parametrize(
    ("name", "reach", "mean", "kind"),
    [
        ("out.mov", 0.004, 0.002, "prores"),
        ("out.mkv", 0.0021, 0.0011, "ffv1"),
        ("100%/%05d.png", 0.0021, 0.0011, None),
        ("out.webm", 0.25, 0.01, "vp9"),
    ],
)
def test_alpha_and_colour_read_back(
    name: str,
    reach: float,
    mean: float,
    kind: str | None,
    tmp_path: Path,
    ffmpeg: Callable[..., None],
    convert: Callable[..., Converted],
) -> None:
    clip = films.squares(ffmpeg, tmp_path / "in.mp4", *PLACES)
    output = tmp_path / name
    result = convert(clip, output, mode="transparent")
    mattes, found = expected(clip), list(written(output))
    assert len(found) == len(mattes) == result.frames == films.FPS
    differences = np.abs([seen[..., 3] - matte.alpha for seen, matte in zip(found, mattes, strict=True)])
    assert differences.max() <= reach
    assert differences.mean() <= mean
    for seen, matte in zip(found, mattes, strict=True):
        inside = matte.alpha == 1
        assert inside.mean() > 0.05, "there is a person"
        assert np.abs(seen[..., :3] - matte.foreground / 255)[inside].mean() < 0.02
    if kind is not None:
        assert films.video(output)["codec_name"] == kind
    if name.endswith(".png"):
        room = matte.alpha == 0
        assert (found[-1][room] == 0).all(), "nothing of the room is in the file"
    elif name.endswith(".mov"):
        assert films.video(output)["profile"] == "4444"


def test_matte_mode_shows_alpha_as_grey(
    tmp_path: Path, ffmpeg: Callable[..., None], convert: Callable[..., Converted]
) -> None:
    clip = films.squares(ffmpeg, tmp_path / "in.mp4", *PLACES)
    convert(clip, tmp_path / "out.mp4", mode="matte", crf=4)
    seen = films.pictures(tmp_path / "out.mp4", films.WIDTH, films.HEIGHT)[..., 1] / 255
    assert np.abs(seen - [matte.alpha for matte in expected(clip)]).mean() < 0.01


def test_alpha_is_finer_where_the_film_is(
    tmp_path: Path, ffmpeg: Callable[..., None], convert: Callable[..., Converted]
) -> None:
    clip = tmp_path / "in.mkv"
    ramp = "color=c=gray:s=256x64:r=25:d=0.2,format=yuv420p10le,geq=lum='440+X':cb=512:cr=512"
    ffmpeg("-f", "lavfi", "-i", ramp, "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", clip)
    convert(clip, tmp_path / "out.mov", mode="transparent")
    convert(clip, tmp_path / "frames" / "%03d.png", mode="transparent")
    for output in (tmp_path / "out.mov", tmp_path / "frames" / "%03d.png"):
        steps = 255 * next(written(output))[32, :, 3]
        assert (np.diff(steps) >= 0).all()
        assert (np.abs(steps - np.rint(steps)) > 0.1).mean() > 0.05, "whole steps of 8 bits alone"
    assert films.video(tmp_path / "frames" / "001.png")["pix_fmt"] == "rgba64be"
