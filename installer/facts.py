"""What this computer is and has.  Looking changes nothing."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LIBRARY_FOLDERS = ("/usr/lib/*", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib/*")
SCRIPTING_FILES = ("obs-scripting/_obspython.so", "libobs-scripting.so*")
PYTHON_TRIAL = (
    "import sys, venv, ensurepip; sys.stdout.write('%d.%d %s' % (*sys.version_info[:2], sys.executable))"
)
TRIAL_TIMEOUT_S = 30
SCREEN_PROGRAMS = {"Xvfb": "xvfb", "openbox": "openbox", "xdotool": "xdotool"}
"""What a virtual screen takes, and the Debian package of each."""


@dataclass(frozen=True)
class Facts:
    """One look at the computer.

    `obs_python` is the version (3, minor) of the libpython that OBS links, `python` an interpreter of
    that version which can make virtual environments; `packages` are the installed ones of those that
    the plan may ask for.
    """

    system: str
    distribution: str
    is_debian_like: bool
    is_root: bool
    is_interactive: bool
    has_display: bool
    free_bytes: int
    obs: Path | None
    has_obs_plugins: bool
    obs_python: tuple[int, int] | None
    python: Path | None
    programs: frozenset[str]
    packages: frozenset[str]

    @classmethod
    def gather(cls, data_dir: Path) -> Facts:
        """Looks at this computer now."""
        release = os_release(Path("/etc/os-release"))
        obs = shutil.which("obs")
        obs_python = linked_python(scripting_libraries())
        return cls(
            system=platform.system(),
            distribution=release.get("PRETTY_NAME") or platform.system(),
            is_debian_like=_is_debian_like(release) and shutil.which("apt-get") is not None,
            is_root=hasattr(os, "geteuid") and os.geteuid() == 0,
            is_interactive=sys.stdin is not None and sys.stdin.isatty(),
            has_display=has_display(os.environ),
            free_bytes=free_bytes(data_dir),
            obs=Path(obs) if obs else None,
            has_obs_plugins=any(_library_files(("obs-plugins/obs-ffmpeg.so",))),
            obs_python=obs_python,
            python=find_python(obs_python),
            programs=frozenset(name for name in SCREEN_PROGRAMS if shutil.which(name)),
            packages=installed_packages(("libgl1-mesa-dri",)),
        )


def has_display(environment: os._Environ[str] | dict[str, str]) -> bool:
    """Whether a window can be shown to somebody."""
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def os_release(path: Path) -> dict[str, str]:
    """The keys of an os-release file; empty where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return {}
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def _is_debian_like(release: dict[str, str]) -> bool:
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    return bool(family & {"debian", "ubuntu"})


def free_bytes(folder: Path) -> int:
    """Free space where `folder` is or would be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _library_files(names: Iterable[str]) -> list[Path]:
    root = Path("/")
    return [
        file
        for folder in LIBRARY_FOLDERS
        for name in names
        for file in sorted(root.glob(f"{folder.lstrip('/')}/{name}"))
    ]


def scripting_libraries() -> list[Path]:
    """The libraries of OBS that link Python."""
    return _library_files(SCRIPTING_FILES)


def linked_python(libraries: Iterable[Path]) -> tuple[int, int] | None:
    """(3, minor) of the first libpython that one of `libraries` names, None when none does."""
    for library in libraries:
        try:
            found = re.search(rb"libpython3\.(\d+)\w*\.so", library.read_bytes())
        except OSError:
            continue
        if found:
            return 3, int(found[1])
    return None


def find_python(version: tuple[int, int] | None) -> Path | None:
    """An interpreter of `version` (None: the running one) that can make virtual environments.

    The distribution's own comes first: it is the build that OBS links.
    """
    if version is None:
        candidates = [sys.executable]
    else:
        name = f"python{version[0]}.{version[1]}"
        candidates = [f"/usr/bin/{name}", shutil.which(name) or "", sys.executable]
    for candidate in filter(None, candidates):
        tried = _try_python(candidate)
        if tried and version in (None, tried[0]):
            return tried[1]
    return None


def version_of(python: Path) -> tuple[int, int]:
    """(major, minor) of an interpreter that `find_python` gave."""
    tried = _try_python(str(python))
    return tried[0] if tried else sys.version_info[:2]


def _try_python(candidate: str) -> tuple[tuple[int, int], Path] | None:
    try:
        answer = subprocess.run(
            [candidate, "-I", "-c", PYTHON_TRIAL], capture_output=True, text=True, timeout=TRIAL_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"(\d+)\.(\d+) (.+)", answer.stdout.strip())
    if answer.returncode != 0 or not found:
        return None
    return (int(found[1]), int(found[2])), Path(found[3])


def installed_packages(names: Iterable[str]) -> frozenset[str]:
    """Those of `names` that dpkg has fully installed."""
    try:
        answer = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
            capture_output=True,
            text=True,
            timeout=TRIAL_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    lines = (line.split() for line in answer.stdout.splitlines())
    return frozenset(line[0] for line in lines if line[1:] == ["installed"])
