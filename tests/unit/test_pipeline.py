"""What the worker calls after the network."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError
from rvm_core.kernels.bokeh import bokeh
from rvm_core.pipeline import Workshop, blur_radius_px, finish, visible_area
from rvm_core.settings import Settings
from tests.unit import oracles

HEIGHT, WIDTH = 24, 32
RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
ALPHA = RANDOM.random((HEIGHT, WIDTH), np.float32)
FOREGROUND = RANDOM.random((3, HEIGHT, WIDTH), np.float32)


def settings(**values: object) -> Settings:
    complete, problems = Settings.from_values(values)
    assert not problems
    return complete


def test_the_matte_and_its_detail_in_half_precision() -> None:
    matte, detail = np.full((2, HEIGHT, WIDTH, 4), 9, np.float16)
    finish(PICTURE, ALPHA, FOREGROUND, settings(), 2.0, matte, detail)
    expected = oracles.diffused_foreground(ALPHA, FOREGROUND)
    np.testing.assert_allclose(matte.astype(np.float32), expected, atol=6e-4)
    expected = oracles.detail(PICTURE, ALPHA, 2.0)
    np.testing.assert_allclose(detail.astype(np.float32), expected, atol=2e-3)


@pytest.mark.parametrize("mode", ["transparent", "blur", "color", "image", "matte"])
def test_the_background_is_written_in_blur_mode_alone(mode: str) -> None:
    matte, detail = np.empty((2, HEIGHT, WIDTH, 4), np.float16)
    background = np.full((HEIGHT, WIDTH, 4), 7, np.uint8)
    chosen = settings(mode=mode, blur_strength=1.0, bokeh_highlights=0.8)
    finish(PICTURE, ALPHA, FOREGROUND, chosen, 2.0, matte, detail, background)
    expected = np.full_like(background, 7)
    if mode == "blur":
        bokeh(PICTURE, ALPHA, 0.06 * HEIGHT, 0.8, expected)
    np.testing.assert_array_equal(background, expected)


def test_blur_mode_without_a_place_for_the_background() -> None:
    matte, detail = np.full((2, HEIGHT, WIDTH, 4), 9, np.float16)
    finish(PICTURE, ALPHA, FOREGROUND, settings(mode="blur"), 2.0, matte, detail)
    assert matte.max() <= 1


def test_the_radius_goes_with_the_height() -> None:
    assert blur_radius_px(1.0, 144) == pytest.approx(8.64)
    assert blur_radius_px(0.0, 144) == 0.0


@pytest.mark.parametrize("widths", [(WIDTH - 1, WIDTH), (WIDTH, WIDTH - 1)])
def test_a_matte_of_another_size_is_refused(widths: tuple[int, int]) -> None:
    matte, detail = (np.empty((HEIGHT, width, 4), np.float16) for width in widths)
    with pytest.raises(PictureError):
        finish(PICTURE, ALPHA, FOREGROUND, settings(), 2.0, matte, detail)


@pytest.mark.parametrize("size", [(WIDTH, HEIGHT), (89, 67), (640, 480), (1921, 1439)])
@pytest.mark.parametrize(
    "person", [(0, 0, 32, 24), (5, 3, 6, 4), (0, 23, 1, 24), (31, 0, 32, 1), (10, 20, 30, 24)]
)
def test_the_area_holds_all_that_is_seen_and_little_else(
    person: tuple[int, int, int, int], size: tuple[int, int]
) -> None:
    cv2 = pytest.importorskip("cv2")
    left, top, right, bottom = person
    alpha = np.full((HEIGHT, WIDTH), 0.001, np.float32)
    alpha[top:bottom, left:right] = 1.0
    area = visible_area(alpha, size)
    is_seen = cv2.resize((alpha > 0.5).astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0
    rows, columns = np.flatnonzero(is_seen.any(axis=1)), np.flatnonzero(is_seen.any(axis=0))
    least = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    spare = 1 + size[0] / WIDTH
    for at, inner, sign in zip(area, least, (-1, -1, 1, 1), strict=True):
        assert 0 <= sign * (at - inner) <= spare, (area, least)
    assert 0 <= area[0] < area[2] <= size[0]
    assert 0 <= area[1] < area[3] <= size[1]


def test_nobody_leaves_no_area() -> None:
    assert visible_area(np.full((HEIGHT, WIDTH), 0.001, np.float32), (640, 480)) == (0, 0, 0, 0)


def finished(**values: object) -> dict[str, NDArray[np.float32]]:
    """What ``finish`` writes by these settings; the edge is 9 where it is not written."""
    matte, detail, edge = np.full((3, HEIGHT, WIDTH, 4), 9, np.float16)
    background = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    finish(PICTURE, ALPHA, FOREGROUND, settings(**values), 2.0, matte, detail, background, edge)
    arrays = {"matte": matte, "detail": detail, "edge": edge, "background": background}
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def test_neutral_controls_change_no_bit_and_write_no_edge() -> None:
    plain, chosen = finished(), finished(light_wrap=1.0, edge_contrast=1.0, zone_softness=20.0)
    assert (plain["edge"] == 9).all()
    for name, array in plain.items():
        np.testing.assert_array_equal(chosen[name], array)


@pytest.mark.parametrize(
    ("values", "is_written"),
    [
        ({}, False),
        ({"spill_removal": 0.5}, True),
        ({"light_wrap": 0.5}, False),
        ({"mode": "matte", "light_wrap": 0.5}, False),
        ({"mode": "color", "light_wrap": 0.5}, True),
        ({"mode": "blur", "light_wrap": 0.5}, True),
        ({"edge_shift_px": 3.0}, False),
    ],
)
def test_the_edge_is_written_where_a_setting_needs_it(values: dict[str, object], is_written: bool) -> None:
    matte, detail, edge = np.full((3, HEIGHT, WIDTH, 4), 9, np.float16)
    arguments = PICTURE, ALPHA, FOREGROUND, settings(**values), 2.0, matte, detail, None
    assert finish(*arguments, edge) is is_written
    assert (edge[..., 3] <= 1).all() == is_written
    assert finish(*arguments) is False


def test_pixels_of_the_settings_are_those_of_the_picture_on_screen() -> None:
    """Twice enlarged, so half as many of the small alpha's."""
    alpha = finished(edge_shift_px=-3.0, edge_feather_px=5.0)["matte"][..., 3]
    expected = oracles.feathered(oracles.shifted(ALPHA, -1.5), 2.5)
    np.testing.assert_allclose(alpha, expected, atol=6e-4)


