"""The one decorator of every jitted function.

Nothing is compiled at import: a kernel compiles at its first call and is kept in the user's cache
folder, which ``rvm_core.kernels.warm`` fills at install time.  Without a writable cache it still runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba

from rvm_core import paths

P = ParamSpec("P")
R = TypeVar("R")

_njit: Any = numba.njit

# NUMBA_CACHE_DIR, where it is set, goes first; we set no variable that child processes would inherit.
_config: Any = numba.config
if not _config.CACHE_DIR:
    _config.CACHE_DIR = str(paths.numba_cache_dir())


def cache_dir() -> Path:
    """Where this process keeps compiled code."""
    return Path(_config.CACHE_DIR)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` to machine code that holds no GIL; IEEE arithmetic, because NaN must show."""
    options: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    try:
        compiled: Callable[P, R] = _njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no folder that it may write to
        compiled = _njit(**options)(function)
    return compiled
