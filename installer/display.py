"""Where a private OBS draws: a virtual screen of its own, or the user's."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from installer.errors import SandboxError

END_S = 5.0
XVFB_START_S = 20.0
SOFTWARE_RENDERING = {"LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "llvmpipe", "QT_QPA_PLATFORM": "xcb"}


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    cwd: Path | None = None,
    passed: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own, so that an interrupt reaches only this process."""
    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(
            list(command),
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            pass_fds=tuple(passed),
            start_new_session=True,
        )
    except OSError as cause:
        raise SandboxError(f"{command[0]} cannot be started: {cause.strerror}.", "Install it.") from cause
    finally:
        if output:
            output.close()


def end(process: subprocess.Popen[bytes] | None) -> None:
    """Ends one program by its process id: asks, then insists.  Ended or None is fine."""
    if process is None:
        return
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            continue


class VirtualScreen:
    """Xvfb under a display number that it chooses itself, with a window manager."""

    def __init__(self, width: int = 1600, height: int = 1000) -> None:
        self._size = f"{width}x{height}x24"
        self._xvfb: subprocess.Popen[bytes] | None = None
        self._manager: subprocess.Popen[bytes] | None = None
        self._cache: tempfile.TemporaryDirectory[str] | None = None

    def open(self) -> str:
        """Starts it and returns its name, such as ``:3``.  Raises SandboxError."""
        read_end, write_end = os.pipe()
        try:
            self._xvfb = start(
                ["Xvfb", "-displayfd", str(write_end), "-screen", "0", self._size, "-nolisten", "tcp"],
                passed=[write_end],
            )
            os.close(write_end)
            write_end = -1
            name = f":{_display_number(read_end)}"
            # Else the window manager would write to the user's.
            self._cache = tempfile.TemporaryDirectory(prefix="obs-rvm-screen-")
            own = {"DISPLAY": name, "XDG_CACHE_HOME": self._cache.name}
            self._manager = start(["openbox"], env={**os.environ, **own})
            return name
        except BaseException:
            self.close()
            raise
        finally:
            os.close(read_end)
            if write_end >= 0:
                os.close(write_end)

    def close(self) -> None:
        """Ends both programs; to be called once nothing draws there any more."""
        end(self._manager)
        end(self._xvfb)
        if self._cache is not None:
            self._cache.cleanup()


def _display_number(read_end: int) -> int:
    answer = b""
    while not answer.endswith(b"\n"):
        ready, _, _ = select.select([read_end], [], [], XVFB_START_S)
        part = os.read(read_end, 64) if ready else b""
        if not part:
            raise SandboxError("Xvfb gives no screen.", "Try `Xvfb :99` by hand to see why.")
        answer += part
    return int(answer)


def user_screen(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a program with another home reaches the user's own screen."""
    made: dict[str, str] = {}
    if environment.get("DISPLAY"):
        made["DISPLAY"] = environment["DISPLAY"]
        made["XAUTHORITY"] = environment.get("XAUTHORITY") or str(Path.home() / ".Xauthority")
    elif environment.get("WAYLAND_DISPLAY"):
        # Absolute, because the private XDG_RUNTIME_DIR holds no such socket.
        runtime = Path(environment.get("XDG_RUNTIME_DIR", "/"))
        made["WAYLAND_DISPLAY"] = str(runtime / environment["WAYLAND_DISPLAY"])
    return made
