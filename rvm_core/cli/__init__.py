"""The command ``obs-rvm``: each command in a file of its own.

Commands return frozen results; only this room prints.  Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

from rvm_core.cli.main import main

__all__ = ["main"]
