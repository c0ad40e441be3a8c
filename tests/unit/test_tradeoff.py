"""The curves of error over time: what is measured under which label, and that it is drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvm_core import paths
from rvm_core.bench import footage, quality
from rvm_core.bench.frame import Frame
from rvm_core.errors import RvmError
from tests import graphs
from tests.bench import tradeoff

cv2: Any = pytest.importorskip("cv2")

CLIPS = ("one", "two")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    graphs.build_all(tmp_path)
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    return "graph_good"


@pytest.fixture
def clips(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Clips without files: a bright square that moves."""

    def frames(_clip: Path, condition: str, limit: int) -> Any:
        assert condition == "clean"
        for number in range(limit):
            alpha = np.zeros((90, 160), np.float32)
            alpha[20:60, 20 + number : 60 + number] = 1
            yield Frame(np.repeat((40 + 180 * alpha).astype(np.uint8)[..., None], 3, axis=2), alpha)

    folder = Path("folder")
    monkeypatch.setattr(footage, "clips", lambda _folder: {name: folder / name for name in CLIPS})
    monkeypatch.setattr(footage, "frames", frames)
    return folder


def test_each_label_runs_what_it_says(model: str) -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    methods = tradeoff.methods(model)
    assert list(methods) == [label for curve in tradeoff.CURVES for label in curve.methods]
    for size in tradeoff.SIZES:
        engine = tradeoff.SizedMatting(model, size)
        assert engine.step(picture).alpha.shape == (90, 160)
        assert engine._size == size, "what the network saw"
    assert set(tradeoff.LEVELS) <= set(tradeoff.SIZES), "each level has its point"


def test_figures_are_kept_and_drawn(clips: Path, model: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    kept, first, again = tmp_path / "kept.json", tmp_path / "first.png", tmp_path / "again.png"
    asked = ["--gt", str(clips), "--frames", "2", "--json", str(kept), "--out", str(first)]
    assert tradeoff.main(asked, model) == 0
    rows = json.loads(kept.read_text())
    labels = [label for curve in tradeoff.CURVES for label in curve.methods]
    assert [(row["clip"], row["method"]) for row in rows] == [(c, label) for c in CLIPS for label in labels]
    by_label = {row["method"]: row for row in rows if row["clip"] == "one"}
    assert by_label["ours 160x88"]["cpu_ms"] > 0
    assert by_label["official 0.5"]["mad"] > 0
    rows[0]["mad"] = 900.0
    kept.write_text(json.dumps(rows))
    assert tradeoff.main(["--from", str(kept), "--out", str(again)]) == 0
    drawn, other = cv2.imread(str(first)), cv2.imread(str(again))
    assert drawn.shape == other.shape
    half = drawn.shape[1] // 2
    assert (drawn[:, :half] != other[:, :half]).any()


def test_a_folder_without_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tradeoff.main(["--gt", str(tmp_path), "--out", str(tmp_path / "x.png")]) == 2
    assert "No clip" in capsys.readouterr().err


def test_a_clip_without_frames() -> None:
    with pytest.raises(RvmError, match="no frame"):
        quality.play(iter(()), {})
