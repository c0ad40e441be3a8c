"""Edges, spill, light wrap and zones in files, as users ask for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import cli
from rvm_core.video import Converted
from tests.files import films
from tests.files.conftest import GOOD

Ffmpeg = Callable[..., None]
Shown = Callable[..., NDArray[Any]]
LEFT, TOP, SIDE = 36, 20, 24
"""Of the square that is the person."""
MIDDLE = TOP + SIDE // 2
GREEN, BLUE = "#20C040", "#2050FF"


@pytest.fixture
def shown(tmp_path: Path, ffmpeg: Ffmpeg, data: Path) -> Shown:  # noqa: ARG001 - its models are there
    """The first picture that ``obs-rvm video`` makes of a film with the given flags: [H, W, 3] or 4."""
    count = 0

    def convert(
        *flags: object, ground: str = "0x202428", person: str = "0xF0E8E0", deep: bool = False
    ) -> Any:
        nonlocal count
        count += 1
        clip = tmp_path / f"in{count}.mp4"
        films.squares(ffmpeg, clip, (LEFT, TOP), seconds=0.2, ground=ground, person=person)
        if deep:
            shallow, clip = clip, clip.with_suffix(".mkv")
            ffmpeg("-i", shallow, "-c:v", "ffv1", "-pix_fmt", "yuv420p10le", clip)
        output = tmp_path / f"out{count}.mkv"
        arguments = ["video", clip, "-o", output, "--codec", "ffv1", "--model", GOOD, *flags]
        assert cli.main([str(argument) for argument in arguments]) == 0
        has_alpha = "--mode" not in flags
        layout = "rgba" if has_alpha else "rgb24"
        return films.pictures(output, films.WIDTH, films.HEIGHT, layout)[0].astype(int)

    return convert


def whole(matte: NDArray[Any]) -> NDArray[Any]:
    """Which pixels of a matte are person."""
    return np.asarray(matte[..., 0] > 127)


@pytest.mark.parametrize(("shift", "side"), [(0, 24), (4, 32), (-4, 16), (20, 64), (-20, 0)])
def test_a_shift_moves_every_edge(shift: int, side: int, shown: Shown) -> None:
    matte = whole(shown("--mode", "matte", "--edge-shift-px", shift))
    assert abs(int(matte[MIDDLE].sum()) - side) <= 1
    assert abs(int(matte[:, LEFT + SIDE // 2].sum()) - side) <= 1
    corner = matte[TOP - 4, LEFT - 4]
    assert not corner or shift > 6, "round, not square"


def test_a_feather_softens_outward_or_inward(shown: Shown) -> None:
    plain, outward, inward = (
        shown("--mode", "matte", "--edge-feather-px", px)[MIDDLE, :, 0] for px in (0, 12, -12)
    )
    ramp = 255 * (1 - (np.arange(1, 12) / 12) ** 2) ** 2
    right = LEFT + SIDE
    assert np.abs(outward[right : right + 11] - ramp).max() <= 12
    assert np.abs(inward[right - 11 : right] - (255 - ramp)[::-1]).max() <= 12
    assert (outward >= plain - 1).all()
    assert (inward <= plain + 1).all()


def test_contrast_makes_a_soft_edge_hard_where_it_is(shown: Shown) -> None:
    soft, hard = (
        shown("--mode", "matte", "--edge-feather-px", 16, "--edge-contrast", contrast)[..., 0]
        for contrast in (0, 1)
    )
    is_grey = [((matte > 8) & (matte < 247)).sum() for matte in (soft, hard)]
    assert is_grey[1] < 0.25 * is_grey[0]
    assert ((hard > 127) == (soft > 127)).mean() > 0.99


def test_green_spill_goes_and_the_rest_stays(shown: Shown) -> None:
    dark_green, tinted = "0x0A5014", "0xC8E8C4"
    plain, clean = (shown("--spill-removal", amount, ground=dark_green, person=tinted) for amount in (0, 1))
    rim, middle = (slice(TOP + 4, TOP + SIDE - 4), LEFT), (MIDDLE, LEFT + SIDE // 2)
    greenness = [picture[..., 1] - picture[..., [0, 2]].mean(axis=-1) for picture in (plain, clean)]
    assert greenness[0][rim].min() > 20
    assert greenness[1][rim].max() < 0.75 * greenness[0][rim].min()
    assert np.abs(clean - plain)[middle].max() <= 2
    np.testing.assert_array_equal(clean[..., 3], plain[..., 3])


@pytest.mark.parametrize("mode", ["color", "image", "video", "blur"])
def test_the_background_shines_around_the_person(
    mode: str, shown: Shown, tmp_path: Path, ffmpeg: Ffmpeg
) -> None:
    flags: list[object] = ["--mode", mode, "--background-color", BLUE]
    file = tmp_path / ("behind.png" if mode == "image" else "behind.mkv")
    if mode in ("image", "video"):
        source = f"color=c=0x2050FF:s=32x32:r=25:d={0.04 if mode == 'image' else 0.2}"
        ffmpeg("-f", "lavfi", "-i", source, *([] if mode == "image" else ["-c:v", "ffv1"]), file)
        flags += ["--background-file", file]
    scene = {"ground": "0x0A2090" if mode == "blur" else "0x202428", "person": "0xA8A8A8"}
    plain, lit = (shown(*flags, "--light-wrap", amount, **scene) for amount in (0, 1))
    brighter = lit - plain
    rim = brighter[TOP + 4 : TOP + SIDE - 4, LEFT]
    assert (rim[:, 2] > (1 if mode == "blur" else 12)).all()
    assert (rim[:, 2] > rim[:, 0] + 1).all(), "in its colour"
    assert np.abs(brighter[MIDDLE, LEFT + SIDE // 2]).max() <= 1
    assert np.abs(brighter[:, : LEFT - 4]).max() <= 1, "nothing else changes"


def test_light_follows_a_video(tmp_path: Path, ffmpeg: Ffmpeg, convert: Callable[..., Converted]) -> None:
    clip, behind = tmp_path / "in.mp4", tmp_path / "behind.mkv"
    films.squares(ffmpeg, clip, (LEFT, TOP), seconds=0.4, person="0xA8A8A8")
    source = "color=c=black:s=32x32:r=5:d=0.4,format=gbrp,geq=r='255*eq(N,0)':g=0:b='255*eq(N,1)'"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "ffv1", behind)
    output = tmp_path / "out.mkv"
    convert(clip, output, codec="ffv1", mode="video", background_file=str(behind), light_wrap=1.0)
    rims = films.pictures(output, films.WIDTH, films.HEIGHT)[:, MIDDLE, LEFT].astype(int)
    assert len(rims) == 10
    assert (rims[:5, 0] > rims[:5, 2] + 12).all()
    assert (rims[5:, 2] > rims[5:, 0] + 12).all()


def test_transparent_films_have_no_new_light(shown: Shown) -> None:
    np.testing.assert_array_equal(shown("--light-wrap", 1), shown())


KEEP = [
    *(
        "--zone-1-use",
        "keep",
        "--zone-1-left",
        0,
        "--zone-1-top",
        0,
        "--zone-1-width",
        25,
        "--zone-1-height",
        50,
    ),
    *("--zone-softness", 0),
]
REMOVE = [
    *("--zone-2-use", "remove", "--zone-2-left", 50, "--zone-2-top", 0, "--zone-2-width", 50),
    *("--zone-2-height", 100),
]


def test_a_zone_keeps_what_is_there_and_another_takes_it_away(shown: Shown) -> None:
    seen = shown("--mode", "color", "--background-color", GREEN, *KEEP, *REMOVE)
    room, green, person = (0x20, 0x24, 0x28), (0x20, 0xC0, 0x40), (0xF0, 0xE8, 0xE0)
    assert np.abs(seen[:31, :23] - room).max() <= 4
    assert np.abs(seen[34:, :30] - green).max() <= 4
    assert np.abs(seen[:, 26:34] - green).max() <= 4
    assert np.abs(seen[TOP + 3 : TOP + SIDE - 3, LEFT + 3 : 47] - person).max() <= 4
    assert np.abs(seen[:, 49:] - green).max() <= 4, "the person's other half is gone"


def test_a_zone_ends_softly(shown: Shown) -> None:
    alpha = shown(*KEEP[:-2], "--zone-softness", 20)[8, :, 3]
    soft = 0.2 * films.HEIGHT
    part = np.clip((24 - np.arange(36) - 0.5) / soft + 0.5, 0, 1)
    assert np.abs(alpha[:36] - 255 * part * part * (3 - 2 * part)).max() <= 3


def test_what_a_zone_keeps_does_not_bleed_into_the_blur(
    tmp_path: Path, ffmpeg: Ffmpeg, convert: Callable[..., Converted]
) -> None:
    """A grey box in a dark room, too dark to be a person; the white one is, and has the room not be dim."""
    clip, box = tmp_path / "in.mkv", "drawbox=x={}:y=20:w=24:h=24:color={}:t=fill"
    source = f"color=c=0x202428:s=96x64:r=25:d=0.1,{box.format(0, 'white')},{box.format(48, '0x707070')}"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "ffv1", clip)
    place = {"zone_1_left": 50, "zone_1_top": 31.25, "zone_1_width": 25, "zone_1_height": 37.5}
    beside = []
    for use in ("off", "keep"):
        output = tmp_path / f"{use}.mkv"
        options = {"mode": "blur", "blur_strength": 1.0, "zone_softness": 0, "zone_1_use": use, **place}
        convert(clip, output, codec="ffv1", **options)
        beside.append(films.pictures(output, 96, 64)[0, 28:36, 45:47].astype(int))
    assert beside[0].min() > 0x30
    assert np.abs(beside[1] - (0x20, 0x24, 0x28)).max() <= 4


def test_ten_bits_look_the_same(shown: Shown) -> None:
    flags = [
        *("--mode", "color", "--background-color", BLUE, "--edge-shift-px", -1, "--edge-feather-px", 3),
        *("--edge-contrast", 0.3, "--spill-removal", 1, "--light-wrap", 1, *KEEP),
    ]
    scene = {"ground": "0x0A5014", "person": "0xC8E8C4"}
    assert np.abs(shown(*flags, **scene) - shown(*flags, **scene, deep=True)).max() <= 3


def test_a_zone_out_of_bounds_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "in.mp4"
    clip.write_bytes(b"")
    arguments = ["video", str(clip), "-o", str(tmp_path / "out.mp4"), "--zone-1-left", "101"]
    assert cli.main(arguments) == 2
    assert "zone_1_left cannot be 101" in capsys.readouterr().err
