"""Shows the filter at work in a private OBS, and measures it; run by the environment's Python.

Writes ``demo.mp4`` (the program as OBS recorded it), ``demo.png`` (source, matte, result) and
``demo.json`` (what was measured).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from installer import demo_pictures, footage, status
from installer.console import Console
from installer.errors import InstallError
from installer.layout import (
    SCRIPT,
    SITE_PACKAGES_VARIABLE,
    STATUS_DIR_VARIABLE,
    Layout,
)
from installer.sandbox import (
    Sandbox,
    Stats,
    camera_source,
    image_source,
    media_source,
    scene,
)
from rvm_core import atomic_write

WIDTH, HEIGHT, FPS = 640, 360, 30
SCENE, PERSON, BACKDROP, FILTER = "Demo", "Person", "Backdrop", "RVM Background"
FILTER_ID = "rvm_background_filter"
BASELINE_S = 5.0
FIRST_MATTE_S = 120.0
SETTLE_S = 3.0
STILL_S = 1.5
MOTION_CURSOR_MS = 8000  # in our clip: a hand before the face, then a smile with moving hair
STILL_CURSOR_MS = 12000
PLAY, PAUSE = (f"OBS_WEBSOCKET_MEDIA_INPUT_ACTION_{action}" for action in ("PLAY", "PAUSE"))
REPORTED = (
    "model",
    "provider",
    "threads",
    "level",
    "internal_width",
    "internal_height",
    "latency",
    "mattes_per_second",
    "matte_ms_p50",
    "matte_ms_p95",
    "capture_to_result_ms_p50",
    "capture_to_result_ms_p95",
    "render_ms_p50",
    "render_ms_p99",
)


@dataclass(frozen=True)
class Wishes:
    """What to show, where to put it; `clip` or `camera`, not both."""

    layout: Layout
    output: Path
    clip: Path | None
    camera: str | None
    seconds: float
    has_window: bool

    @property
    def is_own_clip(self) -> bool:
        """Whether it is the clip whose best moments are known."""
        return self.clip is not None and self.clip == footage.clip_file(self.layout)


@dataclass(frozen=True)
class Measured:
    """Frames with and without the filter, the filter's last status, and how many mattes it made."""

    without_filter: Stats
    with_filter: Stats
    status: status.Status
    mattes: int


