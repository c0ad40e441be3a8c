"""Lines in OBS's log, each marked ``[obs-rvm]``."""

from __future__ import annotations

import ctypes
import logging

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


def follow(logger: str) -> None:
    """Let the lines of Python's `logger` and those below it appear too, from INFO on."""
    source = logging.getLogger(logger)
    source.setLevel(logging.INFO)
    source.addHandler(_Lines())


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        is_bad, is_worse = record.levelno >= logging.WARNING, record.levelno >= logging.ERROR
        _write(LOG_ERROR if is_worse else LOG_WARNING if is_bad else LOG_INFO, record.getMessage())


def _write(level: int, text: str) -> None:
    line = ctypes.c_char_p(f"[obs-rvm] {text}".encode(errors="replace"))
    api.function("blog")(level, b"%s", line)
