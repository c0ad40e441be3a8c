"""Soft, temporally stable background matting for OBS Studio.

The public Python interface is :class:`Matting`; everything else is a room of its own, described in
ARCHITECTURE.md.  Importing this package is cheap: numpy, numba, cv2 and onnxruntime are loaded only
when the name that needs them is first used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rvm_core.matting import Matte, Matting

__version__ = "0.1.0"

# onnxruntime reports nothing to its makers.  Since 1.32 its wheels for Linux do, unless told otherwise before
# they are loaded, and write a "deviceid" to the cache; `disable_telemetry_events` comes too late for that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = ["Matte", "Matting", "__version__"]


def __getattr__(name: str) -> Any:
    if name in ("Matte", "Matting"):
        from rvm_core import matting

        return getattr(matting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
