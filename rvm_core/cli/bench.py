"""``obs-rvm bench``: error, time and memory on this computer."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvm_core.cli.output import show
from rvm_core.errors import RvmError

if TYPE_CHECKING:
    from rvm_core.bench.quality import Row
    from rvm_core.bench.sheet import Crop
    from rvm_core.bench.speed import Speed
    from rvm_core.bench.summary import Summary


@dataclass(frozen=True)
class QualityTable:
    """What ``bench quality`` measured: each clip, and all clips together."""

    rows: tuple[Row, ...]
    summary: tuple[Summary, ...]

    def text(self) -> str:
        """A line for each clip, condition and method, then one for each condition and method."""
        lines = [
            f"{'clip':22} {'condition':12} {'method':35} {'MAD':>6} {'MSE':>6} {'Grad':>6} {'Conn':>6} "
            f"{'dtSSD':>6} {'room':>6} {'worst':>6} {'lost':>6} {'worst':>6} {'Colour':>6} {'CPU ms':>7} "
            f"{'Peak MB':>7}"
        ]
        lines += [
            f"{row.clip:22} {row.condition:12} {row.method:35} {row.mad:6.2f} {row.mse:6.2f} {row.grad:6.2f} "
            f"{row.conn:6.2f} {row.dtssd:6.2f} {row.room_shown:6.2f} {row.room_shown_worst:6.1f} "
            f"{row.person_lost:6.2f} {row.person_lost_worst:6.1f} {_known(row.colour):>6} {row.cpu_ms:7.1f} "
            f"{_known(row.peak_mb):>7}"
            for row in self.rows
        ]
        lines += ["", "All clips: mean, and the worst clip (room, lost: and its worst frame)"]
        lines += [
            f"{one.condition:12} {one.method:35} "
            + "  ".join(f"{name} {figure.text()}" for name, figure in one.figures().items())
            + f"  CPU {one.cpu_ms:.1f} ms"
            for one in self.summary
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class SheetFile:
    """What ``bench sheet`` drew: a row for each crop, from above."""

    path: str
    crops: tuple[Crop, ...]

    def text(self) -> str:
        """A line for each crop, then one for the file."""
        lines = [f"{crop.clip:22} frame {crop.frame:4}  {crop.why}" for crop in self.crops]
        return "\n".join([*lines, self.path])


def _known(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


@dataclass(frozen=True)
class SpeedTable:
    """What ``bench speed`` measured."""

    rows: tuple[Speed, ...]

    def text(self) -> str:
        """A line for each pair."""
        return "\n".join(
            f"{row.what:28} ours {row.ours_ms:7.1f} ms, plain recipe {row.recipe_ms:7.1f} ms: {row.ratio:.2f}"
            for row in self.rows
        )


def bench_quality(
    folders: Sequence[Path],
    conditions: Sequence[str],
    levels: Sequence[str],
    frames: int,
    models: Sequence[str],
) -> QualityTable:
    """Measure the models and what is published of them; see ``rvm_core.bench.quality``.  Raises RvmError."""
    from rvm_core.bench import quality
    from rvm_core.bench.summary import summaries

    chosen = models or quality.ready_models()
    rows = tuple(quality.rows(folders, conditions, levels, frames, chosen))
    return QualityTable(rows, summaries(rows))


def bench_sheet(
    folders: Sequence[Path], levels: Sequence[str], frames: int, models: Sequence[str], file: Path
) -> SheetFile:
    """Draw the hard places of each clip; see ``rvm_core.bench.sheet``.  Raises RvmError."""
    from rvm_core.bench import quality, sheet

    if not file.parent.is_dir():  # better now than after minutes
        raise RvmError(f"There is no folder {file.parent}.", "Name a file in a folder of yours.")
    drawn = sheet.sheet(folders, levels, frames, models or [quality.MODEL])
    sheet.write_png(drawn.image, file)
    return SheetFile(str(file), drawn.crops)


def bench_speed(turns: int) -> SpeedTable:
    """Measure our way beside the plain recipe; see ``rvm_core.bench.speed``.  Raises ModelMissing."""
    from rvm_core.bench import speed

    return SpeedTable(speed.measure(turns))


_BENCHES: Mapping[str, Callable[[argparse.Namespace], QualityTable | SheetFile | SpeedTable]] = {
    "quality": lambda given: bench_quality(
        given.gt, given.conditions, given.levels, given.frames, given.models
    ),
    "sheet": lambda given: bench_sheet(given.gt, given.levels, given.frames, given.models, given.out),
    "speed": lambda given: bench_speed(given.turns),
}


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    bench = commands.add_parser("bench", help="measure this computer")
    what = bench.add_subparsers(dest="what", required=True, metavar="WHAT")
    quality = what.add_parser(
        "quality", help="error and time of each model and level, and of what is published"
    )
    quality.add_argument("--conditions", nargs="+", default=["clean"], metavar="CONDITION")
    sheet = what.add_parser("sheet", help="a picture of hair, fingers and gaps, method beside method")
    sheet.add_argument("--out", type=Path, required=True, help="a PNG file")
    for one, levels, ready in (
        (quality, ["fast", "balanced", "fine"], "all that are on this computer"),
        (sheet, ["balanced", "fine"], "rvm_mobilenetv3"),
    ):
        one.add_argument(
            "--gt",
            type=Path,
            nargs="+",
            required=True,
            metavar="FOLDER",
            help="with NAME.mp4, NAME_alpha.mkv and, for some conditions, NAME_plate.png",
        )
        one.add_argument("--levels", nargs="+", default=levels, metavar="LEVEL")
        one.add_argument("--models", nargs="+", default=[], metavar="MODEL", help=f"default: {ready}")
        one.add_argument("--frames", type=_positive, default=10**6, help="of each clip (default: all)")
    speed = what.add_parser("speed", help="CPU time of our way beside the plain recipe, at 1080p")
    speed.add_argument("--turns", type=_positive, default=9, help="of each (default: 9)")
    for one in (quality, sheet, speed):
        one.add_argument("--json", action="store_true", help="as JSON")
    bench.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    show(_BENCHES[options.what](options), as_json=options.json)
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError("at least 2")
    return number
