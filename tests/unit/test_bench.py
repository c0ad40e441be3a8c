"""The bench: its errors on cases worked out by hand, its footage, its rows."""

from __future__ import annotations

import json
import operator
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import cli, paths
from rvm_core.bench import compositions, conditions, footage, memory, metrics, quality, sheet, speed, summary
from rvm_core.bench.frame import TRUSTED_ALPHA, Frame
from rvm_core.cli.bench import QualityTable
from rvm_core.errors import ModelMissing, RvmError, SettingsError
from rvm_core.models import ensure
from tests import graphs

cv2: Any = pytest.importorskip("cv2")
av: Any = pytest.importorskip("av")


def alpha(height: int = 20, width: int = 30) -> NDArray[np.float32]:
    return np.zeros((height, width), np.float32)


def test_mean_differences() -> None:
    given, true = alpha(), alpha()
    given[:, :15] = 0.5
    assert metrics.mad(given, true) == pytest.approx(250)
    assert metrics.mse(given, true) == pytest.approx(125)
    assert metrics.mad(true, true) == metrics.mse(true, true) == 0


def test_what_is_shown_of_the_room_and_missing_of_the_person() -> None:
    given, true = alpha(), alpha()
    true[:, :10] = 1.0
    true[:, 10:12] = 0.5  # the edge counts as neither
    given[:, :5] = 1.0
    given[:, 5:10] = 0.75
    given[:, 10:12] = 1.0
    given[:, 25:] = 0.5
    assert metrics.person_lost(given, true) == pytest.approx(1e3 * 5 * 0.25 / 30)
    assert metrics.room_shown(given, true) == pytest.approx(1e3 * 5 * 0.5 / 30)
    assert metrics.person_lost(true, true) == metrics.room_shown(true, true) == 0


def test_dtssd_is_about_change_alone() -> None:
    still, moved = alpha(), alpha()
    moved[:] = 0.25
    assert metrics.dtssd(moved, still, moved, still) == 0, "wrong, but steadily"
    assert metrics.dtssd(moved, still, still, still) == pytest.approx(25)
    assert metrics.dtssd(moved, moved, still, still) == 0, "it changed as the truth did"


def test_grad_sees_edges_and_neither_level_nor_contrast() -> None:
    edge, flat = alpha(40, 60), alpha(40, 60)
    edge[:, 30:] = 1.0
    assert metrics.grad(edge, edge) == 0
    assert metrics.grad(edge * 0.5 + 0.25, edge) == pytest.approx(0, abs=1e-9), "stretched to 0..1"
    # A step through a unit-norm derivative of a Gaussian: the sum over the step, squared, for each row.
    kernel = metrics._derivative()
    assert np.square(kernel).sum() == pytest.approx(1)
    profile = np.array([kernel[:, k:].sum() for k in range(kernel.shape[1])])
    assert metrics.grad(edge, flat) == pytest.approx(40 * np.square(profile).sum() / 1e3, rel=0.02)


def test_conn_counts_what_hangs_loose() -> None:
    true = alpha()
    true[2:12, 2:12] = 1.0
    assert metrics.conn(true, true) == 0
    given = true.copy()
    given[15:17, 20:25] = 0.8  # an island of ten pixels that hangs loose from level 0
    assert metrics.conn(given, true) == pytest.approx(10 * 0.8 / 1e3)
    both = true.copy()
    both[0, 20:25] = 1.0  # a smaller region that comes first: the larger one counts, in both alphas
    given = both.copy()
    given[0, 20:25] = 0.6
    given[2:12, 2:12] = 0.95  # held so far up that the rest does not count
    assert metrics.conn(given, both) == pytest.approx(5 * 0.4 / 1e3)
    given = true.copy()
    given[15:17, 20:25] = 0.1  # too faint to count
    assert metrics.conn(given, true) == 0
    given = true.copy()
    given[2:12, 2:12] = 0.55  # joined up to 0.5 in both: the truth exceeds that by 0.5
    assert metrics.conn(given, true) == pytest.approx(100 * 0.5 / 1e3)