def test_an_edge_inward_takes_colours_from_inside_and_one_outward_those_of_the_picture() -> None:
    light = oracles.linear(PICTURE[..., :3] / 255.0)
    for shift_px in (-3.0, 3.0):
        shown = oracles.shifted(ALPHA, shift_px / 2)
        kept = np.minimum(shown, ALPHA)
        expected = oracles.diffused_foreground(kept, FOREGROUND)[..., :3] + (shown - kept)[..., None] * light
        found = finished(edge_shift_px=shift_px)
        np.testing.assert_allclose(found["matte"][..., :3], expected, atol=1e-3)
        expected = oracles.detail(PICTURE, shown, 2.0)
        np.testing.assert_allclose(found["detail"], expected, atol=4e-3)


def test_spill_and_light_in_half_precision() -> None:
    for shift_px, kept in ((0.0, ALPHA), (-4.0, oracles.shifted(ALPHA, -2.0)), (4.0, ALPHA)):
        edge = finished(mode="color", spill_removal=0.8, light_wrap=0.5, edge_shift_px=shift_px)["edge"]
        expected = oracles.edge(PICTURE, ALPHA.astype(np.float64), kept, 0.8, 0.5)
        np.testing.assert_allclose(edge, expected, atol=2e-3)
    transparent = finished(spill_removal=0.8, light_wrap=0.5)["edge"]
    assert (transparent[..., 3] == 0).all(), "there is no new background"


KEEP = {
    "zone_1_use": "keep",
    "zone_1_left": 50.0,
    "zone_1_top": 50.0,
    "zone_1_width": 50.0,
    "zone_1_height": 50.0,
}
REMOVE = {
    "zone_2_use": "remove",
    "zone_2_left": 0.0,
    "zone_2_top": 0.0,
    "zone_2_width": 25.0,
    "zone_2_height": 100.0,
}


