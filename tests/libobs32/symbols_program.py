"""Prints libobs's version, and which of the given functions it lacks."""

from __future__ import annotations

import ctypes
import os
import sys

library = ctypes.CDLL(os.environ["LIBOBS32"])
library.obs_get_version_string.restype = ctypes.c_char_p
print("version", library.obs_get_version_string().decode())
print("missing", *(name for name in sys.argv[1:] if not hasattr(library, name)))
