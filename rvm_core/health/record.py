"""The installer's own record of what it made and edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rvm_core import paths


def read() -> Mapping[str, Any]:
    """The record; empty where the installer installed nothing.  Raises OSError, ValueError."""
    try:
        found = json.loads(paths.install_record_file().read_bytes())
    except FileNotFoundError:
        return {}
    if not isinstance(found, dict):
        raise ValueError("it holds no record")
    return found
