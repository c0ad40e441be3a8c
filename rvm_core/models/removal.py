"""Taking a model off this computer."""

from __future__ import annotations

from collections.abc import Iterator
from glob import escape
from pathlib import Path

from rvm_core import paths
from rvm_core.desktop.shell import obs_rvm
from rvm_core.errors import ModelError, ModelMissing
from rvm_core.models import parts, pins, registry
from rvm_core.models.registry import ModelEntry


def remove(name: str) -> int:
    """Remove the file of model `name`, its pin, what was made of it and what a fetch left; the bytes freed.

    Raises ModelMissing (nothing of it is here), ModelError (unknown name, or a file that cannot be removed).
    """
    entry = registry.entry(name)
    freed, is_here = parts.sweep(entry.path), False
    for file in _files(entry):
        try:
            size = file.stat().st_size
            file.unlink()
        except OSError as fault:
            raise ModelError(
                f"The file {file} could not be removed: {(fault.strerror or str(fault)).lower()}.",
                "Close what uses it, or make its folder writable, then run: "
                f"{obs_rvm()} models remove {name}",
            ) from fault
        freed, is_here = freed + size, True
    if not is_here and not freed:
        raise ModelMissing(
            f"The model {name} is not on this computer, so nothing was removed.",
            f"See what is: {obs_rvm()} models list",
        )
    return freed


def _files(entry: ModelEntry) -> Iterator[Path]:
    """Derived graphs first: were it interrupted, they would remain without the model that names them."""
    yield from sorted(paths.specialised_dir().glob(f"{escape(entry.path.stem)}-*"))
    for file in (pins.pin_file(entry), entry.path):
        if file.is_file():
            yield file
