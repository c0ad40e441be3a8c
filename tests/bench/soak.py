"""What grows in OBS over an hour with the filter: ``python -m tests.bench.soak --minutes N [--without]``.

One OBS records looping clips on a 640x360 canvas at 30 fps.  Each minute it switches scenes ten times, each
scene with its preset, changes a preset by hand, hides and shows a camera (a looping clip stands in for it),
adds a filter and removes it again.  Then a row is written: memory, allocations, files, threads, GL objects,
frames missed.  At the end stand a table and a verdict; the exit code is 1 unless everything stayed flat.

``--without`` does the same without filters: run it first, into the same ``--output``, to compare frames lost.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from installer.layout import SCRIPT
from installer.sandbox import Sandbox, Stats, filter_entry, image_source, media_source, scene
from tests.bench import soak_report
from tests.bench.private_obs import FILTER_KIND, REFERENCE, await_mattes, environment, statuses
from tests.bench.soak_report import Row

COUNTING_SCRIPT = Path(__file__).with_name("soak_script.py")
WIDTH, HEIGHT = 640, 360
PERSON, CAMERA, STILL, FILTER = "Person", "Camera", "Still", "RVM"
WIDE, CLOSE = "Wide", "Close"
SCENE_PRESETS = {WIDE: "Facecam over game", CLOSE: "Just chatting (blur)"}
OTHER_PRESET = "Interview (finest edges)"
"""Another level: the network is opened anew."""
MODEL = "rvm_mobilenetv3"
ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}
"""mallinfo2 counts the main heap alone; otherwise each thread may have one of its own."""
MINUTE_S = 60.0
COUNT_S = 60.0
"""At most, for the script in OBS to count."""

Act = Callable[[], object]


class Soak:
    """What is done to the OBS in `home`, and what is counted of it."""

    def __init__(self, obs: Sandbox, home: Path, *, has_filters: bool) -> None:
        self._obs = obs
        self._home = home
        self._has_filters = has_filters
        self._camera_item = obs.ws.get_scene_item_id(WIDE, CAMERA).scene_item_id
        self._before: Stats = obs.stats()
        self._mattes = 0
        self._at = time.monotonic()

    def rows(self, minutes: int) -> Iterator[Row]:
        """A row for each minute, recorded from beginning to end."""
        self._obs.ws.start_record()
        self._count_frames()
        for minute in range(1, minutes + 1):
            began = time.monotonic()
            for second, act in self._acts():
                _sleep_until(began + second)
                act()
            _sleep_until(began + MINUTE_S)
            yield {"minute": minute, **self._count_frames(), **self._count()}
        self._obs.ws.stop_record()

    def _acts(self) -> list[tuple[float, Act]]:
        """(second, what is done then) of a minute, at whose end everything is as it was at its beginning."""
        switch, show = self._obs.ws.set_current_program_scene, self._obs.ws.set_scene_item_enabled
        acts: list[tuple[float, Act]] = [
            (second, partial(switch, CLOSE if number % 2 == 0 else WIDE))
            for number, second in enumerate(range(5, 55, 5))
        ]
        for second, is_visible in ((12, False), (22, True), (32, False), (42, True)):
            acts.append((second, partial(show, WIDE, self._camera_item, is_visible)))
        if self._has_filters:
            add, remove = self._obs.ws.create_source_filter, self._obs.ws.remove_source_filter
            settings = {"model": MODEL, "quality": "fast"}
            acts += [
                (1, partial(add, STILL, FILTER, FILTER_KIND, settings)),
                (18, partial(self._choose_preset, OTHER_PRESET)),
                (28, partial(self._choose_preset, SCENE_PRESETS[WIDE])),
                (38, partial(remove, STILL, FILTER)),
            ]
        return sorted(acts, key=lambda one: one[0])

    def _choose_preset(self, name: str) -> None:
        self._obs.ws.set_source_filter_settings(CAMERA, FILTER, {"preset": name}, True)

    def _count_frames(self) -> Row:
        """Since this was called last."""
        now, at = self._obs.stats(), time.monotonic()
        mattes = sum(one["mattes"] for one in statuses(self._home) if one["source"] in (PERSON, CAMERA))
        grown = now.since(self._before)
        row = {
            "rendered": grown.rendered,
            "missed": grown.render_skipped,
            "output_skipped": now.output_skipped - self._before.output_skipped,
            "mattes_per_second": round((mattes - self._mattes) / (at - self._at), 2),
        }
        self._before, self._mattes, self._at = now, mattes, at
        return row

    def _count(self) -> Row:
        process = Path("/proc") / str(self._obs.pid)
        counts = self._counts_inside()
        pages = int((process / "statm").read_text().split()[1])
        return {
            "rss_mib": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 2),
            "malloc_mib": round(counts.pop("malloc_bytes") / 2**20, 3),
            "files": len(list((process / "fd").iterdir())),
            "threads": len(list((process / "task").iterdir())),
            "gl_objects": sum(counts["gl"].values()),
            **counts,
        }

    def _counts_inside(self) -> dict[str, Any]:
        answer = self._home / "counts.json"
        answer.unlink(missing_ok=True)
        (self._home / "count").touch()
        deadline = time.monotonic() + COUNT_S
        while not answer.exists():
            if time.monotonic() > deadline or not self._obs.is_running:
                raise SystemExit("OBS does not count what it holds.\n" + self._obs.log()[-3000:])
            time.sleep(0.1)
        counts: dict[str, Any] = json.loads(answer.read_text())
        return counts


def sandbox(home: Path, *, has_filters: bool) -> Sandbox:
    """Both scenes hold the person, the camera and a still picture.  Without filters, without our script."""
    chain = [filter_entry(FILTER_KIND, FILTER, {"model": MODEL})] if has_filters else []
    scripts: list[tuple[Path, dict[str, str]]] = [(COUNTING_SCRIPT, {})]
    if has_filters:
        scripts.append(
            (SCRIPT, {f"preset for scene {name}": preset for name, preset in SCENE_PRESETS.items()})
        )
    items = [STILL, PERSON, CAMERA]
    return Sandbox(
        home,
        WIDTH,
        HEIGHT,
        scripts=scripts,
        sources=[
            image_source(STILL, REFERENCE / "gt" / "halfbody_room_plate.png"),
            media_source(PERSON, REFERENCE / "gt" / "halfbody_room.mp4", chain),
            media_source(CAMERA, REFERENCE / "talk" / "t_lbbc2a.mp4", chain),
        ],
        scenes=[scene(name, items, WIDTH, HEIGHT) for name in (WIDE, CLOSE)],
        env={**environment(home), **ONE_HEAP, "OBS_RVM_SOAK_DIR": str(home)},
        has_preview=False,
    )


def _sleep_until(at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))


def read(file: Path) -> list[Row]:
    """The rows that a run kept, or none."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=int, required=True)
    parser.add_argument("--without", action="store_true", help="without filters, to compare with")
    parser.add_argument("--output", type=Path, default=Path("soak"), help="a folder for rows and curve")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    kept = {name: options.output / f"{name}.jsonl" for name in ("with", "without")}
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        kept["without" if options.without else "with"].open("w") as out,
    ):
        home = Path(folder)
        with sandbox(home, has_filters=not options.without) as obs:
            if not options.without:
                await_mattes(home, filters=2)
            for row in Soak(obs, home, has_filters=not options.without).rows(options.minutes):
                rows.append(row)
                for file in (out, sys.stdout):
                    print(json.dumps(row), file=file, flush=True)
            code = obs.quit()
            print(f"OBS ended with code {code} and {obs.leaks()} leaks.")
    print(*soak_report.table(rows), sep="\n")
    without = read(kept["without"])
    try:
        soak_report.draw(read(kept["with"]), without, options.output / "soak.png")
    except ImportError:
        print("There is no picture: install the extra `bench`.")
    failures = soak_report.failures(rows, [] if options.without else without)
    print(*failures or ["Everything stayed flat."], sep="\n")
    return 1 if failures or code else 0


if __name__ == "__main__":
    sys.exit(main())
