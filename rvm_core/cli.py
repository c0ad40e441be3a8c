"""The command ``obs-rvm``.  Every command returns a frozen result; only ``main`` prints."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rvm_core import __version__
from rvm_core.errors import HostError, ModelError, ModelMissing, RvmError

if TYPE_CHECKING:
    from rvm_core.bench.quality import Row
    from rvm_core.bench.sheet import Crop
    from rvm_core.bench.speed import Speed

EXIT_FAULT = 2


@dataclass(frozen=True)
class ModelState:
    """A model of the registry and what lies on disk: ``ready``, ``absent`` or ``damaged``."""

    name: str
    title: str
    bytes: int
    licence: str
    path: str
    state: str


@dataclass(frozen=True)
class ModelList:
    """What ``models list`` found."""

    models: tuple[ModelState, ...]

    def text(self) -> str:
        """A line for each model."""
        return "\n".join(
            f"{model.name:24} {model.state:8} {model.bytes / 1e6:7.1f} MB  {model.title}"
            for model in self.models
        )


@dataclass(frozen=True)
class ModelFile:
    """A verified model file."""

    name: str
    path: Path

    def text(self) -> str:
        """One line."""
        return f"{self.name}: verified, {self.path}"


@dataclass(frozen=True)
class Warmed:
    """What ``warm`` compiled: ``callbacks`` is why OBS's callbacks were left out, or empty."""

    seconds: float
    cache: Path
    callbacks: str

    def text(self) -> str:
        """One line."""
        left_out = f" OBS's callbacks were left out: {self.callbacks}" if self.callbacks else ""
        return f"Kernels are ready in {self.cache} ({self.seconds:.1f} s).{left_out}"


