"""Fixtures for tests of what is installed: the project's wheel, a data folder as the installer makes it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from installer import target
from installer.layout import (
    DATA_DIR_VARIABLE,
    SCRIPT,
    SITE_PACKAGES_VARIABLE,
    STATUS_DIR_VARIABLE,
    Layout,
)
from installer.sandbox import Sandbox
from rvm_core.desktop.machine import ThisMachine
from tests import graphs
from tests.conftest import PROJECT
from tests.obs.conftest import _why_not

VARIABLES = (DATA_DIR_VARIABLE, SITE_PACKAGES_VARIABLE, STATUS_DIR_VARIABLE, "NUMBA_CACHE_DIR")


@dataclass(frozen=True)
class Installed:
    """An installation that is not at the place where the script would look by itself."""

    layout: Layout
    packages: Path

    @property
    def script(self) -> Path:
        """At its stable place."""
        return self.layout.data / SCRIPT.name

    @property
    def script_in_wheel(self) -> Path:
        """Where pip put it."""
        return self.packages / "rvm_core" / SCRIPT.name


def _run(*words: object, **environ: str) -> None:
    done = subprocess.run(
        [str(word) for word in words],
        env={name: value for name, value in os.environ.items() if name not in VARIABLES} | environ,
        cwd=os.sep,  # not the project: `python -m` would take the package from there
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, as pip makes it."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, PROJECT)
    return next(folder.glob("obs_rvm-*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of the Python that OBS links, the test graphs as models, compiled kernels.

    The dependencies are links to those of the environment that runs the tests.  Nobody may change it.
    """
    reason = _why_not()
    if reason:
        pytest.skip(reason)
    layout = Layout(tmp_path_factory.mktemp("of my choice"))
    python = target.find(ThisMachine()).python
    assert python
    _run(python.program, "-m", "venv", "--without-pip", layout.environment)
    pip = [sys.executable, "-m", "pip", "--python", layout.environment_python]
    _run(*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", wheel)
    packages = next(layout.environment.glob("lib/python*/site-packages"))
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(("obs_rvm", "_obs_rvm", "__")) and not (packages / entry.name).exists():
            (packages / entry.name).symlink_to(entry)
    layout.environment_marker.write_text("{}")
    (layout.data / "installed.json").write_text("{}")
    (layout.data / SCRIPT.name).write_bytes((packages / "rvm_core" / SCRIPT.name).read_bytes())
    graphs.build_all(layout.data)
    _run(layout.environment_python, "-m", "rvm_core", "warm", **{DATA_DIR_VARIABLE: str(layout.data)})
    return Installed(layout, packages)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Sandbox]]:
    """Makes an OBS that knows nothing of ours but the `scripts` that it is given."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", os.defpath)
    made: list[Sandbox] = []

    def make(**arguments: Any) -> Sandbox:
        arguments.setdefault("home", tmp_path / "home")
        made.append(Sandbox(**arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()
