"""From a model's name to a verified file: registry, verification, download."""

from __future__ import annotations

from rvm_core.models.fetch import ensure
from rvm_core.models.registry import ModelEntry, entries, entry
from rvm_core.models.verify import verified

__all__ = ["ModelEntry", "ensure", "entries", "entry", "verified"]
