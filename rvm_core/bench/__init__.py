"""How good and how fast: the engine beside the official graph, in one run."""

from __future__ import annotations
