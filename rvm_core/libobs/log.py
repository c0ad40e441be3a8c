"""Lines in OBS's log, each marked ``[obs-rvm]``."""

from __future__ import annotations

import ctypes

from rvm_core.libobs import api
from rvm_core.libobs.constants import LOG_ERROR, LOG_INFO, LOG_WARNING


def info(text: str) -> None:
    """Any thread but the graphics thread."""
    _write(LOG_INFO, text)


def warning(text: str) -> None:
    """Any thread but the graphics thread."""
    _write(LOG_WARNING, text)


def error(text: str) -> None:
    """Any thread but the graphics thread."""
    _write(LOG_ERROR, text)


def _write(level: int, text: str) -> None:
    line = ctypes.c_char_p(f"[obs-rvm] {text}".encode(errors="replace"))
    api.function("blog")(level, b"%s", line)
