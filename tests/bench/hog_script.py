"""An OBS script with a Python thread that never lets go of the GIL while a file exists."""

import os
import threading
import time
from pathlib import Path

_flag = Path(os.environ["OBS_RVM_HOG_FILE"])


def _hog():
    while True:
        if _flag.exists():
            last = time.monotonic() + 1.0
            count = 0
            while time.monotonic() < last:
                count += 1
        else:
            time.sleep(0.2)


def script_load(settings):  # noqa: ARG001 - the name and form that OBS calls
    threading.Thread(target=_hog, daemon=True).start()
