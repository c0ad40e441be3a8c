"""How far a transfer is, on one line of a terminal."""

from __future__ import annotations

import sys
import time

_REDRAWN_AFTER_S = 0.1


class Meter:
    """Called with (bytes so far, bytes in all; 0: unknown); draws bytes, speed and what remains on stderr.

    The speed is that since the first call, so what an earlier run brought does not count.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._began: tuple[float, int] | None = None
        self._drawn_at = 0.0
        self._width = 0

    def __call__(self, done: int, total: int) -> None:
        """Draw, at most ten times a second."""
        now = time.monotonic()
        if self._began is None:
            self._began = now, done
        if now - self._drawn_at >= _REDRAWN_AFTER_S or done == total:
            self._drawn_at = now
            self._draw(line(self._name, done, total, now - self._began[0], done - self._began[1]))

    def finish(self) -> None:
        """Take the line away, so that the next thing said stands by itself."""
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
            self._width = 0

    def _draw(self, text: str) -> None:
        print("\r" + text.ljust(self._width), end="", file=sys.stderr, flush=True)
        self._width = len(text)


def line(name: str, done: int, total: int, seconds: float, since: int) -> str:
    """The state of a transfer that brought `since` bytes in `seconds`."""
    text = f"{name}: {done / 1e6:.1f}" + (f" of {total / 1e6:.1f} MB" if total else " MB")
    if since > 0 and seconds > 0:
        speed = since / seconds
        text += f", {speed / 1e6:.1f} MB/s"
        if total:
            text += f", {_duration((total - done) / speed)} left"
    return text


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
