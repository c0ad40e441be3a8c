"""Video files with the real network: what is written is what the engine gives, frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvm_core import Matting
from rvm_core.bench import footage, metrics
from rvm_core.video import replace_background
from rvm_core.video.source import Source
from tests.files import films
from tests.video import read_frames

LEVEL = "fast"
END_S = 2.0
FRAMES = 60
AGREEMENT = 0.05
"""Of MAD x 1e3, between what was written and what the engine gave."""


@pytest.mark.usefixtures("default_model_file")
@pytest.mark.parametrize("clip", ["halfbody_room", "fullbody_crissyfield"])
def test_error_end_to_end(
    clip: str, reference_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = reference_data / "gt" / f"{clip}.mp4"
    output = tmp_path / "alpha.mkv"
    result = replace_background(film, output, quality=LEVEL, end=END_S)
    truth = [frame.alpha for frame in footage.frames(film, "clean", FRAMES)]
    written = [picture[..., 3] / np.float32(255) for picture in read_frames(output, "rgba")]
    with Matting(quality=LEVEL) as engine, Source(film, end_s=END_S) as source:
        given = [engine.step(picture.rgb).alpha for picture in source.pictures()]
    assert len(written) == len(given) == len(truth) == result.frames == FRAMES
    errors = [
        np.mean([metrics.mad(a, t) for a, t in zip(kind, truth, strict=True)]) for kind in (written, given)
    ]
    with capsys.disabled():
        print(f"\n{clip} {LEVEL}: MAD {errors[0]:.3f} in the file, {errors[1]:.3f} of the engine")
    assert abs(errors[0] - errors[1]) < AGREEMENT
    assert max(np.abs(w - g).max() for w, g in zip(written, given, strict=True)) < 1 / 255


@pytest.mark.usefixtures("default_model_file")
@pytest.mark.parametrize("clip", ["pyfeat_single_face", "sam2_05_default_juggle"])
def test_everything_else_of_a_clip_stays(clip: str, reference_data: Path, tmp_path: Path) -> None:
    films.need_ffmpeg()
    film, output = reference_data / "clips" / f"{clip}.mp4", tmp_path / "out.mp4"
    replace_background(film, output, mode="blur", quality=LEVEL, scale="x180")
    assert films.times(output) == pytest.approx(films.times(film), abs=1e-4)
    kept = (
        "color_range",
        "color_space",
        "color_transfer",
        "color_primaries",
        "r_frame_rate",
        "avg_frame_rate",
    )
    mine, theirs = films.video(output), films.video(film)
    assert {key: mine.get(key) for key in kept} == {key: theirs.get(key) for key in kept}
    has_sound = any(stream["codec_type"] == "audio" for stream in films.probe(film, "streams")["streams"])
    assert has_sound == (clip == "pyfeat_single_face")
    if has_sound:
        assert films.packets(output, "a") == films.packets(film, "a")
