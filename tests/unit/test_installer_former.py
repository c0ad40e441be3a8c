"""An installation of the version that kept no record and ran the script from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from installer import command
from installer.layout import Layout
from installer.record import Record
from installer.steps import Workshop
from installer.steps.environment import MakeEnvironment
from installer.steps.obs import AddToObs
from installer.steps.project import MakeCommand, PlaceScript
from installer.steps.removal import RemoveFiles, TakeOutOfObs, sweep
from installer.target import Target
from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.obs import Kind, Obs
from rvm_core.desktop.pythons import Python
from tests.unit.installers import workshop
from tests.unit.test_installer_steps import FakePip

CHECKOUT = "/home/streamer/obs-rvm/obs_rvm_filter.py"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with such an installation in it, and nothing else but OBS's files."""
    for name in ("OBS_RVM_DATA_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    for step in ("environment", "obs", "removal"):
        monkeypatch.setattr(f"installer.steps.{step}.running_obs", lambda _: ())
    data = Path(tmp_path, ".local", "share", "obs-rvm")
    texts = {
        ".config/obs-studio/basic/scenes/One.json": json.dumps(
            {"sources": [], "modules": {"scripts-tool": [{"path": CHECKOUT, "settings": {"map": 1}}]}}
        ),
        ".local/share/obs-rvm/venv/obs-rvm-complete.json": '{"fingerprint": "older", "requirements": []}',
        ".local/share/obs-rvm/venv/bin/python": "older",
        ".local/share/obs-rvm/bin/obs-rvm": "PYTHONPATH=/home/streamer/obs-rvm exec python -m rvm_core",
        ".local/share/obs-rvm/models/rvm.onnx": "weights",
        ".local/share/obs-rvm/providers.json": "{}",
        ".local/share/obs-rvm/install.log": "older",
    }
    for name, text in texts.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    link = tmp_path / ".local" / "bin" / "obs-rvm"
    link.parent.mkdir()
    link.symlink_to(data / "bin" / "obs-rvm")
    return tmp_path


def shop(home: Path, monkeypatch: pytest.MonkeyPatch, **other: Any) -> Workshop:
    obs = Obs(
        Kind.DISTRIBUTION, Path("/usr/bin/obs"), (29, 0, 2), "x86_64", home / ".config/obs-studio", (3, 11)
    )
    python = Python(Path("/usr/bin/python3.11"), (3, 11), "x86_64", Path("/usr"), "the system")
    data = home / ".local/share/obs-rvm"
    made = workshop(data, FakePip(data), machine=ThisMachine(), **other)
    monkeypatch.setattr(made, "_target", Target(obs, (), python))
    return made


def leave(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(home / ".local/share/obs-rvm")
    leaving = shop(home, monkeypatch, record=Record.load(layout))
    TakeOutOfObs().run(leaving)
    RemoveFiles().run(leaving)
    sweep(layout, leaving.record)


def left(home: Path) -> list[str]:
    return [str(file.relative_to(home)) for file in home.rglob("*") if not file.is_dir()]


def import_as_obs_does(script: Path) -> None:
    """Which leaves its bytecode beside it."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    script.write_text("")  # without what only OBS has
    command = [sys.executable, "-c", f"import {script.stem}"]
    subprocess.run(command, check=True, cwd=script.parent, env=environ)
    assert (script.parent / "__pycache__").is_dir()


SCENES = ".config/obs-studio/basic/scenes/One.json"


def test_it_is_taken_over_and_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (home / SCENES).read_bytes()
    new = shop(home, monkeypatch)
    assert MakeEnvironment().run(new).startswith("renewed")
    for step in (PlaceScript(), MakeCommand(), AddToObs()):
        step.run(new)
    import_as_obs_does(new.layout.script)
    assert "PYTHONPATH" not in command.launcher(new.layout).read_text()
    (entry,) = json.loads((home / SCENES).read_text())["modules"]["scripts-tool"]
    assert entry == {"path": str(new.layout.script), "settings": {"map": 1}}
    leave(home, monkeypatch)
    assert left(home) == [SCENES]
    assert (home / SCENES).read_bytes() == before


def test_it_goes_without_being_taken_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (home / SCENES).read_bytes()
    leave(home, monkeypatch)
    assert left(home) == [SCENES]
    assert not (home / ".local/share/obs-rvm").exists()
    assert (home / SCENES).read_bytes() == before
