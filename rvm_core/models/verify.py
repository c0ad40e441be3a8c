"""A file is the model only when its size and sha256 are the manifest's."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rvm_core.errors import ModelCorrupt
from rvm_core.models.registry import ModelEntry

_BLOCK_BYTES = 1 << 20


def fault(path: Path, size: int, sha256: str) -> str | None:
    """What is wrong with the bytes at `path`, or None.  Raises OSError when it cannot be read."""
    found = path.stat().st_size
    if found != size:
        return f"{found} bytes instead of {size}"
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    if digest.hexdigest() != sha256:
        return f"sha256 {digest.hexdigest()} instead of {sha256}"
    return None


def verified(path: Path, entry: ModelEntry) -> Path:
    """`path`, when it holds exactly the bytes of `entry`; raises ModelCorrupt otherwise.

    An unreadable file is corrupt too.  Reads the whole file: about 10 ms for 15 MB.
    """
    try:
        wrong = fault(path, entry.bytes, entry.sha256)
    except OSError as error:
        wrong = str(error)
    if wrong is not None:
        raise ModelCorrupt(
            f"The model file {path} is damaged: {wrong}.", f"Run: obs-rvm models get {entry.name}"
        )
    return path
