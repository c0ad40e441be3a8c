"""A fresh home, the installer, a real OBS: the saved scene is matted, and nothing is done twice."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from installer.sandbox import Sandbox
from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.processes import running_obs
from tests.install.conftest import BEHIND, BROKEN, FOREIGN, Installed, bare, install, tree
from tests.obs import helpers
from tests.obs.helpers import HEIGHT, LEFT, RIGHT, WIDTH

Make = Callable[..., Sandbox]


def test_every_collection_that_can_be_read_has_the_script_once(installed: Installed) -> None:
    ours = {"path": str(installed.script), "settings": {}}
    saved = json.loads((installed.scenes / "Untitled.json").read_text())
    assert saved["modules"]["scripts-tool"] == [ours]
    second = json.loads((installed.scenes / "Second.json").read_text())
    assert second["modules"] == {"scripts-tool": [FOREIGN, ours], "their-tool": {"on": True}}
    assert (installed.scenes / "Broken.json").read_bytes() == BROKEN


def test_obs_starts_with_the_filter_and_mattes_the_saved_scene(
    sandbox: Make, installed: Installed, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(installed.home, home)
    with sandbox(home=home, width=WIDTH, height=HEIGHT, keeps_collection=True) as obs:

        def mattes() -> bool:
            shot = helpers.read_picture(obs.screenshot("Main", tmp_path / "shot.png", WIDTH, HEIGHT))
            persons = all(helpers.inside(square, shot).min() >= 250 for square in (LEFT, RIGHT))
            corners = shot[:: HEIGHT - 1, :: WIDTH - 1].astype(int)
            return persons and bool(np.abs(corners - BEHIND).max() <= 1)

        helpers.eventually(mattes, "the persons of the saved scene without their room")
        assert obs.pid in running_obs(ThisMachine())
        done = install(home, "--data-dir", installed.layout.data)
        assert done.returncode == 0, done.stdout
        assert "OBS is running" in done.stdout
        assert obs.quit() == 0
    assert not running_obs(ThisMachine())


def test_a_second_time_changes_nothing(installed: Installed) -> None:
    everything = installed.home, installed.layout.data
    before = tree(*everything)
    done = install(installed.home, "--data-dir", installed.layout.data)
    assert done.returncode == 0, done.stdout
    after = tree(*everything)
    log = str(installed.layout.log)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == {log}


def test_its_command_runs_from_anywhere(installed: Installed, tmp_path: Path) -> None:
    command = installed.layout.data / "bin" / "obs-rvm"
    done = subprocess.run(
        [command, "doctor", "--json"],
        env=bare(installed.home),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    findings = json.loads(done.stdout)["findings"]
    assert [one["told"] for one in findings if one["state"] == "problem"] == []
    assert done.returncode == 0
    good = {one["subject"] for one in findings if one["state"] == "good"}
    assert {"OBS", "environment", "packages", "models", "script"} <= good
    assert any(" in a second, " in one["told"] for one in findings if one["subject"] == "matte")
    assert str(installed.home) not in done.stdout
