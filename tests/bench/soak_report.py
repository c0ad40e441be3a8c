"""What a soak found: how each figure grew once it had settled, as a table, a verdict and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, Any]
"""One minute, as ``tests.bench.soak`` writes it."""

WARM_UP_MINUTES = 10
"""Caches, pools and free lists of OBS, the driver and the allocators fill until then."""
FEWEST_ROWS = 5
"""A slope through fewer says nothing."""


@dataclass(frozen=True)
class Gauge:
    """A figure that must stay flat: it may grow by `most` over the minutes after the warm-up.

    Growth without the filter is subtracted: OBS's profiler keeps an entry for each duration in microseconds
    that it has ever measured (libobs/util/profiler.c), some 0.3 MiB a minute on a busy computer.
    """

    key: str
    title: str
    most: float


GAUGES = (
    Gauge("rss_mib", "resident memory, MiB", 16),
    Gauge("malloc_mib", "allocated and not freed, MiB", 4),
    Gauge("libobs_allocations", "libobs allocations not freed", 50),
    Gauge("python_blocks", "Python blocks not freed", 5000),
    Gauge("files", "open files", 1),
    Gauge("threads", "threads", 1),
    Gauge("gl_objects", "GL objects", 2),
)
COUNTERS = {
    "rendered": "frames rendered a minute",
    "missed": "frames missed a minute",
    "output_skipped": "frames not recorded a minute",
    "mattes_per_second": "mattes a second",
}
LOST = ("missed", "output_skipped")


def settled(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows after the warm-up; of a run that is shorter than two warm-ups, the second half."""
    return rows[min(WARM_UP_MINUTES, len(rows) // 2) :]


def slope(rows: Sequence[Row], key: str) -> float:
    """Growth a minute: the median slope of all pairs (Theil and Sen), which a few odd minutes do not move."""
    slopes = [(b[key] - a[key]) / (b["minute"] - a["minute"]) for a, b in combinations(rows, 2)]
    return float(np.median(slopes)) if slopes else 0.0


def lost_a_minute(rows: Sequence[Row]) -> float:
    """Frames that OBS missed or did not record, a minute."""
    return float(np.mean([sum(row[key] for key in LOST) for row in rows])) if rows else 0.0


def failures(rows: Sequence[Row], without: Sequence[Row]) -> list[str]:
    """Why the run is not flat, one line each; `without` are the rows of a run without the filter, or none."""
    steady = settled(rows)
    if len(steady) < FEWEST_ROWS:
        return [f"{len(steady)} minutes after the warm-up are too few to tell"]
    minutes, bare = steady[-1]["minute"] - steady[0]["minute"], settled(without)
    found = [
        f"{gauge.title}: grew by {growth:.1f} in {minutes} minutes, more than {gauge.most:g}"
        for gauge in GAUGES
        if (growth := (slope(steady, gauge.key) - max(slope(bare, gauge.key), 0)) * minutes) > gauge.most
    ]
    beyond = lost_a_minute(steady) - lost_a_minute(bare)
    if without and beyond > 0:
        found.append(f"frames: {beyond:.2f} a minute lost beyond those without the filter")
    return found


def table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each figure: first and last value after the warm-up, least, most, growth an hour."""
    steady = settled(rows)
    yield f"{len(steady)} minutes, from minute {steady[0]['minute']} on"
    yield f"{'':32} {'first':>10} {'last':>10} {'least':>10} {'most':>10} {'an hour':>10}"
    titles = {**{gauge.key: gauge.title for gauge in GAUGES}, **COUNTERS}
    for key, title in titles.items():
        values = [row[key] for row in steady]
        figures = (values[0], values[-1], min(values), max(values), 60 * slope(steady, key))
        yield f"{title:32} " + " ".join(f"{figure:10.1f}" for figure in figures)


def draw(rows: Sequence[Row], without: Sequence[Row], file: Path) -> None:
    """A curve for each figure, grey for the run without the filter.  ImportError without matplotlib."""
    from matplotlib.figure import Figure

    titles = {**{gauge.key: gauge.title for gauge in GAUGES}, **COUNTERS}
    figure = Figure(figsize=(11, 2.0 * len(titles)), layout="constrained")
    axes = figure.subplots(len(titles), 1, sharex=True)
    for plot, (key, title) in zip(axes, titles.items(), strict=True):
        for label, colour, shown in (("without", "#9a9a9a", without), ("with", "#1f5fa8", rows)):
            if shown:
                minutes, values = zip(*((row["minute"], row[key]) for row in shown), strict=True)
                plot.plot(minutes, values, ".-", color=colour, label=label, markersize=4, linewidth=1)
        if len(rows) > WARM_UP_MINUTES:
            plot.axvline(WARM_UP_MINUTES, color="#c44e2b", linewidth=0.8)
        plot.set_title(title, fontsize=9, loc="left")
        plot.grid(color="#e4e4e4", linewidth=0.6)
    axes[0].legend(frameon=False, fontsize=9, loc="lower right")
    axes[-1].set_xlabel("minutes")
    figure.savefig(file, dpi=110)
