from __future__ import annotations

from pathlib import Path

import pytest

from installer import command, facts, layout
from rvm_core import paths
from rvm_core.desktop import shell
from tests.recorded import RecordedMachine


def test_a_screen_is_x_or_wayland() -> None:
    for environ, has_screen in (
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ""}, False),
    ):
        assert facts.has_display(RecordedMachine("nothing", environ=environ)) is has_screen
    assert facts.has_display(RecordedMachine("windows_installed_32"))


def test_free_space_of_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    assert facts.free_bytes(tmp_path / "a" / "b") > 0
    assert not (tmp_path / "a").exists()


def test_only_fully_installed_packages_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = tmp_path / "dpkg-query"
    query.write_text("#!/bin/sh\necho 'one installed'\necho 'two config-files'\nexit 1\n")
    query.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert facts.installed_packages(["one", "two", "three"]) == {"one"}
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert facts.installed_packages(["one"]) == frozenset()


@pytest.mark.parametrize("override", [None, "~/elsewhere", "relative"])
def test_the_data_folder_is_the_one_of_the_package(
    override: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OBS_RVM_DATA_DIR", raising=False)
    if override:
        monkeypatch.setenv("OBS_RVM_DATA_DIR", override)
    made = layout.Layout(layout.default_data_dir())
    assert made.data == paths.data_dir()
    assert made.environment == paths.environment_dir()
    assert made.environment_marker == paths.environment_marker_file()
    assert made.environment_python == paths.environment_python()
    assert made.script == paths.installed_script_file()
    assert made.record == paths.install_record_file()
    assert command.launcher(made) == shell.launcher(paths.data_dir())
