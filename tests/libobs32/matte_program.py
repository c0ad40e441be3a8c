"""Our filter in libobs 32: from registration to a matte on the screen to removal.

Arguments: the picture's file, the file for what the filter shows, width, height, settings as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import session

READY_LIMIT_S = 240.0  # a cold start compiles the callbacks and prepares the network
MATTES = 8  # a still picture's matte has settled by then
FILTER_ID = "rvm_background_filter"


def statuses() -> list[dict[str, Any]]:
    """What every filter of this process last wrote about itself."""
    files = Path(os.environ["OBS_RVM_STATUS_DIR"]).glob(f"{os.getpid()}-*.json")
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def is_settled() -> bool:
    """Whether the one filter runs and has made its mattes; a failed filter ends the program."""
    for status in statuses():
        if status["state"] == "failed":
            raise RuntimeError(f"The filter failed: {status['problem']}")
        if status["state"] == "running" and status["mattes"] >= MATTES:
            return True
    return False


picture_file, shown_file, width, height, settings = sys.argv[1:]
size = int(width), int(height)
with session.running(*size) as pylibobs:
    from rvm_core.obs_filter import register, shutdown

    register()
    register()  # a reload of the script does this; the second call must change nothing
    registered = pylibobs.enum_filter_types()
    assert registered.count(FILTER_ID) == 1, registered

    image = pylibobs.Source.create("image_source", "picture", {"file": picture_file})
    matting = pylibobs.Filter.create(FILTER_ID, "matting", json.loads(settings))
    image.add_filter(matting)
    session.put_on_program(image)
    session.wait_for("The matte", is_settled, READY_LIMIT_S)
    np.save(shown_file, session.picture(pylibobs, image, *size))

    session.put_on_program(None)
    image.remove_filter(matting)
    matting.release()
    image.release()
    session.destroy_released()
    shutdown()
print("libobs was shut down, leaks", session.allocations())
