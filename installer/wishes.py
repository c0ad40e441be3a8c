"""What the user asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wishes:
    """The options of the command line that a plan depends on.

    obs: a kind or a program's path, where there are several.  is_upgrade: the newest dependencies as well.
    may_install_python: also a Python that OBS can load, where none is there.  offline: a folder to install
    from.  prepare: one to make.
    """

    is_demo: bool = False
    output: Path = Path("demo")
    clip: Path | None = None
    camera: str | None = None
    seconds: float = 10.0
    obs: str | None = None
    is_upgrade: bool = False
    may_install_python: bool = False
    plugin: str | None = None
    offline: Path | None = None
    prepare: Path | None = None
    is_uninstall: bool = False