class Demo:
    """One performance in `obs`; `work` is a folder for what is thrown away afterwards."""

    def __init__(self, obs: Sandbox, wishes: Wishes, work: Path, statuses: Path, console: Console) -> None:
        self._obs = obs
        self._wishes = wishes
        self._work = work
        self._statuses = statuses
        self._console = console
        self._shots = 0

    def perform(self) -> tuple[Measured, Path]:
        """What was measured, and the recording.  Raises InstallError."""
        self._console.detail(f"OBS {self._obs.ws.get_version().obs_version} runs; {BASELINE_S:g} s without")
        time.sleep(SETTLE_S)
        without = self._counted(BASELINE_S)[0]
        self._add_filter()
        first = self._wait_for_matte()
        self._console.detail(
            f"first matte: {first.get('model')} on {first.get('provider')}, "
            f"{first.get('internal_width')}x{first.get('internal_height')}"
        )
        time.sleep(SETTLE_S)
        self._seek(MOTION_CURSOR_MS)
        time.sleep(STILL_S)
        before = self._status().get("mattes", 0)
        self._console.detail(f"recording {self._wishes.seconds:g} s with the filter")
        with_filter, recording = self._counted(self._wishes.seconds)
        after = self._status()
        mattes = after.get("mattes", 0) - before
        if after.get("state") != "running" or mattes <= 0:
            raise self._failure("The filter stopped making mattes while it was recorded.")
        return Measured(without, with_filter, after, mattes), recording

    def stills(self) -> list[tuple[str, Path]]:
        """(label, PNG) of the source, its matte and the result; of one moment, if it is a clip."""
        if self._wishes.clip:
            self._seek(STILL_CURSOR_MS)
            time.sleep(STILL_S)
            self._media(PAUSE)
        time.sleep(STILL_S)
        result = self._shot(SCENE)
        self._set_mode("matte")
        time.sleep(STILL_S)
        matte = self._shot(PERSON)
        # Last, because a filter that was off starts anew.
        self._obs.ws.set_source_filter_enabled(PERSON, FILTER, False)
        time.sleep(STILL_S)
        source = self._shot(PERSON)
        self._obs.ws.set_source_filter_enabled(PERSON, FILTER, True)
        self._set_mode("transparent")
        self._media(PLAY)
        return [("Source", source), ("Matte", matte), ("Result", result)]

    def _counted(self, seconds: float) -> tuple[Stats, Path]:
        before = self._obs.stats()
        recording = self._obs.record(seconds)
        return self._obs.stats().since(before), recording

    def _add_filter(self) -> None:
        try:
            self._obs.ws.create_source_filter(PERSON, FILTER, FILTER_ID, {"mode": "transparent"})
        except Exception as cause:
            raise self._failure(f"OBS does not know the filter ({cause}).") from cause

    def _wait_for_matte(self) -> status.Status:
        last = time.monotonic() + FIRST_MATTE_S
        while time.monotonic() < last:
            if not self._obs.is_running:
                raise self._failure("OBS ended.")
            now = self._status()
            if now.get("state") == "running" and now.get("mattes", 0) > 0:
                return now
            if now.get("state") == "failed":
                raise self._failure("The filter says that it failed.")
            time.sleep(0.25)
        raise self._failure(f"The filter made no matte within {FIRST_MATTE_S:g} s.")

    def _failure(self, problem: str) -> InstallError:
        """`problem` with whatever the filter itself says about it."""
        now = self._status()
        told = [str(now[key]) for key in ("problem", "remedy") if now.get(key)]
        lines = self._obs.log_lines("[obs-rvm]") + self._obs.log_lines(SCRIPT.name)
        remedy = now.get("remedy") or f"Read OBS's log: {kept_log(self._wishes.layout)}"
        return InstallError(problem, str(remedy), [*told, *lines[-12:]])

    def _status(self) -> status.Status:
        """Of this OBS's filter; empty before its first."""
        found = status.read(self._statuses)
        return found[-1] if found else {}

    def _seek(self, cursor_ms: int) -> None:
        if self._wishes.is_own_clip:
            self._obs.ws.set_media_input_cursor(PERSON, cursor_ms)

    def _media(self, action: str) -> None:
        if self._wishes.clip:
            self._obs.ws.trigger_media_input_action(PERSON, action)

    def _set_mode(self, mode: str) -> None:
        self._obs.ws.set_source_filter_settings(PERSON, FILTER, {"mode": mode}, True)

    def _shot(self, name: str) -> Path:
        self._shots += 1
        return self._obs.screenshot(name, self._work / f"{self._shots}.png", WIDTH, HEIGHT)


def run(wishes: Wishes, console: Console) -> None:
    """The whole demo.  Raises InstallError."""
    with tempfile.TemporaryDirectory(prefix="obs-rvm-demo-") as folder:
        root = Path(folder)
        work, statuses = root / "work", root / "status"
        work.mkdir()
        statuses.mkdir()
        backdrop = root / "backdrop.png"
        demo_pictures.write_png(backdrop, demo_pictures.backdrop(2 * WIDTH, 2 * HEIGHT))
        with _sandbox(wishes, root / "home", statuses, backdrop) as obs:
            try:
                demo = Demo(obs, wishes, work, statuses, console)
                measured, recording = demo.perform()
                report = make_report(obs, wishes, measured)
                _publish(wishes.output, recording, demo.stills(), report)
                for line in summary(report, wishes.output):
                    console.detail(line)
                _finish(obs, wishes, console)
            finally:
                _keep_log(obs, wishes.layout)


def _sandbox(wishes: Wishes, home: Path, statuses: Path, backdrop: Path) -> Sandbox:
    if wishes.camera:
        person = camera_source(PERSON, wishes.camera)
    else:
        assert wishes.clip is not None
        person = media_source(PERSON, wishes.clip)
    return Sandbox(
        home,
        WIDTH,
        HEIGHT,
        FPS,
        display="user" if wishes.has_window else None,
        env={
            **wishes.layout.child_environment(),
            STATUS_DIR_VARIABLE: str(statuses),
            SITE_PACKAGES_VARIABLE: sysconfig.get_paths()["purelib"],
        },
        scripts=[(SCRIPT, {})],
        sources=[image_source(BACKDROP, backdrop), person],
        scenes=[scene(SCENE, [BACKDROP, PERSON], WIDTH, HEIGHT)],
        has_preview=wishes.has_window,
    )


