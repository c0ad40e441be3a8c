"""What the filter shows, pixel by pixel, in a real OBS: every mode, kind of source, size and neighbour.

The model is ``graph_good``, whose alpha is known from the picture alone; a source's own picture is a
screenshot with the filter disabled.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.sandbox import color_source, filter_entry, image_source, media_source, scene, source
from rvm_core.kernels.bokeh import bokeh
from rvm_core.libobs.constants import GS_CS_709_EXTENDED
from rvm_core.matting import Matting
from rvm_core.pipeline import blur_radius_px
from tests.obs.picture_helpers import (
    FILTER,
    FILTER_KIND,
    Lab,
    Picture,
    decode,
    encode,
    enlarged,
    expected_front,
    expected_matte,
    expected_screenshot,
    good_alpha,
    matting,
    off_share,
    over,
    room,
    small_picture,
    version,
    wait_until,
    write_png,
)

WIDTH, HEIGHT = 640, 360
CANVAS = (WIDTH, HEIGHT)
BEHIND = (0x80, 0x60, 0x30)
SIZES = {"Portrait": (360, 640), "Odd": (333, 217), "Tiny": (16, 16), "Huge": (3840, 2160)}
QUADRANTS = ((255, 40, 40), (40, 255, 40), (40, 40, 255), (255, 255, 40))
HDR_PERSON = np.s_[60:300, 100:260]
STRAY = 0.002
"""The share of pixels that may differ: in a steep edge one rounding of the small picture is 10 of 255."""


def obs_color(rgb: tuple[int, int, int]) -> int:
    return 0xFF000000 | rgb[2] << 16 | rgb[1] << 8 | rgb[0]


def quadrants(width: int, height: int) -> Picture:
    """Four colours that meet at 30 % and 40 %."""
    picture = np.empty((height, width, 3), np.uint8)
    x, y = width * 3 // 10, height * 4 // 10
    picture[:y, :x], picture[:y, x:], picture[y:, :x], picture[y:, x:] = QUADRANTS
    return picture


def film(path: Path, pictures: list[Picture], *, codec: str = "libx264rgb", fps: int = 30) -> Path:
    """A video file of the pictures, lossless in RGB."""
    import av

    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(codec, rate=fps, options={"qp": "0", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = pictures[0].shape[1], pictures[0].shape[0], "rgb24"
        for picture in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        file.mux(stream.encode())
    return path


def pq(nits: Any) -> Any:
    """SMPTE ST 2084 code values 0..1 of a luminance."""
    light = (np.asarray(nits, float) / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * light) / (1 + 2392 / 128 * light)) ** (2523 / 32)


def hdr_film(path: Path, nits: Any, frames: int) -> Path:
    """A 10-bit PQ film in BT.2020 of a grey picture, [height, width] in nits."""
    import av

    frame = av.VideoFrame(nits.shape[1], nits.shape[0], "yuv420p10le")
    codes = [np.rint(64 + 876 * pq(nits))] + [np.full((nits.shape[0] // 2, nits.shape[1] // 2), 512)] * 2
    for plane, values in zip(frame.planes, codes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // 2), "<u2")
        rows[:, : plane.width] = values
        plane.update(rows.tobytes())
    tags = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited:log-level=none"
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream(
            "libx265", rate=30, options={"preset": "ultrafast", "crf": "4", "x265-params": tags}
        )
        stream.width, stream.height, stream.pix_fmt = nits.shape[1], nits.shape[0], "yuv420p10le"
        for number in range(frames):
            frame.pts = number
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def translucent(width: int, height: int) -> Picture:
    """The room with a corner cut out, and half of it half transparent; RGBA, straight."""
    alpha = np.full((height, width, 1), 255, np.uint8)
    alpha[:, : width * 3 // 10] = 128
    alpha[: height // 4, : width // 4] = 0
    return np.concatenate([room(width, height), alpha], axis=2)


def with_behind(name: str) -> dict[str, Any]:
    return scene(f"{name} over colour", ["Behind", name], WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a scene for each source; the sources are off air until a test shows them."""
    lab = Lab(tmp_path_factory.mktemp("pictures"))
    folder = lab.folder
    room_file = write_png(folder / "room.png", room(WIDTH, HEIGHT))
    is_person = np.zeros((HEIGHT, WIDTH), bool)
    is_person[HDR_PERSON] = True
    hdr_file = hdr_film(folder / "hdr.mp4", np.where(is_person, 250.0, 4.0), 150)
    film_file = film(folder / "room.mp4", [room(WIDTH, HEIGHT)] * 300)
    crop = filter_entry("crop_filter", "Crop", {"left": 64, "top": 32, "right": 8, "bottom": 0})
    grey = {**filter_entry("color_filter", "Grey", {"saturation": -1.0}), "versioned_id": "color_filter_v2"}
    text = {"text": "Person", "font": {"face": "DejaVu Sans", "size": 128, "style": "Bold", "flags": 1}}
    text_source = source("text_ft2_source", "Text", text, [matting()])
    slides = {"files": [{"value": str(room_file)}], "slide_time": 60_000, "transition": "cut"}
    holes_file = write_png(folder / "holes.png", translucent(WIDTH, HEIGHT))
    holes = image_source("Translucent", holes_file, [matting()])
    sources = [
        color_source("Behind", obs_color(BEHIND), WIDTH, HEIGHT),
        image_source("Room", room_file, [matting()]),
        image_source("Bare room", room_file),
        media_source("Film", film_file, [matting()]),
        media_source("HDR film", hdr_file, [matting()]),
        {**text_source, "versioned_id": "text_ft2_source_v2"},
        source("slideshow", "Slides", slides, [matting()]),
        {**holes, "settings": {**holes["settings"], "linear_alpha": True}},
        image_source("Cropped below", room_file, [crop, matting()]),
        image_source("Cropped above", room_file, [matting(), {**crop, "name": "Crop 2"}]),
        image_source("Grey below", room_file, [grey, matting()]),
        image_source("Grey above", room_file, [matting(), {**grey, "name": "Grey 2"}]),
        *(
            image_source(name, write_png(folder / f"{name}.png", room(*size)), [matting()])
            for name, size in SIZES.items()
        ),
    ]
    nested = {**scene("Nested", ["Bare room"], WIDTH, HEIGHT), "filters": [matting()]}
    scenes = [
        scene("Empty", [], WIDTH, HEIGHT),
        nested,
        *(with_behind(entry["name"]) for entry in sources[1:]),
        with_behind("Nested"),
    ]
    with lab.running(sources=sources, scenes=scenes):
        yield lab


