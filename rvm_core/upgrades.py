"""An upgrade beside an OBS that runs: what is loaded goes on, and none of the new files comes in beside it.

Libobs keeps what was registered until it ends, and heavy modules are loaded late, perhaps hours later.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from rvm_core import __version__
from rvm_core.errors import HostError

_VERSION_FILE = Path(__file__).resolve().with_name("__init__.py")
_REMEDY = "Start OBS again."


def check() -> None:
    """Raise HostError where the files of this package are of another version than what was loaded."""
    try:
        text = _VERSION_FILE.read_text(encoding="utf-8")
    except OSError:
        raise HostError("The files of RVM Background are gone, or are being replaced.", _REMEDY) from None
    found = re.search(r'^__version__ = "(.+)"', text, re.MULTILINE)
    if found is None or found[1] != __version__:
        new = found[1] if found else "?"
        raise HostError(f"RVM Background {new} was installed while another version is at work.", _REMEDY)


def guard() -> None:
    """From now on no module of this package is imported from files of another version."""
    sys.meta_path.insert(0, _Guard())


class _Guard(MetaPathFinder):
    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,  # noqa: ARG002 - importlib passes them
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if name.startswith("rvm_core."):
            check()
        return None
