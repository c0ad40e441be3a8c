"""The sha256 that we keep ourselves, for models of which nobody publishes one.

The first file that a user asks for is taken as it comes, over https or from the user's own hand; what it was
is kept beside it, and from then on no other bytes are the model.  Nothing is loaded before that.
"""

from __future__ import annotations

import json
from pathlib import Path

from rvm_core import atomic_write
from rvm_core.models import promise
from rvm_core.models.promise import Promise
from rvm_core.models.registry import ModelEntry


def pin_file(entry: ModelEntry) -> Path:
    """Where the pin of `entry` lies, or would lie."""
    return entry.path.with_name(entry.path.name + ".pin.json")


def promised(entry: ModelEntry) -> Promise | None:
    """What the file of `entry` must be: by the manifest, else by the pin; None where neither says."""
    if entry.sha256 is not None:
        return Promise(entry.bytes or 0, entry.sha256)
    try:
        kept = json.loads(pin_file(entry).read_text(encoding="utf-8"))
        return Promise(int(kept["bytes"]), str(kept["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # an unreadable pin proves nothing


def pin(entry: ModelEntry, path: Path) -> Promise:
    """Keep what the file at `path` is as the pin of `entry`.  Raises OSError."""
    seen = promise.of_file(path)
    content = json.dumps({"bytes": seen.bytes, "sha256": seen.digest}) + "\n"
    atomic_write.write(pin_file(entry), content.encode())
    return seen
