"""Fixtures for tests in a real, private OBS."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from installer import status
from installer.layout import DATA_DIR_VARIABLE, SCRIPT, SITE_PACKAGES_VARIABLE, STATUS_DIR_VARIABLE
from installer.sandbox import Sandbox
from rvm_core import paths
from rvm_core.desktop.finding import find_obs
from rvm_core.desktop.machine import ThisMachine
from tests.obs.patience import limit_s

Status = dict[str, Any]
STATUS_FOLDER = "status"


def _why_not() -> str:
    """The reason why no OBS can be tested here, or an empty text."""
    missing = [name for name in ("obs", "Xvfb", "openbox", "xdotool") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if importlib.util.find_spec("obsws_python") is None:
        return "the demo extra (obsws-python) is not installed"
    linked = next((obs.linked_python for obs in find_obs(ThisMachine())), None)
    if linked != sys.version_info[:2]:
        return f"OBS links Python {linked}, these packages belong to {sys.version_info[:2]}"
    return ""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes: ``with sandbox(sources=[...]) as obs``; the arguments are those of Sandbox.

    The filter's script is loaded unless `scripts` says otherwise; `home` defaults to a new folder.
    """
    reason = _why_not()
    if reason:
        pytest.skip(reason)
    made: list[Sandbox] = []

    def make(*, env: dict[str, str] | None = None, home: Path | None = None, **arguments: Any) -> Sandbox:
        home = home or tmp_path / f"home-{len(made)}"
        folder = home / STATUS_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        own = {
            DATA_DIR_VARIABLE: str(paths.data_dir()),
            SITE_PACKAGES_VARIABLE: sysconfig.get_paths()["purelib"],
            STATUS_DIR_VARIABLE: str(folder),
        }
        arguments.setdefault("scripts", [(SCRIPT, {})])
        made.append(Sandbox(home, env={**own, **(env or {})}, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def statuses() -> Callable[[Sandbox], list[Status]]:
    """``statuses(obs)``: the status of every filter instance that has reported in that home."""
    return _statuses


def _statuses(obs: Sandbox) -> list[Status]:
    return status.read(obs.home.root / STATUS_FOLDER)


@pytest.fixture
def wait_status() -> Callable[..., Status]:
    """``wait_status(obs, predicate, timeout_s=60)``: the first status that satisfies `predicate`.

    Fails with what the filters and the log said last.
    """

    def wait(obs: Sandbox, predicate: Callable[[Status], bool], timeout_s: float = 60.0) -> Status:
        began = time.monotonic()
        while time.monotonic() < began + limit_s(timeout_s) and obs.is_running:
            for one in _statuses(obs):
                if predicate(one):
                    return one
            time.sleep(0.1)
        lines = "\n".join(obs.log_lines("obs-rvm")[-10:] + obs.log().splitlines()[-10:])
        pytest.fail(f"no status as wanted; the last: {_statuses(obs)}\n{lines}")

    return wait


@pytest.fixture
def write_picture() -> Callable[[Path, Any], Path]:
    """``write_picture(path, pixels)``: a PNG of [height, width, 3 or 4] uint8, red-green-blue(-alpha)."""

    def write(path: Path, pixels: Any) -> Path:
        import cv2

        order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        assert cv2.imwrite(str(path), cv2.cvtColor(pixels, order))
        return path

    return write


@pytest.fixture
def read_picture() -> Callable[[Path], Any]:
    """``read_picture(path)``: [height, width, 4] uint8, red-green-blue-alpha."""

    def read(path: Path) -> Any:
        import cv2

        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert pixels is not None, f"{path} is no picture"
        order = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA
        return cv2.cvtColor(pixels, order)

    return read
