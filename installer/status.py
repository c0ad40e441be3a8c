"""What each filter instance reports: one JSON file each, written once a second by the plugin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Status = dict[str, Any]


def read(folder: Path) -> list[Status]:
    """Every status in `folder`, in the order of the files' names; a file of another form is left out."""
    found: list[Status] = []
    for file in sorted(folder.glob("*.json")):
        try:
            status = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(status, dict):
            found.append(status)
    return found
