"""What the filter costs OBS: ``python -m tests.bench.obs_load [--turns 12] [--quality LEVEL]``.

1. Frames that OBS skips while recording a looping clip on a 640x360 canvas at 30 fps, with the filter off
   and on in turns within one OBS, and the mattes per second meanwhile.
2. Milliseconds of each `video_render` while a Python thread in OBS hogs the GIL, and while another process
   is equally busy, in turns in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from installer.layout import SCRIPT
from installer.sandbox import Sandbox, filter_entry, media_source
from tests.bench.private_obs import FILTER_KIND, REFERENCE, await_mattes, environment, statuses

HOG_SCRIPT = Path(__file__).with_name("hog_script.py")
BUSY = [sys.executable, "-c", "while True: pass"]
SETTLE_S = 3.0  # after the filter is switched; the status follows within a second
LOAD_TURN_S = 10.0
HOG_TURN_S = 20.0  # longer than the status's window of timings


def sandbox(home: Path, clip: Path, settings: dict[str, Any], *, has_preview: bool) -> Sandbox:
    return Sandbox(
        home,
        scripts=[(SCRIPT, {}), (HOG_SCRIPT, {})],
        sources=[media_source("clip", clip, [filter_entry(FILTER_KIND, "RVM", settings)])],
        env={**environment(home), "OBS_RVM_HOG_FILE": str(home / "hog")},
        has_preview=has_preview,
    )


def load(obs: Sandbox, home: Path, turns: int) -> dict[str, Any]:
    """One recording; what a noisy computer does by itself meets both kinds of turn alike."""
    kinds: dict[str, list[dict[str, float]]] = {"off": [], "on": []}
    obs.ws.start_record()
    for _ in range(turns):
        for kind, seen in kinds.items():
            obs.ws.set_source_filter_enabled("clip", "RVM", kind == "on")
            time.sleep(SETTLE_S)
            before, mattes = obs.stats(), _status(home)["mattes"]
            time.sleep(LOAD_TURN_S)
            grown = obs.stats().since(before)
            seen.append(
                {
                    "rendered": grown.rendered,
                    "skipped": grown.render_skipped,
                    "frame_ms": grown.render_ms,
                    "mattes_per_second": (_status(home)["mattes"] - mattes) / LOAD_TURN_S,
                }
            )
    obs.ws.stop_record()
    return {kind: _together(seen) for kind, seen in kinds.items()} | {"status": _status(home)}


def _together(turns: list[dict[str, float]]) -> dict[str, Any]:
    skipped = [turn["skipped"] for turn in turns]
    middle = {
        key: float(np.median([turn[key] for turn in turns])) for key in ("frame_ms", "mattes_per_second")
    }
    return {
        "rendered": sum(turn["rendered"] for turn in turns),
        "skipped": sum(skipped),
        "skipped_in_each_turn": skipped,
        **{key: round(value, 1) for key, value in middle.items()},
    }


def hog(home: Path, turns: int) -> dict[str, dict[str, float]]:
    """Render times under a hogged GIL and beside a busy process, ABAB."""
    hog_file = home / "hog"
    seen: dict[str, list[tuple[float, float]]] = {"gil_hog": [], "busy_process": []}
    for _ in range(turns):
        hog_file.touch()
        time.sleep(HOG_TURN_S)
        seen["gil_hog"].append(_render_ms(home))
        hog_file.unlink()
        with subprocess.Popen(BUSY) as busy:
            time.sleep(HOG_TURN_S)
            seen["busy_process"].append(_render_ms(home))
            busy.kill()
    return {
        name: dict(zip(("p50_ms", "p99_ms"), np.round(np.median(values, axis=0), 2).tolist(), strict=True))
        for name, values in seen.items()
    }


def _status(home: Path) -> dict[str, Any]:
    found = statuses(home)
    return found[0] if found else {}


def _render_ms(home: Path) -> tuple[float, float]:
    now = _status(home)
    return now["render_ms_p50"], now["render_ms_p99"]


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--turns", type=int, default=12, help="of the first part, off and on")
    parser.add_argument("--hog-turns", type=int, default=3, help="of the second part")
    parser.add_argument("--quality", default="auto")
    parser.add_argument(
        "--no-preview", action="store_true", help="OBS does not draw the program in its window"
    )
    parser.add_argument("--clip", type=Path, default=REFERENCE / "gt" / "halfbody_room.mp4")
    arguments = parser.parse_args()
    result: dict[str, Any] = {"processors": os.cpu_count()}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = {"quality": arguments.quality}
        with sandbox(home, arguments.clip, settings, has_preview=not arguments.no_preview) as obs:
            await_mattes(home)
            result["load"] = load(obs, home, arguments.turns)
            if arguments.hog_turns:
                result["hog"] = hog(home, arguments.hog_turns)
            obs.quit()
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
