"""``python -m rvm_core`` is the command ``obs-rvm``."""

from __future__ import annotations

import sys

from rvm_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
