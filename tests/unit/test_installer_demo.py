from __future__ import annotations

import json
from pathlib import Path

import pytest

from installer import demo, demo_pictures, status
from installer.errors import InstallError
from installer.layout import Layout
from installer.sandbox import Stats

pytest.importorskip("cv2")


def test_the_backdrop_is_always_the_same_picture() -> None:
    one = demo_pictures.backdrop(320, 180)
    assert one.shape == (180, 320, 3)
    assert (one == demo_pictures.backdrop(320, 180)).all()
    assert one.std() > 20  # neither black nor one colour


def test_source_matte_and_result_stand_side_by_side(tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    demo_pictures.write_png(picture, demo_pictures.backdrop(64, 36))
    made = demo_pictures.side_by_side([("Source", picture), ("Matte", picture)], "caption")
    assert made.shape[1] == 2 * 64 + 3 * demo_pictures.GAP
    with pytest.raises(InstallError, match=r"none\.png"):
        demo_pictures.side_by_side([("Source", tmp_path / "none.png")], "caption")


def test_a_broken_video_has_no_pictures(tmp_path: Path) -> None:
    file = tmp_path / "broken.mp4"
    file.write_bytes(b"not a video")
    assert demo_pictures.frame_count(file) == 0


def test_the_statuses_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "10-2.json").write_text(json.dumps({"filter": "b"}))
    (tmp_path / "10-1.json").write_text(json.dumps({"filter": "a"}))
    (tmp_path / "10-3.json").write_text("[]")
    (tmp_path / "10-4.json").write_text("{")
    assert [one["filter"] for one in status.read(tmp_path)] == ["a", "b"]
    assert status.read(tmp_path / "none") == []


class SilentObs:
    """An OBS that runs and whose filter never reports anything good."""

    is_running = True

    def log_lines(self, part: str) -> list[str]:
        return [f"{part} said something"]


def performance(tmp_path: Path, clip: Path | None = None) -> demo.Demo:
    wishes = demo.Wishes(Layout(tmp_path), tmp_path / "out", clip, None, 10, has_window=False)
    return demo.Demo(SilentObs(), wishes, tmp_path, tmp_path / "status", demo.Console())  # type: ignore[arg-type]


def test_no_matte_is_a_failure_that_shows_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "FIRST_MATTE_S", 0.1)
    with pytest.raises(InstallError, match="no matte") as failure:
        performance(tmp_path)._wait_for_matte()
    assert "[obs-rvm] said something" in failure.value.tail


def test_a_failed_filter_tells_its_problem_and_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "status"
    folder.mkdir()
    (folder / "1-1.json").write_text(
        json.dumps({"state": "failed", "problem": "No model.", "remedy": "Get it."})
    )
    with pytest.raises(InstallError) as failure:
        performance(tmp_path)._wait_for_matte()
    assert failure.value.remedy == "Get it."
    assert "No model." in failure.value.tail


def test_the_first_matte_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "status"
    folder.mkdir()
    (folder / "1-1.json").write_text(json.dumps({"state": "running", "mattes": 3}))
    assert performance(tmp_path)._wait_for_matte()["mattes"] == 3


def test_the_summary_names_late_frames_of_both_runs(tmp_path: Path) -> None:
    counts = {"rendered": 1, "render_skipped": 2, "output": 3, "output_skipped": 4}
    report = {
        **dict.fromkeys(demo.REPORTED),
        "with_filter": counts,
        "without_filter": {**counts, "rendered": 9},
    }
    text = "\n".join(demo.summary(report, tmp_path))
    assert "with the filter: 1 frames rendered, 2 late; 3 recorded, 4 skipped" in text
    assert "without: 9 frames" in text


def test_rendered_frames_are_counted_from_the_earlier_look() -> None:
    before = Stats(rendered=100, render_skipped=5, output=90, output_skipped=1, fps=30, render_ms=2)
    after = Stats(rendered=160, render_skipped=7, output=60, output_skipped=3, fps=29, render_ms=4)
    assert after.since(before) == Stats(60, 2, 60, 3, 29, 4)