def test_colour_counts_what_is_shown_and_known() -> None:
    given, true = np.full((2, 3, 3), 0.5, np.float32), np.full((2, 3, 3), 0.5, np.float32)
    true[0, 0] = (0.8, 0.5, 0.5)  # wrong by 0.1 in the mean of its channels
    true[1, 0] = np.nan  # unknown, however wrong
    given[0, 2] = 0.0  # wrong by 0.5, but hardly shown
    given_alpha, true_alpha = np.ones((2, 3), np.float32), np.full((2, 3), 0.8, np.float32)
    given_alpha[0, 2] = 0.2
    shown = 4 * 0.8 + 0.2
    assert metrics.colour(given, true, given_alpha, true_alpha) == pytest.approx(
        1e3 * (0.8 * 0.1 + 0.2 * 0.5) / shown
    )
    assert metrics.colour(true, true, given_alpha, true_alpha) == 0
    assert np.isnan(metrics.colour(given, np.full_like(true, np.nan), given_alpha, true_alpha))
    assert np.isnan(metrics.colour(given, true, np.zeros_like(given_alpha), true_alpha)), "nobody is shown"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("clips")
    for name, codec, pixels in (("one.mp4", "mpeg4", "yuv420p"), ("one_alpha.mkv", "ffv1", "gray")):
        with av.open(str(made / name), "w") as file:
            stream = file.add_stream(codec, rate=30)
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
            for n in range(4):
                image = np.full((48, 64), 100, np.uint8)
                image[:, 8 * n :] = 200
                frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format=pixels)
                for packet in stream.encode(frame):
                    file.mux(packet)
            for packet in stream.encode():
                file.mux(packet)
    return made


ROOM = 90


