"""The bench: its errors on cases worked out by hand, its footage, its rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import cli
from rvm_core.bench import footage, metrics, quality, speed
from rvm_core.errors import ModelMissing, RvmError, SettingsError
from rvm_core.models import ensure

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


@pytest.mark.parametrize("condition", footage.CONDITIONS)
def test_every_condition_keeps_picture_and_truth_together(folder: Path, condition: str) -> None:
    clip = footage.clips(folder)["one"]
    frames = list(footage.frames(clip, condition, 3))
    assert len(frames) == 3
    for picture, true in frames:
        assert picture.dtype == np.uint8
        assert true.dtype == np.float32
        assert picture.shape == (*true.shape, 3)
        assert set(np.unique(np.rint(true * 255))) <= {100, 200}
    again = list(footage.frames(clip, condition, 3))
    assert all((a.picture == b.picture).all() for a, b in zip(frames, again, strict=True)), "other noise"
    if condition not in ("clean",):
        clean = list(footage.frames(clip, "clean", 3))
        assert any(
            a.picture.shape != b.picture.shape or (a.picture != b.picture).any()
            for a, b in zip(frames, clean, strict=True)
        )


def test_panning_moves_truth_with_the_picture(folder: Path) -> None:
    for picture, true in footage.frames(footage.clips(folder)["one"], "panning", 4):
        edge = int(np.argmax(true[0] > 0.6)) if (true[0] > 0.6).any() else None
        if edge and 4 < edge < true.shape[1] - 4:
            assert picture[:, edge + 3].mean() > picture[:, edge - 4].mean() + 50


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
    arguments = ["bench", "quality", "--gt", str(folder), "--frames", "3", "--levels", "fast"]
    assert cli.main([*arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["method"] for row in rows] == [*quality.RATIOS, "fast"]
    assert all(row["mad"] > 0 and row["cpu_ms"] > 0 for row in rows)
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.count("\n") == 1 + len(rows)
    with pytest.raises(SettingsError, match="no level 'superb'"):
        list(quality.rows(folder, ["clean"], ["superb"], 2))
    with pytest.raises(SettingsError, match="no condition 'dark'"):
        list(quality.rows(folder, ["dark"], ["fast"], 2))


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
