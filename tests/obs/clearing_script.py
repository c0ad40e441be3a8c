"""A script that OBS loads instead of the filter's, where its own leaks are counted.

Alone, OBS 31.1 and newer may leave any number of scenes behind: see ``rvm_core/obs_filter/clearing.py``.
"""

import ctypes
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), os.environ["OBS_RVM_SITE_PACKAGES"]]

from rvm_core.obs_filter import clearing  # noqa: E402 - OBS's Python finds it only now


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)
def _on_event(event, _):
    clearing.on_event(event)


ctypes.CDLL(None).obs_frontend_add_event_callback(_on_event, None)
