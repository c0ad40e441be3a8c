"""Words for the user's shell."""

from __future__ import annotations

import re
import sys
from pathlib import PurePath


def typed(path: PurePath) -> str:
    """`path` as it is typed in a command; a ``~`` that comes to stand at its beginning later still counts."""
    if sys.platform == "win32":
        return f'"{path}"'
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", str(path))
