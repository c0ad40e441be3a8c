"""Fixtures for tests of what is installed: one real installation, by the installer, beside a saved scene."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
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
from installer.sandbox import Sandbox, color_source, image_source
from rvm_core.desktop.machine import ThisMachine
from tests import graphs
from tests.conftest import PROJECT
from tests.obs import helpers
from tests.obs.conftest import _why_not
from tests.obs.helpers import HEIGHT, LEFT, RIGHT, SOURCE, WIDTH, matting_filter

VARIABLES = (DATA_DIR_VARIABLE, SITE_PACKAGES_VARIABLE, STATUS_DIR_VARIABLE, "NUMBA_CACHE_DIR")
BEHIND = (0, 102, 204)
BROKEN = b'{"sources": [, "name": "cut off'
FOREIGN = {"path": "/opt/their/clock.lua", "settings": {"source": "Clock"}}

Tree = dict[str, str]


@dataclass(frozen=True)
class Installed:
    """An installation in a data folder of the user's choice.

    home: that of a user who has saved scenes; before: what was in it, and around the data folder.
    """

    layout: Layout
    packages: Path
    home: Path
    before: Tree

    @property
    def script(self) -> Path:
        """At its stable place."""
        return self.layout.script

    @property
    def script_in_wheel(self) -> Path:
        """Where pip put it."""
        return self.packages / "rvm_core" / SCRIPT.name

    @property
    def scenes(self) -> Path:
        """Where OBS keeps the scene collections."""
        return self.home / ".config" / "obs-studio" / "basic" / "scenes"

    def linked(self, data: Path) -> Installed:
        """A copy in `data`, to be broken: the folders are links, but for the environment and our package."""
        data.mkdir()
        environment = self.layout.environment
        for file in self.layout.data.iterdir():
            if file == environment:
                continue
            if file.is_dir():
                (data / file.name).symlink_to(file)
            else:
                shutil.copy(file, data)
        packages = data / self.packages.relative_to(self.layout.data)
        packages.mkdir(parents=True)
        shutil.copy(environment / "pyvenv.cfg", data / "venv")
        shutil.copy(self.layout.environment_marker, data / "venv")
        for entry in self.packages.iterdir():
            if entry.name == "rvm_core":
                shutil.copytree(entry, packages / entry.name)
            else:
                (packages / entry.name).symlink_to(entry)
        return Installed(Layout(data), packages, self.home, self.before)


def tree(*folders: Path) -> Tree:
    """Everything below `folders`: each file's sha256, each link's goal, each folder."""
    found: Tree = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"to {path.readlink()}"
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[str(path)] = "a folder"
    return found


def bare(home: Path) -> dict[str, str]:
    """The environment of the user whose home that is, with the system's own programs.

    Others may write there: pip asks a compiler for its version, for one.
    """
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {**kept, "HOME": str(home), "PATH": os.defpath}


def install(home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run the installer for the user whose home that is, by the system's own Python."""
    python = target.find(ThisMachine()).python
    assert python
    return subprocess.run(
        [str(word) for word in (python.program, PROJECT / "installer" / "install.py", "--yes", *words)],
        env=bare(home),
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The real thing, once; nobody may change it but the last test.  The test graphs are models there too."""
    reason = _why_not()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("installed")
    home, data = folder / "home", folder / "of my choice" / "obs-rvm"
    _save_scenes(home, folder)
    before = tree(folder)
    done = install(home, "--data-dir", data)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Check-up: All is well." in done.stdout
    graphs.build_all(data)
    layout = Layout(data)
    return Installed(layout, next(layout.environment.glob("lib/python*/site-packages")), home, before)


def _save_scenes(home: Path, folder: Path) -> None:
    """A user's collections: one with a matted picture, one with a foreign script, a broken one."""
    image = helpers.write_picture(folder / "picture.png", helpers.picture(LEFT, RIGHT))
    red, green, blue = BEHIND
    back = color_source("back", 0xFF000000 | blue << 16 | green << 8 | red, WIDTH, HEIGHT)
    saved = Sandbox(home, WIDTH, HEIGHT, sources=[back, image_source(SOURCE, image, [matting_filter()])])
    second = json.loads(saved.home.collection.read_text())
    second |= {"name": "Second", "modules": {"scripts-tool": [FOREIGN], "their-tool": {"on": True}}}
    scenes = saved.home.collection.parent
    (scenes / "Second.json").write_text(json.dumps(second))
    (scenes / "Broken.json").write_bytes(BROKEN)


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
