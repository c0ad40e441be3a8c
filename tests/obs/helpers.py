"""What the tests of the filter's life and of its resets share."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from installer.layout import DATA_DIR_VARIABLE, SCRIPT
from installer.sandbox import Sandbox
from installer.scene import JSON, filter_entry
from rvm_core import paths
from tests import graphs
from tests.obs.patience import limit_s

FILTER_ID = "rvm_background_filter"
FILTER = "Matting"
SOURCE = "Picture"
PROBE_SCRIPT = Path(__file__).with_name("probe_script.py")
CLEARING = (Path(__file__).with_name("clearing_script.py"), {})
"""A sandbox's script instead of ours, for OBS's own leaks."""
SETTLE_S = 1.0
STATUS_FOLDER = "status"
ANEW = re.compile(r"matting starts anew \(epoch (\d+): (.*)\)")

Picture = NDArray[np.uint8]
Status = dict[str, Any]


def graph_environment(folder: Path) -> dict[str, str]:
    """The variables with which OBS offers the test graphs, written to `folder`, and compiles nothing anew."""
    graphs.build_all(folder)
    return {DATA_DIR_VARIABLE: str(folder), "NUMBA_CACHE_DIR": str(paths.numba_cache_dir())}


def matting_filter(**settings: Any) -> JSON:
    """The filter as a scene collection holds it: the test graph, at the fastest level, unless told."""
    return filter_entry(FILTER_ID, FILTER, {"model": "graph_good", "quality": "fast", **settings})


def eventually(question: Callable[[], Any], what: str, timeout_s: float = 60.0) -> Any:
    """The first true answer of `question`; fails with `what` was awaited."""
    began = time.monotonic()
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > began + limit_s(timeout_s):
            pytest.fail(f"within {time.monotonic() - began:.0f} s not: {what}")
        time.sleep(0.05)


def let_frames_pass(obs: Sandbox, frames: int) -> None:
    """Wait until OBS has drawn so many frames more; each is a look at who is to be seen."""
    before = obs.stats().drawn
    eventually(lambda: obs.stats().drawn >= before + frames, "OBS draws")


def quit_obs(obs: Sandbox) -> int:
    """Close OBS's window; the exit code."""
    return obs.quit()


# -- status ------------------------------------------------------------------------------------------


def instances(obs: Sandbox) -> dict[str, Status]:
    """The last status of each living filter instance, by the name of its file."""
    found = {}
    for file in (obs.home.root / STATUS_FOLDER).glob("*.json"):
        try:
            found[file.name] = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:  # the filter went away meanwhile
            continue
    return found


def only(obs: Sandbox) -> Status:
    """The status of the one filter instance, once it has reported."""
    found: dict[str, Status] = eventually(lambda: instances(obs), "a filter reports")
    assert len(found) == 1, sorted(found)
    return next(iter(found.values()))


def wait_mattes(obs: Sandbox, more: int = 5, since: Status | None = None) -> Status:
    """The one filter's status once it has made `more` mattes (after `since`, if given)."""
    made = since["mattes"] if since else 0

    def ready() -> Status | None:
        assert obs.is_running, obs.log()[-3000:]
        found = list(instances(obs).values())
        return found[0] if len(found) == 1 and found[0]["mattes"] >= made + more else None

    status: Status = eventually(ready, f"{more} mattes after {made}; {instances(obs)}")
    assert status["problem"] == ""
    return status


def resets_after(status: Status, earlier: Status) -> list[str]:
    """The reasons of the resets in `status` that `earlier` did not know."""
    return [reset["reason"] for reset in status["resets"] if reset["epoch"] > earlier["epoch"]]


# -- scripts -----------------------------------------------------------------------------------------


class Probe:
    """The other end of ``probe_script.py``.  ``script`` is an entry of Sandbox's `scripts`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.script = (PROBE_SCRIPT, {"folder": str(folder)})
        self._folder = folder
        self._numbers = count(1)

    def call(self, name: str, **arguments: Any) -> Any:
        """What the script's call gives; an exception there is a failure here."""
        file = self._folder / f"{next(self._numbers):06}.json"
        staged = file.with_suffix(".part")
        staged.write_text(json.dumps({"call": name, **arguments}))
        staged.rename(file)
        reply = file.with_suffix(".answer")
        eventually(reply.is_file, f"an answer to {name} {arguments}")
        answer = json.loads(reply.read_text())
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def reload(self) -> bool:
        """Reload the filter's script; True if it loaded."""
        return bool(self.call("reload", module=SCRIPT.stem))


# -- pictures ----------------------------------------------------------------------------------------

WIDTH, HEIGHT = 320, 180
SIDE = 44
LEFT, RIGHT = (50, 60), (226, 60)
"""Left upper corners of the squares, at WIDTH x HEIGHT."""
DARK, BRIGHT = 60, 255


def picture(
    *squares: tuple[int, int], ground: tuple[int, int, int] = (DARK,) * 3, width: int = WIDTH
) -> Picture:
    """[width * 9 / 16, width, 3] uint8: bright `squares`, persons to the test graphs, on `ground`."""
    scale = width / WIDTH
    pixels = np.full((round(HEIGHT * scale), width, 3), ground, np.uint8)
    for x, y in squares:
        left, top, side = round(x * scale), round(y * scale), round(SIDE * scale)
        pixels[top : top + side, left : left + side] = BRIGHT
    return pixels


def write_picture(path: Path, pixels: Picture) -> Path:
    """A PNG of `pixels` [height, width, 3]."""
    import cv2

    assert cv2.imwrite(str(path), np.ascontiguousarray(pixels[:, :, ::-1]))
    return path


def read_picture(path: Path) -> Picture:
    """The colours of a picture file, [height, width, 3] uint8."""
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert pixels is not None, path
    return np.asarray(pixels[:, :, ::-1], np.uint8)


def inside(square: tuple[int, int], pixels: Picture) -> Picture:
    """The middle of `square` in a picture of any size, [h, w, channels]."""
    scale = pixels.shape[1] / WIDTH
    left, top, side = (round(value * scale) for value in (*square, SIDE))
    margin = side // 4
    return pixels[top + margin : top + side - margin, left + margin : left + side - margin]


def write_clip(path: Path, parts: list[tuple[Picture, float]], fps: int = 30) -> Path:
    """A video file of still `parts`, each for so many seconds."""
    import av

    height, width = parts[0][0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = fps // 2
        for pixels, seconds in parts:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            for _ in range(round(seconds * fps)):
                frame.pts = None
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def read_clip(path: Path) -> list[Picture]:
    """Every frame of a video file, [height, width, 3] uint8."""
    import av

    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
