"""The Pythons of recorded computers, and the one that each OBS gets."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.obs import Kind, Obs, Version
from rvm_core.desktop.pythons import TRIAL, Python, choose_python, find_pythons, why_not
from tests.recorded import RecordedMachine

USER = PureWindowsPath(r"C:\Users\streamer")
PYTHON_ORG = USER / r"AppData\Local\Programs\Python"
STORE = USER / r"AppData\Local\Microsoft\WindowsApps\PythonSoftwareFoundation.Python.3.12_qbz5n2kfra8p0"
FRAMEWORKS = PurePosixPath("/Library/Frameworks")


def windows_obs(version: Version | None = (32, 0, 2), architecture: str = "x86_64") -> Obs:
    program = PureWindowsPath(r"C:\Program Files\obs-studio\bin\64bit\obs64.exe")
    return Obs(Kind.INSTALLED, program, version, architecture, USER / "AppData" / "Roaming" / "obs-studio")


def macos_obs(version: Version | None = (32, 0, 2), architecture: str = "arm64") -> Obs:
    config = PurePosixPath("/Users/streamer/Library/Application Support/obs-studio")
    return Obs(Kind.INSTALLED, PurePosixPath("/Applications/OBS.app"), version, architecture, config)


def linux_obs(linked: tuple[int, int] | None = (3, 11), has_scripting: bool = True) -> Obs:
    config = PurePosixPath("/home/streamer/.config/obs-studio")
    program = PurePosixPath("/usr/bin/obs")
    return Obs(Kind.DISTRIBUTION, program, (29, 0, 2), "x86_64", config, linked, has_scripting)


def homes(machine: RecordedMachine, obs: Obs) -> list[PurePath]:
    """Of all that fit."""
    return [python.home for python in find_pythons(machine) if not why_not(python, obs)]


def reason(machine: RecordedMachine, obs: Obs, home: PurePath, version: tuple[int, int]) -> str:
    """Why this one is not taken."""
    [found] = [one for one in find_pythons(machine) if (one.home, one.version) == (home, version)]
    return why_not(found, obs)


def chosen(machine: RecordedMachine, obs: Obs, configured: PurePath | None = None) -> Python:
    found = choose_python(machine, obs, configured)
    assert found is not None
    return found


def test_the_trial_tells_what_this_python_is() -> None:
    answer = ThisMachine().run(sys.executable, *TRIAL)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert answer is not None
    assert answer.split() == [version, sysconfig.get_platform(), "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it takes a folder, not a program")
def test_the_python_that_runs_this_is_found_when_it_is_named() -> None:
    named = ThisMachine().path(sys.executable)
    [found] = [one for one in find_pythons(ThisMachine(), named) if one.program == named]
    assert found.version == sys.version_info[:2]


def test_windows_pythons_of_every_kind_are_found() -> None:
    found = {python.home: python.origin for python in find_pythons(RecordedMachine("python_windows"))}
    assert found == {
        PYTHON_ORG / "Python311-32": "python.org",
        PYTHON_ORG / "Python312": "python.org",
        PYTHON_ORG / "Python313": "python.org",
        USER / r"AppData\Local\Python\pythoncore-3.14-64": "python.org",
        USER / r"AppData\Roaming\uv\python\cpython-3.11.13-windows-x86_64-none": "uv",
        USER / "miniconda3": "Anaconda",
        PureWindowsPath(r"C:\Program Files\Python310"): "python.org",
        USER / r".pyenv\pyenv-win\versions\3.11.9": "pyenv",
        PureWindowsPath(r"C:\Tools\Python312"): "PATH",
        STORE: "Microsoft Store",
    }


@pytest.mark.parametrize(
    ("version", "home"),
    [
        ((32, 0, 2), PYTHON_ORG / "Python312"),
        ((30, 1), PYTHON_ORG / "Python312"),
        (None, PYTHON_ORG / "Python312"),
        ((30, 0, 2), USER / r"AppData\Roaming\uv\python\cpython-3.11.13-windows-x86_64-none"),
        ((29, 0, 2), PureWindowsPath(r"C:\Program Files\Python310")),
    ],
)
def test_each_obs_of_windows_gets_the_newest_that_it_can_load(
    version: Version | None, home: PurePath
) -> None:
    assert chosen(RecordedMachine("python_windows"), windows_obs(version)).home == home


def test_the_newest_wins_over_the_better_known() -> None:
    machine = RecordedMachine("python_windows", files={str(PYTHON_ORG / "Python312" / "python.exe"): None})
    assert chosen(machine, windows_obs()).home == PureWindowsPath(r"C:\Tools\Python312")


def test_of_two_of_a_version_python_org_s_wins() -> None:
    home = PYTHON_ORG / "Python311"
    machine = RecordedMachine(
        "python_windows",
        registry={r"HKCU\Software\Python\PythonCore\3.11\InstallPath": {"": str(home)}},
        files={str(home / "python.exe"): "", str(home / "python311.dll"): ""},
        pythons={str(home / "python.exe"): "3.11 win-amd64 True"},
    )
    assert chosen(machine, windows_obs((30, 0, 2))).home == home


def test_the_install_manager_s_are_found_though_it_registers_none() -> None:
    key = r"HKCU\Software\Python\PythonCore\3.14\InstallPath"
    machine = RecordedMachine("python_windows", registry={key: None})
    assert USER / r"AppData\Local\Python\pythoncore-3.14-64" in {one.home for one in find_pythons(machine)}


def test_what_the_user_has_set_wins_though_it_is_older() -> None:
    machine = RecordedMachine("python_windows")
    configured = PureWindowsPath("c:/program files/python310/")  # as a dialog may write it
    assert chosen(machine, windows_obs(), configured).home == configured


def test_what_the_user_has_set_is_found_where_nobody_looks() -> None:
    home = PureWindowsPath(r"D:\Python310")
    machine = RecordedMachine(
        "python_windows",
        files={str(home / "python.exe"): "", str(home / "python310.dll"): ""},
        pythons={str(home / "python.exe"): "3.10 win-amd64 True"},
    )
    assert chosen(machine, windows_obs(), home).origin == "OBS's settings"


def test_what_the_user_has_set_loses_where_obs_cannot_load_it() -> None:
    machine = RecordedMachine("python_windows")
    assert chosen(machine, windows_obs(), PYTHON_ORG / "Python313").home == PYTHON_ORG / "Python312"


def test_anaconda_is_the_last_choice() -> None:
    conda, older = USER / "miniconda3", PureWindowsPath(r"C:\Program Files\Python310")
    gone = {
        str(home / "python.exe"): None
        for home in homes(RecordedMachine("python_windows"), windows_obs())
        if home not in (conda, older)
    }
    machine = RecordedMachine("python_windows", files=gone)
    assert chosen(machine, windows_obs()).home == older
    machine = RecordedMachine("python_windows", files={**gone, str(older / "python.exe"): None})
    assert chosen(machine, windows_obs()).home == conda


@pytest.mark.parametrize(
    ("home", "version", "words"),
    [
        (PYTHON_ORG / "Python313", (3, 13), "newer than 3.12, the newest that this OBS can load"),
        (PYTHON_ORG / "Python311-32", (3, 11), "made for 32-bit Windows, this OBS for x64 processors"),
        (STORE, (3, 12), "comes from the Microsoft Store"),
    ],
)
def test_the_reason_is_told_for_each_that_does_not_fit(
    home: PurePath, version: tuple[int, int], words: str
) -> None:
    assert words in reason(RecordedMachine("python_windows"), windows_obs(), home, version)


def test_a_python_without_its_library_is_not_taken() -> None:
    machine = RecordedMachine("python_windows", files={str(PYTHON_ORG / "Python312" / "python312.dll"): None})
    told = reason(machine, windows_obs(), PYTHON_ORG / "Python312", (3, 12))
    assert told == "has no python312.dll in its folder, which OBS loads"


def test_a_python_that_does_not_start_is_not_there() -> None:
    program = str(PYTHON_ORG / "Python312" / "python.exe")
    for answer in (
        None,
        "",
        "Python was not found; run without arguments to install from the Microsoft Store",
    ):
        machine = RecordedMachine("python_windows", pythons={program: answer})
        assert PYTHON_ORG / "Python312" not in {python.home for python in find_pythons(machine)}


def test_on_windows_on_arm_an_obs_for_x64_gets_the_python_for_x64() -> None:
    machine = RecordedMachine("python_windows_arm")
    assert chosen(machine, windows_obs()).home == PYTHON_ORG / "Python312"
    assert choose_python(machine, windows_obs(architecture="arm64"), None) is None
    told = reason(machine, windows_obs(architecture="arm64"), PYTHON_ORG / "Python312-arm64", (3, 12))
    assert "opencv-python-headless does not exist" in told


def test_macos_pythons_of_every_kind_are_found() -> None:
    found = [(python.origin, python.version) for python in find_pythons(RecordedMachine("python_macos"))]
    assert sorted(found) == [
        ("Homebrew", (3, 11)),
        ("Homebrew", (3, 12)),
        ("Homebrew", (3, 13)),
        ("Xcode", (3, 9)),
        ("pyenv", (3, 11)),
        ("pyenv", (3, 12)),
        ("python.org", (3, 9)),
        ("python.org", (3, 12)),
        ("python.org", (3, 13)),
        ("uv", (3, 12)),
    ]


def test_an_obs_of_apple_silicon_gets_the_newest_framework() -> None:
    found = chosen(RecordedMachine("python_macos"), macos_obs())
    program = FRAMEWORKS / "Python.framework/Versions/3.12/bin/python3.12"
    assert (found.home, found.program) == (FRAMEWORKS, program)


def test_an_obs_for_intel_can_have_homebrew_s_for_intel() -> None:
    machine = RecordedMachine("python_macos")
    homebrew = PurePosixPath("/usr/local/opt/python@3.12/Frameworks")
    assert homebrew in homes(machine, macos_obs(architecture="x86_64"))
    told = reason(machine, macos_obs(), homebrew, (3, 12))
    assert told == "is made for x64 processors, this OBS for ARM processors"


def test_obs_before_31_0_2_loads_current_versions_only() -> None:
    machine = RecordedMachine("python_macos")
    pyenv = PurePosixPath("/Users/streamer/.pyenv/versions/3.11.7/Library/Frameworks")
    assert homes(machine, macos_obs((31, 0, 1))) == [pyenv]
    assert "not the current version" in reason(machine, macos_obs((31, 0, 1)), FRAMEWORKS, (3, 12))
    assert FRAMEWORKS in homes(machine, macos_obs((31, 0, 2)))


@pytest.mark.parametrize("rest", ["", "/", "/Python.framework/Versions/3.11"])
def test_a_framework_that_the_user_has_set_is_recognized_as_obs_does(rest: str) -> None:
    home = "/Users/streamer/frameworks"
    version = f"{home}/Python.framework/Versions/3.11"
    machine = RecordedMachine(
        "python_macos",
        files={f"{version}/lib/libpython3.11.dylib": ""},
        pythons={f"{version}/bin/python3.11": "3.11 macosx-11.0-arm64 True"},
    )
    found = chosen(machine, macos_obs(), PurePosixPath(home + rest))
    assert (found.home, found.origin) == (PurePosixPath(home), "OBS's settings")


@pytest.mark.parametrize(("origin", "version"), [("uv", (3, 12)), ("Xcode", (3, 9))])
def test_what_has_no_framework_is_told_and_never_started(origin: str, version: tuple[int, int]) -> None:
    machine = RecordedMachine("python_macos", pythons={})
    [found] = [python for python in find_pythons(machine) if python.origin == origin]
    assert (found.version, found.architecture) == (version, None)
    assert "Python.framework" in why_not(found, macos_obs())


def test_linux_pythons_of_every_kind_are_found_once() -> None:
    home = "/home/streamer"
    found = {str(python.program): python.origin for python in find_pythons(RecordedMachine("python_debian"))}
    assert found == {
        "/usr/bin/python3.11": "the system",
        "/usr/bin/python3.9": "the system",
        "/usr/local/bin/python3.12": "the system",
        "/opt/python/bin/python3.11": "PATH",
        f"{home}/.pyenv/versions/3.10.14/bin/python3.10": "pyenv",
        f"{home}/.local/share/uv/python/cpython-3.13.5-linux-x86_64-gnu/bin/python3.13": "uv",
    }


def test_linux_gets_the_linked_version_from_the_system_first() -> None:
    machine = RecordedMachine("python_debian")
    assert chosen(machine, linux_obs()).program == PurePosixPath("/usr/bin/python3.11")
    without = RecordedMachine("python_debian", files={"/usr/bin/python3.11": None})
    assert chosen(without, linux_obs()).program == PurePosixPath("/opt/python/bin/python3.11")


@pytest.mark.parametrize(
    ("linked", "origin"), [((3, 10), "pyenv"), ((3, 12), "the system"), ((3, 13), "uv"), ((3, 14), None)]
)
def test_linux_gets_the_linked_version_wherever_it_lies(linked: tuple[int, int], origin: str | None) -> None:
    found = choose_python(RecordedMachine("python_debian"), linux_obs(linked), None)
    assert (found and found.origin) == origin


def test_a_python_that_the_installer_was_started_with_is_considered_last() -> None:
    program = PurePosixPath("/srv/python/bin/python3.14")
    machine = RecordedMachine("python_debian", pythons={str(program): "3.14 linux-x86_64 True"})
    assert chosen(machine, linux_obs((3, 14)), program).program == program
    machine = RecordedMachine("python_debian", pythons={str(program): "3.11 linux-x86_64 True"})
    assert chosen(machine, linux_obs(), program).program == PurePosixPath("/usr/bin/python3.11")


def test_a_python_without_venv_is_told_so() -> None:
    told = reason(RecordedMachine("python_debian"), linux_obs((3, 9)), PurePosixPath("/usr"), (3, 9))
    assert told == "cannot make virtual environments: its modules venv and ensurepip are missing"


@pytest.mark.parametrize(
    ("obs", "version", "words"),
    [
        (linux_obs((3, 11)), (3, 12), "is not the 3.11 that this OBS is linked with"),
        (linux_obs((3, 9)), (3, 9), "is older than 3.10, the oldest that the filter runs on"),
        (windows_obs((28, 1, 2)), (3, 12), "is newer than 3.10, the newest that this OBS can load"),
        (windows_obs(), (3, 9), "is older than 3.10, the oldest that the filter runs on"),
        (linux_obs(None, has_scripting=False), (3, 11), "is of no use: this OBS cannot run Python scripts"),
        (windows_obs((27, 2, 4)), (3, 10), "is of no use: this OBS cannot run Python scripts"),
        (linux_obs(), (3, 11), ""),
        (windows_obs(), (3, 12), ""),
    ],
)
def test_the_limits_are_told(obs: Obs, version: tuple[int, int], words: str) -> None:
    python = Python(PurePosixPath("python"), version, "x86_64", PurePosixPath("/"), "somewhere")
    told = why_not(python, obs)
    assert told.startswith(words)
    assert bool(told) == bool(words)


def test_nothing_is_chosen_where_there_is_nothing() -> None:
    assert choose_python(RecordedMachine("graphics_windows"), windows_obs(), None) is None