def show(lab: Lab, name: str, **settings: Any) -> None:
    """Put `name` on air with the filter's settings at their defaults but for `settings`."""
    lab.reset_filter(name, **settings)
    lab.obs.ws.set_current_program_scene(f"{name} over colour")


def own_picture(lab: Lab, name: str, size: tuple[int, int], filter_name: str = FILTER) -> Picture:
    """`name` without the filter: RGBA, premultiplied."""
    lab.obs.ws.set_source_filter_enabled(name, filter_name, False)
    wait_until(lambda: bool(lab.screenshot(name, *size)[..., 3].any()), f"{name} shows nothing")
    picture = lab.screenshot(name, *size)
    lab.obs.ws.set_source_filter_enabled(name, filter_name, True)
    return picture


def assert_becomes(
    lab: Lab, name: str, size: tuple[int, int], expected: Any, share: float = STRAY
) -> Picture:
    """Wait until a screenshot of `name` is `expected`."""
    picture = lab.wait_picture(name, size, lambda seen: off_share(seen, expected) <= share)
    off = off_share(picture, expected)
    assert off <= share, f"{name}: {off:.2%} of the pixels; {lab.status(name)}"
    return picture


def assert_becomes_part(lab: Lab, name: str, part: Any) -> None:
    """Wait until a screenshot of `name`, cropped, is `part` [height, width, 4].

    obs-websocket 5.4 and older give it the size of the uncropped source, empty beside the part.
    """
    height, width = part.shape[:2]
    if version(lab.obs.ws.get_version().obs_web_socket_version) < (5, 5):
        part = np.pad(part, ((0, HEIGHT - height), (0, WIDTH - width), (0, 0)))
    assert_becomes(lab, name, part.shape[1::-1], part)


def test_transparent_shows_the_source_where_alpha_is_one_and_what_is_behind_where_it_is_zero(
    pictures: Lab,
) -> None:
    own = room(WIDTH, HEIGHT)
    show(pictures, "Room")
    front = expected_front(own)
    picture = assert_becomes(
        pictures, "Room over colour", CANVAS, over(front, np.broadcast_to(BEHIND, own.shape))
    )
    alpha = front[1]
    assert (alpha == 1).mean() > 0.2
    assert off_share(picture, own.astype(float), 2, alpha == 1) == 0
    assert (alpha == 0).mean() > 0.5
    assert off_share(picture, np.broadcast_to(BEHIND, own.shape).astype(float), 0, alpha == 0) == 0


