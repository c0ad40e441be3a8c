"""A private OBS for the demo and the tests: own home, own configuration, own screen.

Nothing of the user's OBS is read or written.  obs-websocket cannot be bound to the loopback address
alone, so each sandbox makes up a password.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from installer import obs_config
from installer.display import SOFTWARE_RENDERING, VirtualScreen, end, start, user_screen
from installer.errors import SandboxError
from installer.scene import (
    JSON,
    camera_source,
    collection,
    color_source,
    filter_entry,
    image_source,
    media_source,
    scene,
    source,
)
from rvm_core.child_processes import captured

__all__ = [
    "Sandbox",
    "SandboxError",
    "Stats",
    "camera_source",
    "color_source",
    "filter_entry",
    "free_port",
    "image_source",
    "media_source",
    "scene",
    "source",
]

FOREIGN_VARIABLES = (
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "QT_PLUGIN_PATH",
    "QT_QPA_PLATFORM",
    "QT_QPA_PLATFORM_PLUGIN_PATH",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
)
OBS_COMMAND = (
    "obs",
    "--multi",
    "--disable-updater",
    "--disable-missing-files-check",
    "--unfiltered_log",
    "--collection",
    obs_config.NAME,
    "--profile",
    obs_config.NAME,
)
POLL_S = 0.1
KEY_LOST_S = 5.0
MOST_KEYS = 4
REST_S = 1.0
TOOL_LIMIT_S = 30.0
TAIL_LINES = 20
CRASH = "Fatal Python error"
"""How Python begins when it writes the stacks of a process that ends."""


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Stats:
    """OBS's counters; `fps` and `render_ms` are current averages.

    `rendered` and `render_skipped` count since OBS's start, `output` and `output_skipped` since the
    start of the latest recording.
    """

    rendered: int
    render_skipped: int
    output: int
    output_skipped: int
    fps: float
    render_ms: float

    @property
    def drawn(self) -> int:
        """Frames drawn since OBS's start: `rendered` goes on where OBS draws nothing because it is late."""
        return self.rendered - self.render_skipped

    def since(self, earlier: Stats) -> Stats:
        """The rendered frames' growth since `earlier`; the rest as it is now."""
        return replace(
            self,
            rendered=self.rendered - earlier.rendered,
            render_skipped=self.render_skipped - earlier.render_skipped,
        )


