from __future__ import annotations

import sys
from pathlib import Path

import pytest

from installer import facts, layout
from rvm_core import paths


def test_the_python_of_obs_is_read_out_of_its_library(tmp_path: Path) -> None:
    library = tmp_path / "_obspython.so"
    library.write_bytes(b"\x7fELF\0libc.so.6\0libpython3.12.so.1.0\0")
    assert facts.linked_python([tmp_path / "missing.so", library]) == (3, 12)
    library.write_bytes(b"\x7fELF\0libc.so.6\0")
    assert facts.linked_python([library]) is None


def test_only_an_interpreter_of_that_version_will_do() -> None:
    assert facts.find_python(None) is not None
    found = facts.find_python((sys.version_info[0], sys.version_info[1]))
    assert found is not None
    assert facts.version_of(found) == sys.version_info[:2]
    assert facts.find_python((3, 99)) is None


def test_an_interpreter_without_ensurepip_will_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho 3.11 /usr/bin/python3.11\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    assert facts.find_python(None) is None


def test_os_release_and_its_families(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text('# comment\nPRETTY_NAME="Some Mint 21"\nID=linuxmint\nID_LIKE="ubuntu debian"\n')
    read = facts.os_release(release)
    assert read["PRETTY_NAME"] == "Some Mint 21"
    assert facts._is_debian_like(read)
    assert not facts._is_debian_like({"ID": "fedora"})
    assert facts.os_release(tmp_path / "none") == {}


def test_a_screen_is_x_or_wayland() -> None:
    assert facts.has_display({"DISPLAY": ":0"})
    assert facts.has_display({"WAYLAND_DISPLAY": "wayland-0"})
    assert not facts.has_display({"DISPLAY": ""})


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
    assert layout.DATA_DIR_VARIABLE == paths.DATA_DIR_VARIABLE
    assert layout.SITE_PACKAGES_VARIABLE == paths.SITE_PACKAGES_VARIABLE
    assert layout.STATUS_DIR_VARIABLE == paths.STATUS_DIR_VARIABLE
