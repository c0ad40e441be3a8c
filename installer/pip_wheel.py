"""pip out of its own wheel, for a Python that has none.

Debian's Python without the package ``python3-venv``, and the Pythons of flatpaks and snaps, only make
environments ``--without-pip``; the environment's own Python then runs the wheel's pip by its path.
"""

from __future__ import annotations

import hashlib
import http.client
import shutil
import urllib.request
from pathlib import Path

from installer import files
from installer.errors import InstallError
from rvm_core.models.index import find_wheel
from rvm_core.models.web import trust

VERSION = "26.3"
NAME = f"pip-{VERSION}-py3-none-any.whl"
SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
TIMEOUT_S = 60


def words(wheel: Path) -> list[str]:
    """What a Python is given to run the pip in `wheel`."""
    return [str(wheel / "pip")]


def ensure(folder: Path, known: Path | None = None, url: str | None = None) -> Path:
    """The verified wheel in `folder`: out of `known`, else from `url` or the index.  Raises InstallError."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / NAME
    for place in filter(None, (folder, known)):
        if (place / NAME).is_file() and _is_verified((place / NAME).read_bytes()):
            return wheel if place == folder else Path(shutil.copy(place / NAME, wheel))
    try:
        with urllib.request.urlopen(
            url or find_wheel("pip", VERSION).url, timeout=TIMEOUT_S, context=trust()
        ) as answer:
            content: bytes = answer.read()
    except (OSError, http.client.HTTPException, ValueError) as cause:
        raise InstallError(
            f"pip {VERSION} cannot be fetched: {cause}.", "Check the connection and run this again."
        ) from cause
    if not _is_verified(content):
        raise InstallError("The package index did not give the pip that was expected.", "Run this again.")
    files.write(wheel, content)
    return wheel


def _is_verified(content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256