class Sandbox:
    """One OBS; a context manager that ends whatever it started, also when interrupted.

    `scripts` are (path, settings), `sources` and `scenes` come from the builders in
    ``installer.scene`` (without `scenes`, a scene "Main" holds all sources, beside an empty scene
    "Empty").  `display` None makes a virtual screen; ``"user"`` takes the one of this session; any
    other text is the name of an X display.  `env` is added to OBS's environment.  Starting again in a
    `home` that was used before keeps its scene collection when `keeps_collection` is set.  Without a
    preview the window does not draw the program, which is costly where the processor draws.
    """

    def __init__(
        self,
        home: Path,
        width: int = 640,
        height: int = 360,
        fps: int = 30,
        *,
        port: int | None = None,
        display: str | None = None,
        env: Mapping[str, str] | None = None,
        scripts: Sequence[tuple[Path, Mapping[str, Any]]] = (),
        sources: Sequence[JSON] = (),
        scenes: Sequence[JSON] = (),
        arguments: Sequence[str] = (),
        keeps_collection: bool = False,
        has_preview: bool = True,
    ) -> None:
        self.home = obs_config.Home(Path(home).absolute())
        self.port = port or free_port()
        self.exit_code: int | None = None
        self._password = secrets.token_urlsafe(16)
        self._display = display
        self._env = dict(env or {})
        self._arguments = list(arguments)
        self._screen: VirtualScreen | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log_begins_at = 0
        self._environment: dict[str, str] = {}
        self._ws: Any = None
        saved = self.home.collection.read_text() if keeps_collection else ""
        live = list(scenes) or [
            scene("Main", [entry["name"] for entry in sources], width, height),
            scene("Empty", [], width, height),
        ]
        obs_config.write(
            self.home,
            width=width,
            height=height,
            fps=fps,
            port=self.port,
            password=self._password,
            scene_collection=collection(obs_config.NAME, sources, live, scripts),
            has_preview=has_preview,
        )
        if saved:
            self.home.collection.write_text(saved)

    # -- life -------------------------------------------------------------------------------------

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, timeout_s: float = 60.0) -> Sandbox:
        """Starts OBS and connects to it.  Raises SandboxError, having ended everything."""
        try:
            self._environment = self._make_environment()
            if self.home.log.exists():  # of an OBS before, in the same home
                self._log_begins_at = self.home.log.stat().st_size
            self._process = start(
                [*OBS_COMMAND, *self._arguments], env=self._environment, log=self.home.log, cwd=self.home.root
            )
            self._connect(timeout_s)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Ends OBS and the virtual screen, whatever state they are in."""
        self._disconnect()
        end(self._process)
        if self._process is not None:
            self.exit_code = self._process.returncode
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def quit(
        self, how: Literal["interrupt", "window"] = "window", timeout_s: float = 30.0, rest_s: float = REST_S
    ) -> int:
        """Quits OBS as a user would: Alt+F4 in its window (needs xdotool), or SIGINT.

        OBS 29 closes its window from within the signal's handler: that hung it with no script loaded
        at all, and crashed it in Qt's event loop.  Alt+F4 is safe once OBS has come to rest, for which it
        gets `rest_s`.

        Returns its exit code (negative: ended by that signal).  Raises SandboxError when it hangs.
        """
        process = self._running()
        self._disconnect()
        if how == "interrupt":
            process.send_signal(signal.SIGINT)
        else:
            time.sleep(rest_s)
            # A window that has only just appeared, or an overloaded computer, loses a key now and then.
            for _ in range(MOST_KEYS):
                self._press_alt_f4()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(KEY_LOST_S)
                if not self.is_running or self.log_lines("Shutting down"):
                    break
        return self.wait(timeout_s)

    def wait(self, timeout_s: float | None = None) -> int:
        """Waits for OBS to end by itself and returns its exit code."""
        assert self._process is not None
        try:
            self.exit_code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise SandboxError(
                f"OBS did not end within {timeout_s:g} s.", "Its last lines:", self._tail() + self._stacks()
            ) from None
        return self.exit_code

    @property
    def pid(self) -> int:
        """OBS's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether OBS has started and not ended."""
        return self._process is not None and self._process.poll() is None

    # -- looking ----------------------------------------------------------------------------------

    @property
    def ws(self) -> Any:
        """The connected ``obsws_python.ReqClient``."""
        if self._ws is None:
            raise SandboxError("OBS is not connected.", "Use the sandbox within `with`.")
        return self._ws

    def log(self) -> str:
        """Everything that this OBS has written so far."""
        try:
            written = self.home.log.read_bytes()
        except FileNotFoundError:
            return ""
        return written[self._log_begins_at :].decode(errors="replace")

    def log_lines(self, part: str) -> list[str]:
        """The log's lines that contain `part`."""
        return [line for line in self.log().splitlines() if part in line]

    def wait_log(self, pattern: str, timeout_s: float = 30.0) -> re.Match[str]:
        """Waits until the log matches `pattern` (multi-line).  Raises SandboxError."""
        wanted = re.compile(pattern, re.MULTILINE)
        last = time.monotonic() + timeout_s
        while True:
            is_running = self.is_running  # read first: lines written before the end still count
            found = wanted.search(self.log())
            if found:
                return found
            if not is_running or time.monotonic() > last:
                why = f"within {timeout_s:g} s" if is_running else "before OBS ended"
                raise SandboxError(f"OBS did not log /{pattern}/ {why}.", "Its last lines:", self._tail())
            time.sleep(POLL_S)

    def screenshot(self, name: str, path: Path, width: int = 640, height: int = 360) -> Path:
        """Writes a PNG of a source or scene as OBS draws it now."""
        self.ws.save_source_screenshot(name, "png", str(path), width, height, -1)
        return path

    def window_screenshot(self, path: Path) -> Path:
        """Writes a PNG of the whole screen (needs ImageMagick's import)."""
        self._tool(["import", "-window", "root", str(path)])
        return path

    def stats(self) -> Stats:
        """OBS's frame counters."""
        now = self.ws.get_stats()
        return Stats(
            rendered=now.render_total_frames,
            render_skipped=now.render_skipped_frames,
            output=now.output_total_frames,
            output_skipped=now.output_skipped_frames,
            fps=now.active_fps,
            render_ms=now.average_frame_render_time,
        )

    def leaks(self) -> int:
        """libobs's count of memory leaks; only after OBS has ended by itself."""
        found = re.findall(r"Number of memory leaks: (\d+)", self.log())
        if not found:
            raise SandboxError("OBS has not logged its memory leaks.", "Its last lines:", self._tail())
        return int(found[-1])

    def record(self, seconds: float) -> Path:
        """Records the program for `seconds` and returns the finished MP4 file."""
        self.ws.start_record()
        self._wait_record(is_active=True)
        time.sleep(seconds)
        file = Path(self.ws.stop_record().output_path)
        self._wait_record(is_active=False)
        return file

    # -- within -----------------------------------------------------------------------------------

    def _make_environment(self) -> dict[str, str]:
        made = {key: value for key, value in os.environ.items() if key not in FOREIGN_VARIABLES}
        made["HOME"] = str(self.home.root)
        made["XDG_CONFIG_HOME"] = str(self.home.config)
        made["XDG_RUNTIME_DIR"] = str(self.home.runtime)
        # A crash then leaves the Python stacks of all threads in the log.
        made["PYTHONFAULTHANDLER"] = "1"
        if self._display is None:
            self._screen = VirtualScreen()
            made |= {**SOFTWARE_RENDERING, "DISPLAY": self._screen.open()}
        elif self._display == "user":
            made |= user_screen(os.environ)
        else:
            made |= {**SOFTWARE_RENDERING, "DISPLAY": self._display}
        return made | self._env

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            raise SandboxError("OBS is not running.", "Its last lines:", self._tail())
        return self._process

    def _connect(self, timeout_s: float) -> None:
        import obsws_python

        # It logs a traceback for each refused connection, and OBS refuses until it is ready.
        logging.getLogger("obsws_python").setLevel(logging.CRITICAL)
        last = time.monotonic() + timeout_s
        while True:
            if not self.is_running:
                code = self._process.returncode if self._process else None
                raise SandboxError(
                    f"OBS ended with code {code} while it started.", "Its last lines:", self._tail()
                )
            try:
                self._ws = obsws_python.ReqClient(
                    host="127.0.0.1", port=self.port, password=self._password, timeout=30
                )
                self._ws.get_scene_list()  # newer versions answer "not ready" until the scenes are loaded
                return
            except Exception as cause:  # the library raises whatever the socket and the protocol give
                self._disconnect()  # obs-websocket waits at its end for every client that is still connected
                if time.monotonic() > last:
                    raise SandboxError(
                        f"OBS gives no websocket within {timeout_s:g} s ({cause}).",
                        "Its last lines:",
                        self._tail(),
                    ) from cause
            time.sleep(2 * POLL_S)

    def _disconnect(self) -> None:
        client, self._ws = self._ws, None
        if client is not None:
            try:
                client.disconnect()
            except Exception:  # OBS may be gone already; then there is nothing to say goodbye to
                logging.getLogger(__name__).debug("disconnect failed", exc_info=True)

    def _wait_record(self, *, is_active: bool, timeout_s: float = 20.0) -> None:
        last = time.monotonic() + timeout_s
        while bool(self.ws.get_record_status().output_active) is not is_active:
            if time.monotonic() > last:
                wanted = "start" if is_active else "finish"
                raise SandboxError(f"OBS did not {wanted} the recording.", "Its last lines:", self._tail())
            time.sleep(POLL_S)

    def _press_alt_f4(self) -> None:
        windows = self._tool(["xdotool", "search", "--name", "^OBS "]).split()
        if not windows:
            raise SandboxError("OBS shows no window.", "Its last lines:", self._tail())
        self._tool(["xdotool", "windowactivate", "--sync", windows[-1], "key", "alt+F4"])

    def _tool(self, command: Sequence[str]) -> str:
        try:
            done = captured(command, limit_s=TOOL_LIMIT_S, env=self._environment)
        except OSError as cause:
            raise SandboxError(f"{command[0]} failed: {cause}.", f"Is {command[0]} installed?") from cause
        if done.code != 0:
            how = f"ended with code {done.code}" if done.code is not None else "did not end in time"
            raise SandboxError(f"`{shlex.join(command)}` {how}.", "Its last lines:", done.error.splitlines())
        return done.out

    def _stacks(self) -> list[str]:
        """Where each thread of a hanging OBS is in Python; it ends by that."""
        assert self._process is not None
        self._process.send_signal(signal.SIGABRT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KEY_LOST_S)
        return (CRASH + self.log().rpartition(CRASH)[2]).splitlines()

    def _tail(self) -> list[str]:
        """The log's last lines; all that a crash has written, and what came before it."""
        before, crash, stacks = self.log().partition(CRASH)
        return [*before.splitlines()[-TAIL_LINES:], *(crash + stacks).splitlines()]
