"""A computer as the finders see it: files, variables, the Windows registry, short harmless commands."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any, Protocol

from rvm_core.child_processes import captured

COMMAND_TIMEOUT_S = 30


class Machine(Protocol):
    """Looking changes nothing, and never raises: what cannot be read is not there."""

    @property
    def system(self) -> str:
        """``Linux``, ``Darwin`` or ``Windows``."""

    @property
    def architecture(self) -> str:
        """As `platform.machine` names it: ``x86_64``, ``AMD64``, ``arm64``, ..."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of the environment."""

    @property
    def home(self) -> PurePath:
        """The user's folder."""

    def path(self, text: str | PurePath) -> PurePath:
        """`text` as a path of this system."""

    def read(self, path: PurePath) -> bytes | None:
        """A file's content."""

    def is_file(self, path: PurePath) -> bool:
        """Whether `path` is a file that can be seen."""

    def is_dir(self, path: PurePath) -> bool:
        """Whether `path` is a folder that can be seen."""

    def listed(self, folder: PurePath) -> tuple[PurePath, ...]:
        """What lies in `folder`, sorted; empty where it is none."""

    def registry(self, key: str, name: str = "") -> str | None:
        """A value of the Windows registry as text.

        key: with its hive's short name: ``HKLM\\SOFTWARE\\OBS Studio``.  name: "" for its own
        value.  The 64-bit view comes first, then the 32-bit one.
        """

    def registry_keys(self, key: str) -> tuple[str, ...]:
        """The names of the keys in `key`, of both views, sorted."""

    def run(self, *command: str) -> str | None:
        """What a short command prints; None where it is missing, fails or hangs."""


class ThisMachine:
    """The computer that this runs on."""

    system = platform.system()
    architecture = platform.machine()
    environ: Mapping[str, str] = os.environ

    @property
    def home(self) -> Path:
        """The user's folder."""
        return Path.home()

    def path(self, text: str | PurePath) -> Path:
        """`text` as a path."""
        return Path(text)

    def read(self, path: PurePath) -> bytes | None:
        """A file's content, or None."""
        try:
            return Path(path).read_bytes()
        except OSError:
            return None

    def is_file(self, path: PurePath) -> bool:
        """Whether `path` is a file that can be seen."""
        try:
            return Path(path).is_file()
        except OSError:
            return False

    def is_dir(self, path: PurePath) -> bool:
        """Whether `path` is a folder that can be seen."""
        try:
            return Path(path).is_dir()
        except OSError:
            return False

    def listed(self, folder: PurePath) -> tuple[Path, ...]:
        """What lies in `folder`, sorted."""
        try:
            return tuple(sorted(Path(folder).iterdir()))
        except OSError:
            return ()

    def registry(self, key: str, name: str = "") -> str | None:
        """A value of the Windows registry, or None."""
        if sys.platform == "win32":
            import winreg

            for opened in _opened(key):
                with opened, suppress(OSError):
                    return str(winreg.QueryValueEx(opened, name)[0])
        return None

    def registry_keys(self, key: str) -> tuple[str, ...]:
        """The names of the keys in `key`, sorted."""
        names: set[str] = set()
        if sys.platform == "win32":
            import winreg

            for opened in _opened(key):
                with opened:
                    names.update(winreg.EnumKey(opened, at) for at in range(winreg.QueryInfoKey(opened)[0]))
        return tuple(sorted(names))

    def run(self, *command: str) -> str | None:
        """What `command` prints, or None."""
        try:
            answer = captured(command, limit_s=COMMAND_TIMEOUT_S)
        except OSError:
            return None
        return answer.out if answer.code == 0 else None


def _opened(key: str) -> Iterator[Any]:
    """The key in both views, as far as it can be opened."""
    if sys.platform != "win32":
        return
    import winreg

    hives = {"HKLM": winreg.HKEY_LOCAL_MACHINE, "HKCU": winreg.HKEY_CURRENT_USER}
    hive, _, inner = key.partition("\\")
    for view in (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY):
        try:
            yield winreg.OpenKey(hives[hive], inner, 0, winreg.KEY_READ | view)
        except OSError:
            continue
