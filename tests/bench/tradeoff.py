"""Error over time, ours and the official graph's: ``python -m tests.bench.tradeoff --gt DIR --out FILE.png``.

Ours at a sweep of internal sizes, the whole of `Matting.step` each; the official graph at a sweep of
downsample ratios.  All methods take each frame in turn on one thread, so the curves belong together; the
milliseconds of two runs do not.  ``--json FILE`` keeps the figures, ``--from FILE`` draws kept ones again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core import Matting
from rvm_core.bench import footage, quality
from rvm_core.errors import RvmError
from rvm_core.matting.size import BUDGET_PX, internal_size

SIZES = ((160, 88), (192, 108), (224, 128), (256, 144), (288, 160), (352, 196), (416, 236), (512, 288))
RATIOS = (0.25, 0.35, 0.5, 0.65, 0.8)
LEVELS = {internal_size(640, 360, level): level for level in BUDGET_PX}
"""The sizes of our levels for the reference clips."""
ERRORS = {"mad": "MAD × 1e3, the error", "dtssd": "dtSSD × 1e2, the flicker"}


class Curve(NamedTuple):
    """methods: their labels in the order of cost, and what stands beside each point, at `offset_pt`."""

    title: str
    colour: str
    offset_pt: tuple[int, int]
    methods: dict[str, str]


CURVES = (
    Curve("official graph, by ratio", "#c44e2b", (4, 5), {f"official {r:g}": f"{r:g}" for r in RATIOS}),
    Curve(
        "obs-rvm, by internal size",
        "#1f5fa8",
        (2, -12),
        {f"ours {w}x{h}": LEVELS.get((w, h), f"{w}×{h}") for w, h in SIZES},
    ),
)


class SizedMatting(Matting):
    """The engine with an internal size of its own, otherwise as the first level that has room for it."""

    def __init__(self, model: str, size: tuple[int, int]) -> None:
        fitting = (level for level, pixels in BUDGET_PX.items() if size[0] * size[1] <= pixels)
        super().__init__(model, next(fitting, "fine"), "cpu", 1)
        self._sized = size

    def internal_size(self, width: int, height: int) -> tuple[int, int]:  # noqa: ARG002 - the same for all
        return self._sized


def ours(model: str, size: tuple[int, int]) -> quality.Step:
    engine = SizedMatting(model, size)

    def step(picture: NDArray[np.uint8]) -> quality.Seen:
        matte = engine.step(picture)
        return quality.Seen(matte.alpha, matte.foreground)

    return step


def methods(model: str) -> dict[str, quality.Step]:
    official = {f"official {ratio:g}": quality.official(ratio, model) for ratio in RATIOS}
    return official | {f"ours {w}x{h}": ours(model, (w, h)) for w, h in SIZES}


def measure(folder: Path, limit: int, model: str = quality.MODEL) -> list[dict[str, Any]]:
    """The rows of every method on every clip, as ``quality.Row``."""
    rows: list[dict[str, Any]] = []
    for name, clip in footage.clips(folder).items():
        records = {label: quality.Record(step) for label, step in methods(model).items()}
        quality.play(footage.frames(clip, "clean", limit), records)
        for label, record in records.items():
            rows.append(dataclasses.asdict(quality.row(name, "clean", label, record)))
    return rows


def draw(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """A column for each clip, a row for each of ERRORS."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    clips = list(dict.fromkeys(row["clip"] for row in rows))
    figure = Figure(figsize=(5.2 * len(clips), 6.6), layout="constrained")
    axes = figure.subplots(len(ERRORS), len(clips), squeeze=False, sharex=True)
    for column, clip in enumerate(clips):
        figures = {row["method"]: row for row in rows if row["clip"] == clip}
        for across, (error, title) in zip(axes, ERRORS.items(), strict=True):
            plot = across[column]
            for curve in CURVES:
                points = [(figures[method]["cpu_ms"], figures[method][error]) for method in curve.methods]
                plot.plot(
                    *zip(*points, strict=True), "o-", color=curve.colour, label=curve.title, markersize=4
                )
                for point, (method, text) in zip(points, curve.methods.items(), strict=True):
                    is_level = text in BUDGET_PX
                    plot.annotate(
                        text,
                        point,
                        xytext=curve.offset_pt,
                        horizontalalignment="left" if curve.offset_pt[1] > 0 else "center",
                        textcoords="offset points",
                        color=curve.colour,
                        fontsize=9 if is_level else 6.5,
                        fontweight="bold" if is_level else "normal",
                        gid=method,
                    )
            plot.set_xscale("log")
            plot.set_xticks([25, 50, 100, 200])
            plot.xaxis.set_major_formatter(ScalarFormatter())
            plot.xaxis.set_minor_formatter(NullFormatter())
            plot.margins(x=0.12, y=0.12)
            plot.set_ylim(bottom=0)
            plot.grid(color="#e4e4e4", linewidth=0.6)
            plot.set_title(clip if error == "mad" else "", fontsize=10)
            plot.set_ylabel(title if column == 0 else "")
    for plot in axes[-1]:
        plot.set_xlabel("CPU milliseconds a picture, one thread")
    axes[0, 0].legend(frameon=False, fontsize=9)
    figure.savefig(file, dpi=110)


def main(arguments: Sequence[str] | None = None, model: str = quality.MODEL) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--gt", type=Path, help="a folder of NAME.mp4 and NAME_alpha.mkv")
    source.add_argument("--from", type=Path, dest="kept", help="figures that --json kept")
    parser.add_argument("--out", type=Path, required=True, help="a PNG file")
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    parser.add_argument("--frames", type=int, default=10**6, help="of each clip (default: all)")
    options = parser.parse_args(arguments)
    try:
        rows = (
            json.loads(options.kept.read_text())
            if options.kept
            else measure(options.gt, options.frames, model)
        )
    except RvmError as fault:
        print(fault, file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")
    draw(rows, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
