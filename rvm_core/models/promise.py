"""What a file must be: so many bytes, with this digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Promise:
    """A file's size (0: unknown), its digest in lower-case hexadecimal, and the digest's algorithm."""

    bytes: int
    digest: str
    algorithm: str = "sha256"

    def fault(self, path: Path) -> str | None:
        """What is wrong with the bytes at `path`, or None.  Raises OSError when it cannot be read."""
        found = path.stat().st_size
        if self.bytes and found != self.bytes:
            return f"{found} bytes instead of {self.bytes}"
        digest = hashlib.new(self.algorithm)
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
        if digest.hexdigest() != self.digest:
            return f"{self.algorithm} {digest.hexdigest()} instead of {self.digest}"
        return None


def of_file(path: Path) -> Promise:
    """The promise that the file at `path` keeps.  Raises OSError."""
    with path.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return Promise(path.stat().st_size, digest.hexdigest())
