"""What the rows of all clips come to, for each condition and method: the mean, and the worst clip."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rvm_core.bench.quality import Row


@dataclass(frozen=True)
class Figure:
    """The mean over the clips, the worst clip and its name; worst_frame: of any clip, or None."""

    mean: float
    worst: float
    worst_clip: str
    worst_frame: float | None = None

    def text(self) -> str:
        """In one clause."""
        frame = "" if self.worst_frame is None else f", frame {self.worst_frame:.1f}"
        return f"{self.mean:.2f} ({self.worst:.2f} {self.worst_clip}{frame})"


@dataclass(frozen=True)
class Summary:
    """One method under one condition, over all clips.  cpu_ms: the mean of the clips' medians."""

    condition: str
    method: str
    mad: Figure
    dtssd: Figure
    room_shown: Figure
    person_lost: Figure
    cpu_ms: float

    def figures(self) -> Mapping[str, Figure]:
        """Each by its title."""
        return {
            "MAD": self.mad,
            "dtSSD": self.dtssd,
            "room": self.room_shown,
            "lost": self.person_lost,
        }


def summaries(rows: Sequence[Row]) -> tuple[Summary, ...]:
    """A summary of each condition and method, in the order of `rows`."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.condition, row.method), []).append(row)
    return tuple(
        Summary(
            condition,
            method,
            mad=_figure(group, lambda row: row.mad),
            dtssd=_figure(group, lambda row: row.dtssd),
            room_shown=_figure(group, lambda row: row.room_shown, lambda row: row.room_shown_worst),
            person_lost=_figure(group, lambda row: row.person_lost, lambda row: row.person_lost_worst),
            cpu_ms=round(statistics.fmean(row.cpu_ms for row in group), 2),
        )
        for (condition, method), group in groups.items()
    )


def _figure(
    rows: Sequence[Row], value: Callable[[Row], float], of_frame: Callable[[Row], float] | None = None
) -> Figure:
    worst = max(rows, key=value)
    return Figure(
        round(statistics.fmean(map(value, rows)), 2),
        value(worst),
        worst.clip,
        None if of_frame is None else max(map(of_frame, rows)),
    )
