"""What counts as flat in a soak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench import soak_report
from tests.bench.soak_report import COUNTERS, GAUGES, Row


def rows(minutes: int, **growing: float) -> list[Row]:
    """Rows that are flat but for `growing`: how much a key grows each minute."""
    flat: dict[str, Any] = dict.fromkeys([gauge.key for gauge in GAUGES] + list(COUNTERS), 0)
    return [
        {**flat, **{key: step * minute for key, step in growing.items()}, "minute": minute}
        for minute in range(1, minutes + 1)
    ]


def test_flat_is_flat() -> None:
    assert soak_report.failures(rows(60), rows(60)) == []


@pytest.mark.parametrize("gauge", GAUGES, ids=lambda gauge: gauge.key)
def test_each_figure_that_grows_is_told(gauge: soak_report.Gauge) -> None:
    step = 1.1 * gauge.most / 49
    (told,) = soak_report.failures(rows(60, **{gauge.key: step}), [])
    assert told.startswith(gauge.title)
    assert soak_report.failures(rows(60, **{gauge.key: step / 1.2}), []) == []


def test_what_grows_without_the_filter_too_is_obs_s_own() -> None:
    growing = rows(60, malloc_mib=0.3)
    assert len(soak_report.failures(growing, [])) == 1
    assert soak_report.failures(growing, rows(30, malloc_mib=0.25)) == []
    assert len(soak_report.failures(growing, rows(30, malloc_mib=0.2))) == 1
    assert len(soak_report.failures(growing, rows(30, malloc_mib=-1))) == 1, (
        "what shrinks there excuses nothing"
    )


def test_what_fills_in_the_first_ten_minutes_and_a_single_peak_do_not_count() -> None:
    filling = rows(60)
    for row in filling[:10]:
        row["rss_mib"] = -100 * (11 - row["minute"])
    filling[-1]["rss_mib"] = 900
    assert soak_report.failures(filling, []) == []


def test_frames_lost_are_those_beyond_a_run_without_the_filter() -> None:
    lossy, clean = rows(60), rows(60)
    for row in lossy:
        row["missed"], row["output_skipped"] = 1, 2
    (told,) = soak_report.failures(lossy, clean)
    assert "3.00 a minute" in told
    assert soak_report.failures(clean, lossy) == []
    assert soak_report.failures(lossy, lossy) == []


def test_a_short_run_tells_nothing() -> None:
    (told,) = soak_report.failures(rows(8), [])
    assert "too few" in told


def test_it_is_drawn_and_told(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    file = tmp_path / "soak.png"
    soak_report.draw(rows(12), rows(5), file)
    assert file.stat().st_size > 10_000
    lines = list(soak_report.table(rows(20, files=0.5)))
    assert lines[0] == "10 minutes, from minute 11 on"
    (files,) = (line.split() for line in lines if line.startswith("open files"))
    assert files[-5:] == ["5.5", "10.0", "5.5", "10.0", "30.0"]
