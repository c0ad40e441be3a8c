from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest

from installer import command, target
from installer.errors import InstallError
from installer.layout import DATA_DIR_VARIABLE, Layout
from installer.record import Record
from installer.steps.project import MakeCommand
from installer.steps.removal import RemoveFiles
from installer.target import Target
from rvm_core import __version__
from rvm_core.desktop.shell import obs_rvm, typed
from rvm_core.errors import ModelMissing
from rvm_core.models import ensure
from tests.recorded import RecordedMachine
from tests.unit.installers import workshop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A data folder whose name a shell could stumble over, and a Python that has the package."""
    layout = Layout(tmp_path / "the user's $data")
    layout.environment_python.parent.mkdir(parents=True)
    layout.environment_python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    layout.environment_python.chmod(0o755)
    return layout


def run(program: Path, *arguments: str, folder: Path, **variables: str) -> str:
    """From another folder, as a user would; without this project's variables."""
    bare = {key: value for key, value in os.environ.items() if key not in (DATA_DIR_VARIABLE, "PYTHONPATH")}
    done = subprocess.run(
        [str(program), *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**bare, **variables},
    )
    return done.stdout


def test_it_runs_from_anywhere_with_its_own_data_folder(layout: Layout, tmp_path: Path) -> None:
    program = command.make(layout, Target())
    assert run(program, "--version", folder=tmp_path).strip() == f"obs-rvm {__version__}"
    assert str(layout.data / "models") in run(program, "models", "list", "--json", folder=tmp_path)
    other = {DATA_DIR_VARIABLE: str(tmp_path / "other")}
    assert str(tmp_path / "other") in run(program, "models", "list", "--json", folder=tmp_path, **other)


def test_from_a_checkout_it_runs_what_is_installed(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "rvm_core").mkdir()
    (tmp_path / "rvm_core" / "__main__.py").write_text("print('another one')")
    assert "obs-rvm" in run(command.make(layout, Target()), "--version", folder=tmp_path)


def test_for_a_flatpak_it_runs_inside(layout: Layout) -> None:
    text = command.make(layout, target.find(RecordedMachine("flatpak_user"))).read_text()
    assert "exec flatpak run" in text
    assert "--env=OBS_RVM_DATA_DIR=" in text


@pytest.fixture
def usual(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """That data folder, as the usual one of this user."""
    monkeypatch.delenv(DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(command, "default_data_dir", lambda: layout.data)
    return layout


def test_it_is_linked_where_shells_look(
    usual: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    program = command.make(usual, Target())
    for _ in range(2):
        place = command.link_place(usual, folder)
        assert place == folder / "obs-rvm"
        command.link(usual, place)
    assert (folder / "obs-rvm").resolve() == program.resolve()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert obs_rvm(usual.data) == "obs-rvm"
    (folder / "obs-rvm").unlink()
    told = obs_rvm(usual.data)
    assert subprocess.run(f"printf %s {told}", shell=True, capture_output=True, text=True).stdout == str(
        program
    )


def test_a_data_folder_of_ones_choice_is_linked_nowhere(layout: Layout, tmp_path: Path) -> None:
    assert command.link_place(layout, tmp_path) is None


def test_another_program_of_that_name_stays(usual: Layout, tmp_path: Path) -> None:
    command.make(usual, Target())
    (tmp_path / "obs-rvm").write_text("another")
    assert command.link_place(usual, tmp_path) is None


def test_a_link_to_another_program_is_not_ours(usual: Layout, tmp_path: Path) -> None:
    place = tmp_path / "obs-rvm"
    place.symlink_to(tmp_path / "another")
    assert not command.leads_here(usual, place)
    assert command.link_place(usual, tmp_path) is None


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "bin").write_text("")
    with pytest.raises(InstallError, match="cannot be written"):
        MakeCommand().run(workshop(tmp_path))


def test_a_link_that_was_put_in_place_of_ours_stays(usual: Layout, tmp_path: Path) -> None:
    theirs = tmp_path / "obs-rvm"
    theirs.symlink_to(sys.executable)
    RemoveFiles().run(workshop(usual.data, record=Record(made=[str(theirs)])))
    assert theirs.is_symlink()


def test_on_windows_a_percent_sign_in_a_path_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    text = command.make(Layout(tmp_path / "100%"), Target()).read_text()
    assert f'set "OBS_RVM_DATA_DIR={tmp_path}/100%%"' in text
    assert f'"{tmp_path}/100%%/venv/Scripts/python.exe" "-I"' in text


def test_on_windows_a_path_is_quoted_where_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert typed(PureWindowsPath(r"C:\Users\Jörg\obs-rvm.cmd")) == r"C:\Users\Jörg\obs-rvm.cmd"
    assert typed(PureWindowsPath(r"C:\Users\A B\obs-rvm.cmd")) == r'"C:\Users\A B\obs-rvm.cmd"'


def test_what_to_do_says_how_the_command_is_reached(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(layout.data))
    with pytest.raises(ModelMissing) as missing:
        ensure("rvm_mobilenetv3", download=False)
    assert missing.value.remedy == "Run: obs-rvm models get rvm_mobilenetv3"
    program = command.make(layout, Target())
    with pytest.raises(ModelMissing) as missing:
        ensure("rvm_mobilenetv3", download=False)
    assert missing.value.remedy == f"Run: {typed(program)} models get rvm_mobilenetv3"
