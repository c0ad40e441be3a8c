"""What the filter costs OBS: ``python -m tests.bench.obs_load [--seconds 60] [--quality LEVEL]``.

1. Frames that OBS skips while recording a looping clip on a 640x360 canvas at 30 fps, without and with the
   filter, and the mattes per second meanwhile.
2. Milliseconds of each `video_render` while a Python thread in OBS hogs the GIL, and while another process
   is equally busy, in turns in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from installer import status
from installer.layout import DATA_DIR_VARIABLE, SCRIPT, SITE_PACKAGES_VARIABLE, STATUS_DIR_VARIABLE
from installer.sandbox import Sandbox, filter_entry, media_source
from rvm_core import paths

HOG_SCRIPT = Path(__file__).with_name("hog_script.py")
BUSY = [sys.executable, "-c", "while True: pass"]
TURN_S = 20.0  # longer than the status's window of timings


def sandbox(home: Path, clip: Path, settings: dict[str, Any] | None, hog_file: Path) -> Sandbox:
    chain = [] if settings is None else [filter_entry("rvm_background_filter", "RVM", settings)]
    return Sandbox(
        home,
        scripts=[(SCRIPT, {}), (HOG_SCRIPT, {})],
        sources=[media_source("clip", clip, chain)],
        env={
            DATA_DIR_VARIABLE: str(paths.data_dir()),
            SITE_PACKAGES_VARIABLE: sysconfig.get_paths()["purelib"],
            STATUS_DIR_VARIABLE: str(home / "status"),
            "OBS_RVM_HOG_FILE": str(hog_file),
        },
    )


def load(home: Path, clip: Path, settings: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
    """One recording."""
    with sandbox(home, clip, settings, home / "hog") as obs:
        time.sleep(8)  # start, model, first mattes
        before = obs.stats()
        first = _status(home)
        obs.record(seconds)
        after = obs.stats()
        last = _status(home)
        obs.quit()
    grown = after.since(before)
    if settings is not None and not last.get("mattes"):
        raise SystemExit(f"The filter made no matte: {last.get('problem') or 'no status'}")
    return {
        "filter": settings is not None,
        "rendered": grown.rendered,
        "render_skipped": grown.render_skipped,
        "output": grown.output,
        "output_skipped": grown.output_skipped,
        "obs_frame_ms": round(after.render_ms, 1),
        "mattes_per_second": round((last.get("mattes", 0) - first.get("mattes", 0)) / seconds, 1),
        "status": last,
    }


def hog(home: Path, clip: Path, turns: int) -> dict[str, dict[str, float]]:
    """Render times under a hogged GIL and beside a busy process, ABAB."""
    hog_file = home / "hog"
    seen: dict[str, list[tuple[float, float]]] = {"gil_hog": [], "busy_process": []}
    with sandbox(home, clip, {}, hog_file) as obs:
        time.sleep(8)
        for _ in range(turns):
            hog_file.touch()
            time.sleep(TURN_S)
            seen["gil_hog"].append(_render_ms(home))
            hog_file.unlink()
            with subprocess.Popen(BUSY) as busy:
                time.sleep(TURN_S)
                seen["busy_process"].append(_render_ms(home))
                busy.kill()
        obs.quit()
    return {
        name: dict(zip(("p50_ms", "p99_ms"), np.round(np.median(values, axis=0), 2).tolist(), strict=True))
        for name, values in seen.items()
    }


def _status(home: Path) -> dict[str, Any]:
    found = status.read(home / "status")
    return found[0] if found else {}


def _render_ms(home: Path) -> tuple[float, float]:
    now = _status(home)
    return now["render_ms_p50"], now["render_ms_p99"]


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--turns", type=int, default=3, help="of the second part; 0 leaves it out")
    parser.add_argument("--quality", default="auto", help="of the first part (default: auto)")
    reference = Path(__file__).resolve().parents[3] / "shared" / "data" / "gt" / "halfbody_room.mp4"
    parser.add_argument("--clip", type=Path, default=reference)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            load(Path(folder) / f"load-{i}", arguments.clip, settings, arguments.seconds)
            for i, settings in enumerate((None, {"quality": arguments.quality}) * 2)
        ]
        result: dict[str, Any] = {"processors": os.cpu_count(), "load": runs}
        if arguments.turns:
            result["hog"] = hog(Path(folder) / "hog", arguments.clip, arguments.turns)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
