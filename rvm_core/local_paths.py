"""Which paths name a file on this computer: the check of paths that come from other people's files.

Merely asking Windows whether ``\\\\host\\share\\x.png`` exists sends the user's login to that host.  So the
text alone decides first, and only what passes is looked up.  Standard library only.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_UNWRITABLE = re.compile("[\\x00-\\x1f\\x7f\\ud800-\\udfff]")
LONGEST_FILE_NAME = 200
"""Bytes: file systems take 255, and what belongs to a file adds an ending to its name."""
_NOT_IN_WINDOWS_NAMES = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CLOCK\$|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])", re.IGNORECASE)
_NOT_FILES = ("/dev", "/proc", "/sys", "/net", "/network", "/afs")
"""Folders of devices and of the kernel, and automounters, where a look connects to another computer."""


def names_local_file(path: str, *, windows: bool = os.name == "nt") -> bool:
    """Whether `path` can only mean a file on this computer; nothing is opened or looked up.

    It must be absolute.  Network shares, addresses (``http:``, ``file:``, ``rtsp:``), devices and kernel
    files are refused by the rules of Windows and of POSIX, whichever system this is.  A drive letter passes,
    even one that the user has given to a share.  windows: which system's absolute paths are meant.
    """
    if _UNWRITABLE.search(path) or re.match(r"[\\/]{2}", path):
        return False
    if any(_is_device(name) for name in re.split(r"[\\/]", path)):
        return False
    if windows:
        return bool(_DRIVE.match(path)) and not _NOT_IN_WINDOWS_NAMES.search(path, 2)
    whole = posixpath.normpath(path).casefold()
    return path.startswith("/") and not any(whole == one or whole.startswith(f"{one}/") for one in _NOT_FILES)


def is_file_name(name: str) -> bool:
    """Whether `name` is that of a file inside any folder, on every system: no path, device or stream."""
    return (
        name.strip(". ") != ""
        and not name.endswith((".", " "))
        and not re.search(r"[\\/]", name)
        and not _NOT_IN_WINDOWS_NAMES.search(name)
        and not _UNWRITABLE.search(name)
        and not _is_device(name)
        and len(name.encode()) <= LONGEST_FILE_NAME
    )


def is_local_file(path: str) -> bool:
    """Whether `path` is a regular file on this computer.  Never raises; touches no disk for any other path.

    Links are followed: one that leads to a device is none.  On Windows the end of a link is not judged by
    its name, since that of a drive letter may be a share, which the user has connected.
    """
    if not names_local_file(path):
        return False
    try:
        return Path(path).is_file() and (os.name == "nt" or names_local_file(os.path.realpath(path)))
    except (OSError, ValueError):
        return False


def _is_device(name: str) -> bool:
    """Whether Windows takes `name`, in whatever folder, for a device."""
    return bool(_DEVICE.fullmatch(re.split("[.:]", name, maxsplit=1)[0].rstrip(" ")))
