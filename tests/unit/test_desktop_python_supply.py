"""What is recommended where no Python fits."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rvm_core.desktop.obs import Kind, Obs, Version
from rvm_core.desktop.python_supply import how_to_get
from tests.recorded import RecordedMachine

SOMEWHERE = PurePosixPath("/")


def obs(version: Version, architecture: str = "x86_64") -> Obs:
    return Obs(Kind.INSTALLED, SOMEWHERE, version, architecture, SOMEWHERE)


def linked(version: tuple[int, int]) -> Obs:
    return Obs(Kind.DISTRIBUTION, SOMEWHERE, (30, 2, 3), "x86_64", SOMEWHERE, version)


@pytest.mark.parametrize(
    ("version", "python"), [((32, 0, 2), "3.12"), ((30, 0, 2), "3.11"), ((28, 1, 2), "3.10")]
)
def test_winget_brings_the_newest_that_obs_loads_to_this_user(version: Version, python: str) -> None:
    sentence, command = how_to_get(RecordedMachine("python_windows"), obs(version))
    assert python in sentence
    assert command is not None
    assert command[:4] == ("winget", "install", "--id", f"Python.Python.{python}")
    assert " ".join(command[7:11]) == "--scope user --architecture x64"


def test_without_winget_the_page_of_python_org_is_named() -> None:
    machine = RecordedMachine("python_windows", commands={"winget --version": None})
    sentence, command = how_to_get(machine, obs((30, 0, 2)))
    assert "3.11.9" in sentence
    assert "https://www.python.org/downloads/release/python-3119/" in sentence
    assert command is None


def test_an_obs_for_windows_on_arm_is_to_be_replaced() -> None:
    native = Obs(Kind.INSTALLED, SOMEWHERE, (32, 1, 2), "arm64", SOMEWHERE, None, has_scripting=False)
    sentence, command = how_to_get(RecordedMachine("python_windows_arm"), native)
    assert "for x64 processors" in sentence
    assert command is None


def test_homebrew_brings_it_on_a_mac() -> None:
    _, command = how_to_get(RecordedMachine("python_macos"), obs((32, 0, 2), "arm64"))
    assert command == ("/opt/homebrew/bin/brew", "install", "python@3.12")


@pytest.mark.parametrize(
    ("version", "architecture", "release"),
    [
        ((32, 0, 2), "x86_64", "3.12.10"),  # Homebrew here is for Apple silicon
        ((31, 0, 1), "arm64", "3.12.10"),  # this OBS cannot load what Homebrew brings
        ((30, 0, 0), "arm64", "3.11.9"),
    ],
)
def test_where_homebrew_does_not_help_python_org_does(
    version: Version, architecture: str, release: str
) -> None:
    sentence, command = how_to_get(RecordedMachine("python_macos"), obs(version, architecture))
    assert f"Python {release}" in sentence
    assert command is None


def test_uv_brings_it_on_linux_without_an_administrator() -> None:
    _, command = how_to_get(RecordedMachine("python_debian"), linked((3, 11)))
    assert command == ("uv", "python", "install", "3.11")


@pytest.mark.parametrize(
    ("release", "words"),
    [
        ("ID=debian\n", "`sudo apt install python3.11 python3.11-venv`"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "`sudo apt install python3.11 python3.11-venv`"),
        ("ID=fedora\n", "`sudo dnf install python3.11`"),
        ('ID=nobara\nID_LIKE="rhel centos fedora"\n', "`sudo dnf install python3.11`"),
        ("ID=arch\n", "`sudo pacman -S python`"),
        ('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', "`sudo zypper install python311`"),
        ("ID=gentoo\n", "modules venv and ensurepip"),
        (None, "modules venv and ensurepip"),
    ],
)
def test_the_package_manager_is_named_where_there_is_no_uv(release: str | None, words: str) -> None:
    changed = {"commands": {"uv --version": None}, "files": {"/etc/os-release": release}}
    sentence, command = how_to_get(RecordedMachine("python_debian", **changed), linked((3, 11)))
    assert words in sentence
    assert command is None


@pytest.mark.parametrize(
    "useless",
    [
        Obs(Kind.LOCAL, SOMEWHERE, (30, 0), "x86_64", SOMEWHERE, None, has_scripting=False),
        linked((3, 9)),
        obs((27, 2, 4)),
    ],
)
def test_an_obs_that_cannot_run_the_filter_is_to_be_replaced(useless: Obs) -> None:
    sentence, command = how_to_get(RecordedMachine("python_debian"), useless)
    assert "OBS Studio 28" in sentence
    assert command is None
