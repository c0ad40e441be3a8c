from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from installer import command
from installer.errors import InstallError
from installer.layout import DATA_DIR_VARIABLE, Layout
from installer.steps import MakeCommand, Workshop
from rvm_core import __version__
from tests.unit.test_installer_steps import FakeRunner

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A data folder whose name a shell could stumble over, and its environment's Python."""
    layout = Layout(tmp_path / "the user's $data")
    layout.environment_python.parent.mkdir(parents=True)
    layout.environment_python.symlink_to(sys.executable)
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
    program = command.make(layout)
    assert run(program, "--version", folder=tmp_path).strip() == f"obs-rvm {__version__}"
    assert str(layout.data / "models") in run(program, "models", "list", "--json", folder=tmp_path)
    other = {DATA_DIR_VARIABLE: str(tmp_path / "other")}
    assert str(tmp_path / "other") in run(program, "models", "list", "--json", folder=tmp_path, **other)


def test_it_is_linked_where_shells_look(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    program = command.make(layout)
    assert command.link(layout, folder) is None, "not the usual data folder"
    monkeypatch.delenv(DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(command, "default_data_dir", lambda: layout.data)
    for _ in range(2):
        assert command.link(layout, folder) == folder / "obs-rvm"
    assert (folder / "obs-rvm").resolve() == program.resolve()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert command.name_for_shell(layout) == "obs-rvm"
    (folder / "obs-rvm").unlink()
    assert command.name_for_shell(layout) == str(program)


def test_another_program_of_that_name_stays(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(command, "default_data_dir", lambda: layout.data)
    command.make(layout)
    (tmp_path / "obs-rvm").write_text("another")
    assert command.link(layout, tmp_path) is None
    assert (tmp_path / "obs-rvm").read_text() == "another"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "bin").write_text("")
    with pytest.raises(InstallError, match="cannot be written"):
        MakeCommand().run(Workshop(Layout(tmp_path), FakeRunner()))
