"""Ending a network's work from another thread, on real runs of onnxruntime."""

from __future__ import annotations

SIZE = (64, 64)
