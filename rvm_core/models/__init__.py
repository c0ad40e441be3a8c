"""From a model's name to a verified file: registry, verification, download, removal."""

from __future__ import annotations

from rvm_core.models.ensuring import ensure
from rvm_core.models.pins import promised
from rvm_core.models.registry import ModelEntry, entries, entry
from rvm_core.models.removal import remove
from rvm_core.models.verify import state, verified

__all__ = ["ModelEntry", "ensure", "entries", "entry", "promised", "remove", "state", "verified"]
