"""Words for the user's shell."""

from __future__ import annotations

import re
import sys
from pathlib import PurePath


def typed(path: PurePath) -> str:
    """`path` as it is typed in a command; a ``~`` that comes to stand at its beginning later still counts."""
    if sys.platform == "win32":
        # PowerShell takes a quoted path for a text, so only where it must be
        return f'"{path}"' if re.search(r"[^\w:\\.~-]", str(path)) else str(path)
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", str(path))
