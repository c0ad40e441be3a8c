"""onnxruntime reports nothing to its makers: no name for this computer on disk, no word over the network.

Since 1.32 its wheels for Linux do so unless told otherwise before they are loaded, and write a ``deviceid``
to the user's cache (seen by watching; `disable_telemetry_events` comes too late for that).
"""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