@dataclass(frozen=True)
class QualityTable:
    """What ``bench quality`` measured."""

    rows: tuple[Row, ...]

    def text(self) -> str:
        """A line for each clip, condition and method."""
        lines = [
            f"{'clip':22} {'condition':12} {'method':14} {'MAD':>6} {'MSE':>6} {'Grad':>6} {'Conn':>6} "
            f"{'dtSSD':>6} {'Colour':>6} {'CPU ms':>7} {'Peak MB':>7}"
        ]
        lines += [
            f"{row.clip:22} {row.condition:12} {row.method:14} {row.mad:6.2f} {row.mse:6.2f} {row.grad:6.2f} "
            f"{row.conn:6.2f} {row.dtssd:6.2f} {_known(row.colour):>6} {row.cpu_ms:7.1f} "
            f"{_known(row.peak_mb):>7}"
            for row in self.rows
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


def list_models() -> ModelList:
    """Every model of the registry.  Raises ModelError for an unreadable manifest."""
    from rvm_core.models import entries, verified

    states = []
    for entry in entries().values():
        state = "absent"
        if entry.path.is_file():
            try:
                verified(entry.path, entry)
                state = "ready"
            except ModelError:
                state = "damaged"
        states.append(ModelState(entry.name, entry.title, entry.bytes, entry.licence, str(entry.path), state))
    return ModelList(tuple(states))


def get_model(name: str, progress: Callable[[int, int], None] | None = None) -> ModelFile:
    """Fetch and verify the model `name`.  Raises ModelError."""
    from rvm_core.models import ensure

    return ModelFile(name, ensure(name, download=True, progress=progress))


def verify_model(name: str) -> ModelFile:
    """Verify the model `name` without fetching it.  Raises ModelError."""
    from rvm_core.models import entry, verified

    wanted = entry(name)
    if not wanted.path.is_file():
        raise ModelMissing(f"The model file {wanted.path} is not there.", f"Run: obs-rvm models get {name}")
    return ModelFile(name, verified(wanted.path, wanted))


def warm() -> Warmed:
    """Compile every kernel, and OBS's callbacks where libobs is at hand, into the user's cache."""
    from rvm_core import kernels
    from rvm_core.kernels._jit import cache_dir

    started = time.monotonic()
    kernels.warm()
    left_out = ""
    try:
        from rvm_core.obs_filter import warm as warm_callbacks

        warm_callbacks()
    except HostError as fault:
        left_out = fault.problem
    return Warmed(time.monotonic() - started, cache_dir(), left_out)


def bench_quality(
    folder: Path, conditions: Sequence[str], levels: Sequence[str], frames: int
) -> QualityTable:
    """Measure the levels beside the official graph; see ``rvm_core.bench.quality``.  Raises RvmError."""
    from rvm_core.bench import quality

    return QualityTable(tuple(quality.rows(folder, conditions, levels, frames)))


def bench_sheet(folder: Path, levels: Sequence[str], frames: int, file: Path) -> SheetFile:
    """Draw the hard places of each clip; see ``rvm_core.bench.sheet``.  Raises RvmError."""
    from rvm_core.bench import quality, sheet

    if not file.parent.is_dir():  # better now than after minutes
        raise RvmError(f"There is no folder {file.parent}.", "Name a file in a folder of yours.")
    drawn = sheet.sheet(folder, levels, frames, quality.MODEL)
    sheet.write_png(drawn.image, file)
    return SheetFile(str(file), drawn.crops)


def bench_speed(turns: int) -> SpeedTable:
    """Measure our way beside the plain recipe; see ``rvm_core.bench.speed``.  Raises ModelMissing."""
    from rvm_core.bench import speed

    return SpeedTable(speed.measure(turns))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or 2 after one line about the fault on stderr."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "warm":
            print(warm().text())
        elif options.command == "bench":
            table = _BENCHES[options.what](options)
            print(json.dumps(dataclasses.asdict(table), indent=2) if options.json else table.text())
        elif options.action == "list":
            found = list_models()
            print(json.dumps(dataclasses.asdict(found), indent=2) if options.json else found.text())
        elif options.action == "get":
            print(get_model(options.name, _show_progress if sys.stderr.isatty() else None).text())
        else:
            print(verify_model(options.name).text())
    except RvmError as fault:
        print("obs-rvm: " + " ".join(str(fault).split()), file=sys.stderr)
        return EXIT_FAULT
    return 0


_BENCHES: Mapping[str, Callable[[argparse.Namespace], QualityTable | SheetFile | SpeedTable]] = {
    "quality": lambda given: bench_quality(given.gt, given.conditions, given.levels, given.frames),
    "sheet": lambda given: bench_sheet(given.gt, given.levels, given.frames, given.out),
    "speed": lambda given: bench_speed(given.turns),
}


def _show_progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done / 1e6:.1f} of {total / 1e6:.1f} MB", end=end, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="obs-rvm", description="Live background removal for OBS Studio.")
    parser.add_argument("--version", action="version", version=f"obs-rvm {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    models = commands.add_parser("models", help="list, fetch and verify models")
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every model and whether it is on this computer")
    listing.add_argument("--json", action="store_true", help="as JSON")
    for action, text in (("get", "fetch a model and verify it"), ("verify", "check a model's bytes")):
        actions.add_parser(action, help=text).add_argument("name", metavar="NAME", help="a name of the list")
    commands.add_parser("warm", help="compile the kernels once, so that OBS never waits for it")
    bench = commands.add_parser("bench", help="measure this computer")
    what = bench.add_subparsers(dest="what", required=True, metavar="WHAT")
    quality = what.add_parser("quality", help="error and time of each level beside the official graph")
    quality.add_argument("--conditions", nargs="+", default=["clean"], metavar="CONDITION")
    sheet = what.add_parser("sheet", help="a picture of hair, fingers and gaps, method beside method")
    sheet.add_argument("--out", type=Path, required=True, help="a PNG file")
    for one, levels in ((quality, ["fast", "balanced", "fine"]), (sheet, ["balanced", "fine"])):
        one.add_argument("--gt", type=Path, required=True, help="a folder of NAME.mp4 and NAME_alpha.mkv")
        one.add_argument("--levels", nargs="+", default=levels, metavar="LEVEL")
        one.add_argument("--frames", type=_positive, default=10**6, help="of each clip (default: all)")
    speed = what.add_parser("speed", help="CPU time of our way beside the plain recipe, at 1080p")
    speed.add_argument("--turns", type=_positive, default=9, help="of each (default: 9)")
    for one in (quality, sheet, speed):
        one.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError("at least 2")
    return number