def test_zones_come_last() -> None:
    values = {"mode": "blur", "spill_removal": 1.0, "edge_shift_px": -4.0, "zone_softness": 0.0}
    plain, zoned = finished(**values), finished(**values, **KEEP, **REMOVE)
    kept, removed, elsewhere = np.s_[12:, 16:], np.s_[:, :8], np.s_[:12, 8:]
    assert (zoned["matte"][kept][..., 3] == 1).all()
    light = oracles.linear(PICTURE[..., :3] / 255.0)
    np.testing.assert_allclose(zoned["matte"][kept][..., :3], light[kept], atol=6e-4)
    assert (zoned["matte"][removed] == 0).all()
    for name in ("detail", "edge"):
        assert (zoned[name][kept] == 0).all()
    assert (zoned["detail"][removed] == 0).all()
    for name in ("matte", "detail", "edge"):
        np.testing.assert_array_equal(zoned[name][elsewhere], plain[name][elsewhere])


def test_the_blur_takes_no_colour_from_what_is_kept_nor_from_what_an_edge_leaves_out() -> None:
    zones = {"zone_softness": 0.0, **KEEP, **REMOVE}
    for shift_px, person in ((0.0, ALPHA), (-4.0, ALPHA), (4.0, oracles.shifted(ALPHA, 2.0))):
        person = person.astype(np.float32)
        for chosen in ({}, zones):
            if chosen:
                person[12:, 16:], person[:, :8] = 1.0, 0.0
            expected = np.empty((HEIGHT, WIDTH, 4), np.uint8)
            bokeh(PICTURE, person, 0.06 * HEIGHT, 0.3, expected)
            found = finished(mode="blur", blur_strength=1.0, edge_shift_px=shift_px, **chosen)["background"]
            assert np.abs(found - expected.astype(np.float32)).max() <= 1


def test_memory_is_kept_and_settings_and_sizes_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = {
        "mode": "blur",
        "edge_shift_px": -3.0,
        "edge_feather_px": 4.0,
        "spill_removal": 1.0,
        "light_wrap": 1.0,
    }
    made: list[tuple[int, ...]] = []
    empty = np.empty

    def counted(shape: tuple[int, ...], *arguments: object) -> NDArray[np.float32]:
        found: NDArray[np.float32] = empty(shape, *arguments)  # type: ignore[call-overload]
        if found.size >= HEIGHT * WIDTH:
            made.append(shape)
        return found

    workshop, half = Workshop(), np.s_[: HEIGHT // 2, : WIDTH // 2]
    for values in ({}, everything, {**everything, **KEEP}, {**everything, **KEEP, "zone_1_left": 20.0}, KEEP):
        for part in (np.s_[:, :], half):
            picture, alpha = PICTURE[part], np.ascontiguousarray(ALPHA[part])
            foreground = np.ascontiguousarray(FOREGROUND[(slice(None), *part)])
            ours, fresh = (
                workshop_or_new.small(picture, alpha, foreground, settings(**values), 2.0)
                for workshop_or_new in (workshop, Workshop())
            )
            for found, expected in zip(ours, fresh, strict=True):
                np.testing.assert_array_equal(found, expected)
    workshop.small(PICTURE, ALPHA, FOREGROUND, settings(**everything, **KEEP), 2.0)
    monkeypatch.setattr("rvm_core.kernels._scratch.np.empty", counted)
    workshop.small(PICTURE, ALPHA, FOREGROUND, settings(**everything, **KEEP), 2.0)
    assert not made
    Workshop().small(PICTURE, ALPHA, FOREGROUND, settings(**everything, **KEEP), 2.0)
    assert made


def test_zones_follow_their_settings_while_the_picture_keeps_its_size() -> None:
    workshop = Workshop()
    for changed in ({}, {"zone_softness": 20.0}, {"zone_1_left": 20.0}, {"zone_1_use": "remove"}):
        chosen = settings(**KEEP | changed)
        ours, fresh = (one.small(PICTURE, ALPHA, FOREGROUND, chosen, 2.0) for one in (workshop, Workshop()))
        np.testing.assert_array_equal(ours.matte, fresh.matte)


def test_the_area_of_a_matte_in_half_precision() -> None:
    matte = finished(**REMOVE, zone_softness=0.0)["matte"].astype(np.float16)
    left, top, right, bottom = visible_area(matte[..., 3], (2 * WIDTH, 2 * HEIGHT))
    assert 0 < left <= 16
    assert (top, right, bottom) == (0, 2 * WIDTH, 2 * HEIGHT)