@pytest.fixture(scope="module")
def plated(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same clip before a room of grey ROOM: the person's own grey is 116 and 231, not 100 and 200."""
    made = tmp_path_factory.mktemp("plated")
    for file in folder.iterdir():
        shutil.copyfile(file, made / file.name)
    cv2.imwrite(str(made / "one_plate.png"), np.full((48, 64, 3), ROOM, np.uint8))
    return made


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tiny graph whose foreground is the picture."""
    graphs.build_all(tmp_path)
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    return "graph_good"


@pytest.mark.parametrize("condition", conditions.CONDITIONS)
def test_every_condition_keeps_picture_and_truth_together(plated: Path, condition: str) -> None:
    clip = footage.clips(plated)["one"]
    frames = list(footage.frames(clip, condition, 3))
    assert len(frames) == 3
    keeps_colours = condition in ("clean", "vertical", "panning")
    for picture, true, foreground in frames:
        assert picture.dtype == np.uint8
        assert true.dtype == np.float32
        assert picture.shape == (*true.shape, 3)
        assert set(np.unique(np.rint(true * 255))) <= {100, 200}
        assert (foreground is not None) == keeps_colours
        if foreground is not None:
            assert foreground.shape == picture.shape
            again_over = ROOM + (255 * foreground - ROOM) * true[..., None]
            assert np.abs(again_over - picture).max() < 25, "the colours of another place"
    again = list(footage.frames(clip, condition, 3))
    assert all((a.picture == b.picture).all() for a, b in zip(frames, again, strict=True)), "other noise"
    if condition not in ("clean",):
        clean = list(footage.frames(clip, "clean", 3))
        assert any(
            a.picture.shape != b.picture.shape or (a.picture != b.picture).any()
            for a, b in zip(frames, clean, strict=True)
        )


def test_the_true_foreground_is_what_the_plate_leaves() -> None:
    front, room = np.array([200, 120, 40]), np.array([20, 60, 240])
    true = np.linspace(0, 1, 41, dtype=np.float32)[None]
    picture = np.rint(true[..., None] * front + (1 - true[..., None]) * room).astype(np.uint8)
    plate = np.broadcast_to(room.astype(np.uint8), picture.shape)
    colour = footage._foreground(picture, true, plate)
    low, high = TRUSTED_ALPHA
    known = (true >= low) & (true <= high)
    assert 20 < known.sum() < 30
    np.testing.assert_allclose(colour[known], np.broadcast_to(front / 255, (known.sum(), 3)), atol=0.01)
    assert np.isnan(colour[~known]).all()


def test_still_holds_one_frame_under_fresh_noise(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = footage.clips(folder)["one"]
    clean = list(footage.frames(clip, "clean", 9))
    for held, expected in ((60, clean[-1]), (1, clean[1])):
        monkeypatch.setattr(conditions, "HELD_FRAME", held)
        frames = list(footage.frames(clip, "still", 9))
        assert len(frames) == len(clean) == 4
        noise = np.stack([frame.picture - expected.picture.astype(float) for frame in frames])
        assert 4.5 < noise.std() < 5.5
        assert 6 < (noise[1:] - noise[:-1]).std() < 8, "the same noise again"
        assert all((frame.alpha == expected.alpha).all() for frame in frames)


def test_panning_moves_truth_with_the_picture(folder: Path) -> None:
    for picture, true, _ in footage.frames(footage.clips(folder)["one"], "panning", 4):
        edge = int(np.argmax(true[0] > 0.6)) if (true[0] > 0.6).any() else None
        if edge and 4 < edge < true.shape[1] - 4:
            assert picture[:, edge + 3].mean() > picture[:, edge - 4].mean() + 50


def people(count: int = 6) -> list[compositions.Person]:
    """A person of light 200, a third as wide as the picture, that brightens from frame to frame."""
    made = []
    for number in range(count):
        shape = np.zeros((48, 64), np.float32)
        shape[16:, 20:40] = 1.0
        made.append(compositions.Person(shape[..., None].repeat(3, axis=2) * (200 + number), shape))
    return made


def test_a_person_placed_where_it_was_is_the_frame_again() -> None:
    random = np.random.default_rng(3)
    plate, true = random.integers(0, 255, (48, 64, 3), np.uint8), np.zeros((48, 64), np.float32)
    true[10:, 20:40] = np.linspace(0, 1, 20, dtype=np.float32)
    picture = np.rint(true[..., None] * 230 + (1 - true[..., None]) * plate).astype(np.uint8)
    frames = [Frame(np.asarray(plate), np.zeros_like(true)), Frame(picture, true)]
    (again,) = compositions.composed(iter(frames), plate, compositions.COMPOSITIONS["person first"], random)
    np.testing.assert_array_equal(again.alpha, true)
    difference = again.picture.astype(float) - picture
    assert np.abs(difference).max() < 6 * compositions.CAMERA_NOISE
    assert difference.std() == pytest.approx(compositions.CAMERA_NOISE, rel=0.15)


def test_a_placed_person_stands_on_the_same_edge() -> None:
    (one,) = people(1)
    small = one.placed(scale=0.5, shift=0.25)
    rows, columns = np.nonzero(small.alpha > 0.5)
    assert rows.max() == 47
    assert rows.size == pytest.approx(32 * 20 / 4, rel=0.15)
    assert columns.mean() == pytest.approx(29.5 + 0.5 * (31.5 - 29.5) + 16, abs=1)
    mirrored = one.placed(is_mirrored=True)
    np.testing.assert_allclose(mirrored.alpha, one.alpha[:, ::-1], atol=1e-3)
    np.testing.assert_allclose(small.light[small.alpha > 0.99], 200, atol=2)


def test_what_the_compositions_show() -> None:
    def shares(name: str) -> list[float]:
        shots = compositions.COMPOSITIONS[name](people())
        return [sum(float(one.alpha.mean()) for one in shot) for shot in shots]

    whole = float(people(1)[0].alpha.mean())
    assert shares("person first") == pytest.approx([whole] * 6)
    seated = list(compositions.COMPOSITIONS["seated"](people()))
    assert len(seated) == 6 + 20 * compositions.FPS
    assert all(shot[0] is seated[5][0] for shot in seated[6:])
    entering = shares("entering")
    assert entering[0] == 0
    assert entering[-1] == pytest.approx(whole)
    assert 0 < entering[12] < whole or 0 < entering[15] < whole
    leaving = shares("leaving")
    assert leaving[0] == leaving[-1] == pytest.approx(whole)
    assert leaving.count(0) >= compositions.AWAY_S * compositions.FPS
    assert shares("small") == pytest.approx([whole * compositions.SMALL_SCALE**2] * 6, rel=0.2)
    assert shares("two people") == pytest.approx([2 * whole * compositions.PAIR_SCALE**2] * 6, rel=0.1)


@pytest.mark.parametrize("condition", compositions.COMPOSITIONS)
def test_a_composition_needs_the_plate_and_is_the_same_each_time(
    folder: Path, plated: Path, condition: str
) -> None:
    frames, again = (list(footage.frames(footage.clips(plated)["one"], condition, 40)) for _ in range(2))
    assert frames
    assert all((a.picture == b.picture).all() for a, b in zip(frames, again, strict=True))
    with pytest.raises(RvmError, match="no clean plate") as caught:
        footage.frames(footage.clips(folder)["one"], condition, 3)
    assert "one_plate.png" in caught.value.remedy


def test_clips_of_several_folders(folder: Path, plated: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copyfile(folder / "one_alpha.mkv", other / "two_alpha.mkv")
    assert list(footage.clips(folder, other)) == ["one", "two"]
    with pytest.raises(RvmError, match="Two clips are named one"):
        footage.clips(folder, plated)


def test_a_summary_names_the_worst_clip() -> None:
    def row(clip: str, method: str, mad: float, worst: float) -> quality.Row:
        return quality.Row(
            clip, "clean", method, mad, 1, 1, 1, mad / 2, 1, worst, 2, 2 * worst, None, 10 * mad, None
        )

    rows = [row("a", "fast", 4, 9), row("a", "fine", 2, 1), row("b", "fast", 8, 3), row("b", "fine", 1, 2)]
    fast, fine = summary.summaries(rows)
    assert (fast.method, fine.method) == ("fast", "fine")
    assert fast.mad == summary.Figure(6, 8, "b")
    assert fine.mad == summary.Figure(1.5, 2, "a")
    assert fast.room_shown.worst_frame == 9
    assert fast.person_lost.worst_frame == 18
    assert fast.cpu_ms == 60
    told = QualityTable(tuple(rows), (fast, fine)).text().splitlines()[-2]
    assert "MAD 6.00 (8.00 b)" in told


def test_folders_without_clips(tmp_path: Path) -> None:
    with pytest.raises(RvmError, match="No clip"):
        footage.clips(tmp_path)
    (tmp_path / "two_alpha.mkv").write_bytes(b"")
    with pytest.raises(RvmError, match="no video"):
        list(footage.frames(footage.clips(tmp_path)["two"], "clean", 2))


def test_rows_and_their_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        ensure("rvm_mobilenetv3", download=False)
    except ModelMissing as missing:
        pytest.skip(str(missing))
    arguments = ["bench", "quality", "--gt", str(folder), "--frames", "3", "--levels", "fast", "--json"]
    arguments += ["--models", quality.MODEL]
    assert cli.main(arguments) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["method"] for row in rows] == [*quality.RATIOS, "fast"]
    for row in rows:
        assert row["mad"] > 0
        assert row["cpu_ms"] > 0
        assert row["peak_mb"] is None or 20 < row["peak_mb"] < 1000
        assert row["colour"] is None, "nobody knows the colours"


def test_rows_of_a_clip_with_a_plate(plated: Path, stand_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person is of grey 231; the stand-in shows the picture's grey of 200 instead."""
    asked: list[tuple[object, ...]] = []
    monkeypatch.setattr(memory, "grown_mb", lambda *work: asked.append(work))
    rows = list(quality.rows([plated], ["clean", "dim", "vertical"], [], 3, [stand_in]))
    assert [row.condition for row in rows] == ["clean"] * 2 + ["dim"] * 2 + ["vertical"] * 2
    for row in rows:
        if row.condition == "dim":
            assert row.colour is None
        else:
            assert row.colour == pytest.approx(1e3 * (231 - 200) / 255, abs=20)
    assert len(asked) == 4, "two methods, two sizes of picture: conditions of one size share a measurement"
    table = QualityTable(tuple(rows), ()).text().splitlines()
    table = table[: 1 + len(rows)]
    assert len({len(line) for line in table}) == 1, "columns that stand below their titles"
    assert " - " in table[3]


def test_a_row_for_every_model_as_published_and_at_each_level(
    plated: Path, stand_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "grown_mb", lambda *_: None)
    known = quality.methods([stand_in, "mediapipe_selfie", "bgmv2_resnet50"], ["fast", "fine"])
    assert list(known) == [
        *(f"{stand_in} {label}" for label in (*quality.RATIOS, "fast", "fine")),
        *(f"mediapipe_selfie {label}" for label in ("raw", "fast", "fine")),
        *(f"bgmv2_resnet50 {label}" for label in ("fast", "fine")),
    ]
    assert known["mediapipe_selfie raw"] == ("raw", "mediapipe_selfie")
    rows = list(quality.rows([plated], ["clean"], ["fast"], 2, [stand_in, "graph_plate"]))
    assert rows[-1].method == "graph_plate fast"  # without the clip's plate it raises


def test_both_kinds_of_method_give_the_person_s_colour(stand_in: str) -> None:
    picture = np.full((48, 64, 3), 200, np.uint8)
    for label in (*quality.RATIOS, "fast"):
        alpha, foreground = quality.method(label, stand_in)(picture)
        assert foreground.shape == (*alpha.shape, 3) == picture.shape
        np.testing.assert_allclose(quality.unit(foreground), 200 / 255, atol=0.01)


def test_methods_take_turns_and_a_perfect_one_has_no_error() -> None:
    turns: list[str] = []
    truths = [np.full((4, 6), value, np.float32) for value in (0.4, 0.9, 0.5, 0.5)]
    picture, colour = np.zeros((4, 6, 3), np.uint8), np.full((4, 6, 3), 0.5, np.float32)

    def step(label: str, error: float) -> quality.Step:
        given = iter(truths)

        def one(_picture: NDArray[np.uint8]) -> quality.Seen:
            turns.append(label)
            return quality.Seen(next(given) - np.float32(error), colour + np.float32(error))

        return one

    records = {
        "perfect": quality.Record(step("perfect", 0.0)),
        "wrong": quality.Record(step("wrong", 0.1)),
    }
    frames = (Frame(picture, true, colour) for true in truths)
    assert quality.play(frames, records) is picture
    assert turns == ["perfect", "wrong"] * len(truths)
    perfect, wrong = (quality.row("clip", "clean", label, record) for label, record in records.items())
    assert perfect.mad == perfect.mse == perfect.dtssd == perfect.colour == 0
    assert wrong.mad == pytest.approx(100)
    assert wrong.colour == pytest.approx(100)
    assert wrong.dtssd == 0, "steadily wrong"


def test_rows_that_cannot_be(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no level 'superb'"):
        list(quality.rows([folder], ["clean"], ["superb"], 2))
    with pytest.raises(SettingsError, match="no condition 'dark'"):
        list(quality.rows([folder], ["dark"], ["fast"], 2))


def test_memory_is_that_of_the_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = np.ones(25_000_000)  # a child's getrusage on Linux would begin with these 200 MB
    peak = memory._peak_mb()
    if peak is None:
        pytest.skip("This system does not tell.")
    assert peak > ours.nbytes / 1e6
    grown = memory.grown_mb(operator.mul, b"x", 64_000_000)
    assert grown is not None
    assert 60 < grown < 80
    monkeypatch.setattr(memory, "_STATUS", Path("nowhere"))
    assert memory._peak_mb() == pytest.approx(peak, rel=0.5), "getrusage in another unit"
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory.grown_mb(operator.mul, b"x", 1) is None


def test_speed_compares_what_does_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        ensure("rvm_mobilenetv3", download=False)
    except ModelMissing as missing:
        pytest.skip(str(missing))
    assert cli.main(["bench", "speed", "--turns", "2", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["what"] for row in rows] == ["blur and composite", "matte, blur and composite"]
    for row in rows:
        assert row["ratio"] == pytest.approx(row["ours_ms"] / row["recipe_ms"], rel=0.05)
    picture, alpha = speed._scene()
    small = speed._resized(picture, (256, 144)), speed._resized(alpha, (256, 144))
    ours, recipe = speed._our_blur(picture, alpha, *small), speed._recipe_blur(picture, alpha)
    assert ours.shape == recipe.shape == picture.shape
    np.testing.assert_array_equal(ours[alpha == 1], picture[alpha == 1])
    away = alpha == 0
    assert np.abs(ours[away].astype(int) - recipe[away]).mean() < 40, "both blur the same background"
    assert np.abs(ours[away].astype(int) - picture[away]).mean() > 5


def ring(size: int = 96) -> NDArray[np.float32]:
    """Somebody whose arm is at the hip: a soft disc with a hole of 12 pixels around (30, 60)."""
    y, x = np.mgrid[:size, :size]
    disc = np.clip(40.5 - np.hypot(y - 48, x - 48), 0, 1)
    alpha: NDArray[np.float32] = (disc * (np.hypot(y - 30, x - 60) > 6)).astype(np.float32)
    return alpha


def test_hard_places_are_found_by_kind() -> None:
    alpha = ring()
    alpha[48, 30] = 0.98  # residue of the keying
    before, reference = alpha.copy(), alpha.copy()
    before[70:80, 30:40] = 0  # moved there
    reference[40:50, 80:88] = 0  # wrong there
    found = sheet._hardness(alpha, before, reference)
    centres = {"gap": (30, 60), "fast": (75, 35), "official 0.5 wrong": (45, 84)}
    for why, (y, x) in centres.items():
        crop = sheet._hardest(why, found[why], "clip", 8)
        assert crop.score > 0
        assert abs(crop.top + crop.side / 2 - y) <= 5, why
        assert abs(crop.left + crop.side / 2 - min(x, 96 - crop.side / 2)) <= 5, why
    assert not found["gap"][0].any(), "the room around is no gap"
    assert not found["soft"][48, 30]
    assert found["soft"].any()
    assert found["hair"][:16].any()
    assert not found["hair"][24:].any()
    assert found["much edge"][48, 8] > 1
    assert not found["much edge"][48, 40]
    assert not sheet._hardness(alpha, None, reference)["fast"].any()


def test_crops_show_different_places() -> None:
    first = sheet.Crop("gap", 5.0, "clip", 8, 10, 10, 20)
    there = replace(first, why="fast", score=9.0, left=12)
    elsewhere = replace(there, score=3.0, left=40)
    later = replace(there, score=2.0, frame=64)
    assert list(sheet._chosen([first, there, elsewhere, later])) == [first, elsewhere]
    assert list(sheet._chosen([first, there, later])) == [first, later]
    assert list(sheet._chosen([replace(first, score=1.0), first])) == [first], "the hardest of its kind"


def test_the_sheet_has_a_column_for_each_and_two_rows_for_each_crop(
    plated: Path,
    tmp_path: Path,
    stand_in: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(quality, "MODEL", stand_in)
    monkeypatch.setattr(sheet, "EVERY", 2)
    file = tmp_path / "sheet.png"
    arguments = ["bench", "sheet", "--gt", str(plated), "--levels", "fast", "--out"]
    assert cli.main([*arguments, str(file), "--json"]) == 0
    crops = json.loads(capsys.readouterr().out)["crops"]
    assert crops
    assert {crop["clip"] for crop in crops} == {"one"}
    assert {crop["frame"] for crop in crops} <= {0, 2}
    image = cv2.imread(str(file))[..., ::-1]
    tile = sheet.TILE_PX + sheet.GAP_PX
    columns = ("picture", "truth", *quality.RATIOS, "fast")
    assert image.shape == (sheet.HEADER_PX + sheet.GAP_PX + 2 * len(crops) * tile, len(columns) * tile, 3)
    drawn = sheet.sheet([plated], ["fast"], 4, [stand_in])
    np.testing.assert_array_equal(drawn.image, image)
    assert [asdict(crop) for crop in drawn.crops] == crops
    assert cli.main([*arguments, str(tmp_path / "nowhere" / "sheet.png")]) == 2
    assert "There is no folder" in capsys.readouterr().err
    taken = tmp_path / "folder.png"
    taken.mkdir()
    with pytest.raises(RvmError, match="cannot be written"):
        sheet.write_png(image, taken)
    assert not list(tmp_path.glob("*.part"))


def test_a_look_over_the_new_background() -> None:
    alpha = np.array([[0.0, 1.0]], np.float32)
    colour = np.full((1, 2, 3), 0.5, np.float32)
    look = sheet._look(quality.Seen(alpha, colour))
    assert look.matte.tolist() == [[[0] * 3, [255] * 3]]
    assert look.over.tolist() == [[list(sheet.COVER), [128] * 3]]
    known = np.array([[[np.nan] * 3, [0.25] * 3]], np.float32)
    np.testing.assert_allclose(sheet._filled(known, colour)[0], [[0.5] * 3, [0.25] * 3])