def test_the_matte_is_255_times_alpha(pictures: Lab) -> None:
    own = room(WIDTH, HEIGHT)
    show(pictures, "Room", mode="matte")
    alpha = expected_matte(own)[..., 3]
    grey = np.dstack([255 * alpha] * 3 + [np.full(alpha.shape, 255.0)])
    picture = pictures.wait_picture("Room", CANVAS, lambda seen: off_share(seen, grey, 1) == 0)
    assert off_share(picture, grey, 1) == 0


def test_a_colour_stands_behind_the_person(pictures: Lab) -> None:
    own, color = room(WIDTH, HEIGHT), (20, 130, 220)
    show(pictures, "Room", mode="color", background_color=obs_color(color))
    front = expected_front(own)
    behind = np.broadcast_to(color, own.shape)
    picture = assert_becomes(pictures, "Room", CANVAS, over(front, behind))
    assert off_share(picture, behind.astype(float), 0, front[1] == 0) == 0
    assert (picture[..., 3] == 255).all()


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_an_image_stands_behind_the_person(pictures: Lab, fit: str) -> None:
    own, color, side = room(WIDTH, HEIGHT), (90, 90, 90), 200
    file = write_png(pictures.folder / "quadrants.png", quadrants(side, side))
    show(
        pictures, "Room", mode="image", background_file=str(file), background_fit=fit,
        background_color=obs_color(color),
    )  # fmt: skip
    scale_x, scale_y = {"cover": (3.2, 3.2), "contain": (1.8, 1.8), "stretch": (3.2, 1.8)}[fit]
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    image_x = np.floor((x - WIDTH / 2) / scale_x + side / 2).astype(int)
    image_y = np.floor((y - HEIGHT / 2) / scale_y + side / 2).astype(int)
    is_inside = (image_x >= 0) & (image_x < side) & (image_y >= 0) & (image_y < side)
    image = quadrants(side, side)[image_y.clip(0, side - 1), image_x.clip(0, side - 1)]
    behind = np.where(is_inside[..., None], image, color)
    # interpolated where the quadrants meet: a few pixels on two lines
    is_sure = ~((abs(image_x - 0.3 * side) < 3) | (abs(image_y - 0.4 * side) < 3))
    expected = over(expected_front(own), behind)
    picture = pictures.wait_picture(
        "Room", CANVAS, lambda seen: off_share(seen, expected, 2, is_sure) <= STRAY
    )
    assert off_share(picture, expected, 2, is_sure) <= STRAY
    assert (picture[..., 3] == 255).all()


def test_the_background_is_blurred_without_the_person(pictures: Lab) -> None:
    own = room(WIDTH, HEIGHT)
    show(pictures, "Room", mode="blur", blur_strength=0.8, bokeh_highlights=0.3)
    small, front = small_picture(own), expected_front(own)
    blurred = np.empty((*small.shape[:2], 4), np.uint8)
    bokeh(small, good_alpha(small), blur_radius_px(0.8, small.shape[0]), 0.3, blurred)
    behind = encode(enlarged(decode(blurred[..., :3]), own))
    picture = assert_becomes(pictures, "Room", CANVAS, over(front, behind))
    assert off_share(picture, own.astype(float), 2, front[1] == 1) == 0
    # the room has no green, the person 200 of it; the pixels that hold a share of both may bleed a little
    assert picture[..., 1][front[1] == 0].max() < 40
    # the checkerboard is gone: where there was a step of 150 at each fourth pixel, next to none is left
    flat = picture[250:340, 500:620, 0].astype(float)
    assert abs(np.diff(flat, axis=1)).max() < 20


@pytest.mark.parametrize("name", ["Film", "Text", "Slides", "Nested"])
def test_every_kind_of_source_is_matted(pictures: Lab, name: str) -> None:
    show(pictures, name)
    wait_until(lambda: pictures.obs.ws.get_source_active(name).video_active, f"{name} is not on air")
    wait_until(lambda: _size(pictures, name) != (0, 0), f"{name} has no size")
    size = _size(pictures, name) if name == "Text" else CANVAS
    time.sleep(0.5)  # a slideshow's first transition
    own = own_picture(pictures, name, size)
    picture = assert_becomes(pictures, name, size, expected_screenshot(own))
    alpha = expected_front(own)[1]
    assert (alpha > 0.99).mean() > 0.05
    assert off_share(picture, own.astype(float), 2, alpha > 0.999) == 0


def _size(lab: Lab, name: str) -> tuple[int, int]:
    items = lab.obs.ws.get_scene_item_list(f"{name} over colour").scene_items
    found = next(item["sceneItemTransform"] for item in items if item["sourceName"] == name)
    return round(found["sourceWidth"]), round(found["sourceHeight"])


