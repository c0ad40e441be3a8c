"""A verified model file on disk.

What fetches one is imported when it is needed: OBS's Python may be one that cannot load its own TLS library.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rvm_core.desktop.shell import obs_rvm
from rvm_core.errors import ModelMissing
from rvm_core.models import registry, verify

if TYPE_CHECKING:
    from rvm_core.models.web import Progress


def ensure(name: str, *, download: bool, progress: Progress | None = None) -> Path:
    """The verified file of model `name`.

    Where the file is absent or damaged and `download` is true, every source of the registry is tried
    in order; the file appears at its final path only whole and verified.  What came before a source, or this
    process, broke off is kept, and the next call goes on from there.  Where nobody publishes a sha256,
    `download` takes the file that is here, or the first that comes, and pins it.  Never starts a process.
    `progress` gets (bytes so far, bytes in all; 0: unknown) from the calling thread.

    Raises ModelError (unknown name), ModelMissing (absent, or of unknown sha256; with `download`, each
    source's cause), ModelCorrupt (present with wrong bytes and `download` is false).
    """
    entry = registry.entry(name)
    if not download:
        if not entry.path.is_file():
            raise ModelMissing(
                f"The model {name} is not on this computer ({entry.path}).",
                f"Run: {obs_rvm()} models get {name}",
            )
        return verify.verified(entry.path, entry)
    try:
        from rvm_core.models.fetch import fetched
    except ImportError as missing:
        raise ModelMissing(
            f"This Python cannot fetch files ({missing}).",
            f"Run in a terminal: {obs_rvm()} models get {name}",
        ) from missing
    return fetched(entry, progress)