def make_report(obs: Sandbox, wishes: Wishes, measured: Measured) -> dict[str, Any]:
    """The content of ``demo.json``."""
    return {
        "obs_version": obs.ws.get_version().obs_version,
        "cores": os.cpu_count(),
        "footage": wishes.camera or (wishes.clip.name if wishes.clip else None),
        "canvas": [WIDTH, HEIGHT, FPS],
        "seconds": wishes.seconds,
        **{key: measured.status.get(key) for key in REPORTED},
        "mattes": measured.mattes,
        "without_filter": {"seconds": BASELINE_S, **asdict(measured.without_filter)},
        "with_filter": {"seconds": wishes.seconds, **asdict(measured.with_filter)},
    }


def summary(report: dict[str, Any], output: Path) -> Iterator[str]:
    """What a reader wants to know first."""
    with_filter, without = report["with_filter"], report["without_filter"]
    yield (
        f"{report['model']} on {report['provider']}, {report['internal_width']}x{report['internal_height']}: "
        f"{_number(report['mattes_per_second'])} mattes a second, {_number(report['matte_ms_p50'])} ms each "
        f"(95%: {_number(report['matte_ms_p95'])})"
    )
    yield (
        f"capture to result {_number(report['capture_to_result_ms_p50'])} ms "
        f"(95%: {_number(report['capture_to_result_ms_p95'])})"
    )
    for title, counts in (("with the filter", with_filter), ("without", without)):
        yield (
            f"{title}: {counts['rendered']} frames rendered, {counts['render_skipped']} late; "
            f"{counts['output']} recorded, {counts['output_skipped']} skipped"
        )
    yield f"written: {', '.join(str(output / name) for name in ('demo.mp4', 'demo.png', 'demo.json'))}"


def _number(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, (int, float)) else "?"


def _publish(
    output: Path, recording: Path, stills: Sequence[tuple[str, Path]], report: dict[str, Any]
) -> None:
    """Puts the three files in `output`; each appears complete or not at all."""
    if demo_pictures.frame_count(recording) == 0:
        raise InstallError("OBS's recording holds no picture.", "Is OBS's x264 encoder installed?")
    output.mkdir(parents=True, exist_ok=True)
    caption = (
        f"{report['model']} on {report['provider']} "
        f"at {report['internal_width']}x{report['internal_height']}, "
        f"{_number(report['mattes_per_second'])} mattes/s, {_number(report['matte_ms_p50'])} ms each; "
        f"OBS {report['obs_version']}, {report['cores']} cores"
    )
    with atomic_write.replacing(output / "demo.mp4", durable=False) as part:
        shutil.copyfile(recording, part)
    with atomic_write.replacing(output / "demo.png", durable=False) as part:
        demo_pictures.write_png(part, demo_pictures.side_by_side(stills, caption))
    content = (json.dumps(report, indent=2) + "\n").encode()
    atomic_write.write(output / "demo.json", content, durable=False)


def _finish(obs: Sandbox, wishes: Wishes, console: Console) -> None:
    if wishes.has_window:
        console.detail("OBS stays open: play with the filter, and close its window to end the demo.")
        code = obs.wait()
    else:
        code = obs.quit()
    if code != 0:
        raise InstallError(
            f"OBS ended with code {code} after the demo.", f"Read its log: {kept_log(wishes.layout)}"
        )


def kept_log(layout: Layout) -> Path:
    """Where OBS's log stays after the demo."""
    return layout.data / "demo-obs.log"


def _keep_log(obs: Sandbox, layout: Layout) -> None:
    atomic_write.write(kept_log(layout), obs.log().encode(), durable=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, 1 after a failure that it has told, or 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="demo.py", description="Shows the filter in a private OBS.")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--window", action="store_true", help="on this screen, until the window is closed")
    footage_group = parser.add_mutually_exclusive_group(required=True)
    footage_group.add_argument("--clip", type=Path)
    footage_group.add_argument("--camera")
    options = parser.parse_args(arguments)
    wishes = Wishes(
        Layout(options.data_dir.absolute()),
        options.output.absolute(),
        options.clip.absolute() if options.clip else None,
        options.camera,
        options.seconds,
        options.window,
    )
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console()
    try:
        run(wishes, console)
    except InstallError as error:
        console.failure(error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