def test_resets_at_every_frame_do_not_wear_the_filter_out(pictures: Lab) -> None:
    """Each throws away the pictures on their way; later ones must find their place all the same."""
    show(pictures, "Room")
    expected = expected_screenshot(room(WIDTH, HEIGHT))
    assert_becomes(pictures, "Room", CANVAS, expected)
    assert pictures.call("reset_at_every_frame", source="Room", frames=30) > 20
    assert_becomes(pictures, "Room", CANVAS, expected)


def test_a_film_in_high_dynamic_range_looks_as_it_does_without_the_filter(pictures: Lab) -> None:
    name, scene_name = "HDR film", "HDR film over colour"
    show(pictures, name)
    pictures.obs.ws.set_source_filter_enabled(name, FILTER, False)
    behind = np.broadcast_to(BEHIND, (HEIGHT, WIDTH, 3)).astype(float)
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[64:296, 104:256] = True
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[52:308, 92:268] = False
    # dark room and bright person, tone-mapped to the canvas by OBS
    own = pictures.wait_picture(scene_name, CANVAS, lambda seen: off_share(seen, behind, 30) == 1)
    assert own[180, 180, 0] > 150
    assert own[180, 500, 0] < 80
    pictures.obs.ws.set_source_filter_enabled(name, FILTER, True)

    def is_right(seen: Picture) -> bool:
        is_same = np.abs(seen.astype(float) - own)[inside].mean() < 1
        return bool(is_same) and off_share(seen, behind, 2, outside) == 0

    picture = pictures.wait_picture(scene_name, CANVAS, is_right)
    assert np.abs(picture.astype(float) - own)[inside].mean() < 1
    assert off_share(picture, behind, 2, outside) == 0
    assert pictures.call("color_space", source=name) == GS_CS_709_EXTENDED


def test_a_source_keeps_its_own_transparency(pictures: Lab) -> None:
    straight = translucent(WIDTH, HEIGHT)
    show(pictures, "Translucent")
    own = own_picture(pictures, "Translucent", CANVAS)
    assert off_share(own[..., 3:], straight[..., 3:].astype(float), 1) == 0
    assert_becomes(pictures, "Translucent", CANVAS, expected_screenshot(own))
    picture = pictures.screenshot("Translucent over colour", *CANVAS)
    y, x = HEIGHT // 2, WIDTH // 5  # within the person, half transparent
    assert straight[y, x, 3] == 128
    share = 128 / 255
    half = encode(decode(straight[y, x, :3]) * share + decode(BEHIND) * (1 - share))
    assert np.abs(picture[y, x, :3] - half).max() <= 3
    assert tuple(picture[10, 10, :3]) == BEHIND


def test_a_crop_below_makes_another_size(pictures: Lab) -> None:
    show(pictures, "Cropped below")
    _assert_cropped(pictures, left=64)
    # the crop changes while all runs
    pictures.obs.ws.set_source_filter_settings("Cropped below", "Crop", {"left": 96}, True)
    _assert_cropped(pictures, left=96)


def _assert_cropped(lab: Lab, left: int) -> None:
    part = room(WIDTH, HEIGHT)[32:, left:-8]
    assert_becomes_part(lab, "Cropped below", expected_screenshot(part))
    lab.wait_status(
        "Cropped below",
        lambda s: (s["source_height"], s["source_width"]) == part.shape[:2],
        "the cropped size in its status",
    )


def test_a_crop_above_cuts_the_matted_picture(pictures: Lab) -> None:
    show(pictures, "Cropped above")
    assert_becomes_part(pictures, "Cropped above", expected_screenshot(room(WIDTH, HEIGHT))[32:, 64:-8])


def test_a_colour_filter_below_is_matted(pictures: Lab) -> None:
    show(pictures, "Grey below")
    own = own_picture(pictures, "Grey below", CANVAS)
    assert np.ptp(own[..., :3].astype(int), axis=2).max() <= 2
    assert_becomes(pictures, "Grey below", CANVAS, expected_screenshot(own))


def test_a_colour_filter_above_changes_the_matted_picture(pictures: Lab) -> None:
    show(pictures, "Grey above")
    alpha = expected_front(room(WIDTH, HEIGHT))[1]
    own = own_picture(pictures, "Grey above", CANVAS)
    picture = pictures.wait_picture(
        "Grey above", CANVAS, lambda seen: off_share(seen[..., 3:], 255 * alpha[..., None]) <= STRAY
    )
    assert off_share(picture[..., 3:], 255 * alpha[..., None]) <= STRAY
    assert off_share(picture, own.astype(float), 2, alpha == 1) == 0


