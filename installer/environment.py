"""The virtual environment that OBS's Python imports from.

Its scripts hold absolute paths, so it cannot be made elsewhere and renamed.  Instead a marker is
written last: an environment without its marker, or with another fingerprint, is not used.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from pathlib import Path

import tomllib

from installer.errors import InstallError
from installer.layout import Layout
from installer.runner import Runner

EXTRA = "demo"
FORM = 1  # raised when an environment of the same dependencies must be made differently


def requirements(pyproject: Path) -> list[str]:
    """The project's dependencies and those of its demo, as pip reads them."""
    try:
        project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
        return [*project["dependencies"], *project["optional-dependencies"][EXTRA]]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as cause:
        raise InstallError(
            f"{pyproject} does not name the dependencies: {cause!r}.", "Get a complete copy of the project."
        ) from cause


def fingerprint(names: list[str], python: Path, version: tuple[int, int]) -> str:
    """Changes whenever an environment made of these would be another one."""
    facts = [FORM, sorted(names), str(python), list(version), platform.machine()]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def is_current(layout: Layout, wanted: str) -> bool:
    """Whether the environment is complete and of the `wanted` fingerprint."""
    try:
        marker = json.loads(layout.environment_marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(marker.get("fingerprint") == wanted) and layout.environment_python.exists()


def make(layout: Layout, runner: Runner, python: Path, names: list[str], wanted: str) -> None:
    """Makes the environment anew; one that works stays aside until its successor is complete."""
    previous = layout.environment.with_name(layout.environment.name + ".previous")
    if layout.environment_marker.exists():
        shutil.rmtree(previous, ignore_errors=True)
        layout.environment.rename(previous)
    else:
        _remove(layout.environment)
    layout.data.mkdir(parents=True, exist_ok=True)
    try:
        runner.run([str(python), "-m", "venv", str(layout.environment)])
        pip = [str(layout.environment_python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        runner.run([*pip, "install", "--prefer-binary", *names])
        _write_marker(layout.environment_marker, wanted, names)
    except BaseException:
        _remove(layout.environment)
        if previous.exists():
            previous.rename(layout.environment)
        raise
    shutil.rmtree(previous, ignore_errors=True)


def _write_marker(marker: Path, wanted: str, names: list[str]) -> None:
    staged = marker.with_name(marker.name + ".part")
    staged.write_text(json.dumps({"fingerprint": wanted, "requirements": names}, indent=1), encoding="utf-8")
    staged.replace(marker)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as cause:
        raise InstallError(
            f"The half-made environment {folder} cannot be removed: {cause.strerror}.",
            "Close programs that use it, delete that folder, and run this again.",
        ) from cause