@pytest.mark.parametrize("name", SIZES)
def test_every_size_is_matted_the_right_way_round(pictures: Lab, name: str) -> None:
    size = SIZES[name]
    show(pictures, name)
    own = room(*size)
    expected = expected_screenshot(own)
    # in 16 x 16 pixels nearly everything is an edge
    picture = assert_becomes(pictures, name, size, expected, 0.02 if name == "Tiny" else STRAY)
    assert off_share(picture, np.fliplr(expected)) > 0.1
    assert off_share(picture, np.flipud(expected)) > 0.1
    pictures.obs.ws.set_current_program_scene("Empty")


def test_a_picture_is_captured_once_a_frame_however_often_it_is_drawn(pictures: Lab) -> None:
    ws = pictures.obs.ws
    show(pictures, "Room")
    ws.set_studio_mode_enabled(True)
    try:
        ws.set_current_preview_scene("Room over colour")
        # the client's own methods for these warn that obs-websocket may drop them
        ws.send("OpenSourceProjector", {"sourceName": "Room", "monitorIndex": -1})
        mix = "OBS_WEBSOCKET_VIDEO_MIX_TYPE_PREVIEW"
        ws.send("OpenVideoMixProjector", {"videoMixType": mix, "monitorIndex": -1})
        wait_until(lambda: _more_draws_than_frames(pictures), "several displays draw the source")
        frames_before, before = pictures.obs.stats().rendered, pictures.call("counters", source="Room")
        expected = expected_screenshot(room(WIDTH, HEIGHT))
        for _ in range(10):
            assert off_share(pictures.screenshot("Room", *CANVAS), expected) <= STRAY
        after, frames_after = pictures.call("counters", source="Room"), pictures.obs.stats().rendered
    finally:
        ws.set_studio_mode_enabled(False)
    drawn_in, draws, captured = (now - then for now, then in zip(after, before, strict=True))
    frames = frames_after - frames_before
    assert frames > 5
    assert drawn_in <= frames + 2
    assert captured <= frames + 2
    assert draws >= 2 * drawn_in


def _more_draws_than_frames(lab: Lab) -> bool:
    before = lab.call("counters", source="Room")
    time.sleep(0.3)
    drawn_in, draws, _ = (
        now - then for now, then in zip(lab.call("counters", source="Room"), before, strict=True)
    )
    return bool(drawn_in > 0 and draws >= 2 * drawn_in)


def test_the_real_network_finds_a_real_person(
    pictures: Lab, reference_data: Path, default_model_file: Path
) -> None:
    """A frame of film as a still picture: OBS shows what the engine computes outside of it."""
    import av

    with av.open(str(reference_data / "clips" / "pyfeat_single_face.mp4")) as clip:
        own: Any = next(clip.decode(video=0)).to_ndarray(format="rgb24")
    assert own.shape == (HEIGHT, WIDTH, 3)
    real: dict[str, Any] = {
        "model": default_model_file.stem.removesuffix("_fp32"),
        "quality": "fast",
        "threads": 2,
    }
    (pictures.data / "models" / default_model_file.name).symlink_to(default_model_file)
    ws = pictures.obs.ws
    ws.create_scene("Person over colour")
    ws.create_scene_item("Person over colour", "Behind", True)
    file = write_png(pictures.folder / "person.png", own)
    ws.create_input("Person over colour", "Person", "image_source", {"file": str(file)}, True)
    ws.create_source_filter("Person", FILTER, FILTER_KIND, {**real, "mode": "matte"})
    ws.set_current_program_scene("Person over colour")
    pictures.wait_status("Person", lambda s: s["mattes"] > 30, "settles")
    with Matting(**real) as engine:
        for _ in range(30):
            alpha = engine.step(own).alpha
    assert 0.2 < (alpha > 0.95).mean() < 0.8
    assert (alpha < 0.05).mean() > 0.2
    matte = pictures.screenshot("Person", *CANVAS)[..., 0]
    assert np.abs(matte - 255 * alpha).mean() < 1
    ws.set_source_filter_settings("Person", FILTER, {"mode": "transparent"}, True)
    is_person, is_room = alpha > 0.999, alpha < 0.001
    behind = np.broadcast_to(BEHIND, own.shape).astype(float)
    picture = pictures.wait_picture(
        "Person over colour", CANVAS, lambda seen: off_share(seen, behind, 2, is_room) < 0.02
    )
    assert off_share(picture, behind, 2, is_room) < 0.02
    assert off_share(picture, own.astype(float), 4, is_person) < 0.02
