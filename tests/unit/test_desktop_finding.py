from __future__ import annotations

import json
import plistlib
from dataclasses import replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from rvm_core.desktop.finding import find_obs
from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.obs import Kind, Obs, is_too_old, python_limits, version_in
from tests.recorded import MACHINES, RecordedMachine

ROAMING = PureWindowsPath(r"C:\Users\streamer\AppData\Roaming\obs-studio")
INSTALLED = r"C:\Program Files\obs-studio"
DOWNLOADED = r"C:\Users\streamer\Downloads\OBS-Studio-30.2.3-Windows"
UNINSTALL = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\OBS Studio"
CONFIG = "/home/streamer/.config/obs-studio"
NO_RESOURCES = "MZ" + "\0" * 58 + "@\0\0\0PE\0\0d\udc86"


def found(name: str, **changed: Any) -> tuple[Obs, ...]:
    return find_obs(RecordedMachine(name, **changed))


def only(name: str, **changed: Any) -> Obs:
    (obs,) = found(name, **changed)
    return obs


@pytest.mark.parametrize(
    ("name", "kind", "version", "architecture", "linked"),
    [
        ("windows_installed_32", Kind.INSTALLED, (32, 0, 2), "x86_64", None),
        ("windows_installed_28", Kind.INSTALLED, (28, 1, 2), "x86_64", None),
        ("windows_portable", Kind.PORTABLE, (30, 2, 3), "x86_64", None),
        ("windows_steam", Kind.STEAM, (31, 0, 3), "x86_64", None),
        ("windows_arm64", Kind.INSTALLED, (32, 1, 2), "arm64", None),
        ("macos_arm64_installed", Kind.INSTALLED, (32, 0, 2), "arm64", None),
        ("macos_intel_homebrew", Kind.HOMEBREW, (30, 2, 3), "x86_64", None),
        ("macos_steam", Kind.STEAM, (31, 1, 1), "arm64", None),
        ("debian12_distribution", Kind.DISTRIBUTION, (29, 0, 2), "x86_64", (3, 11)),
        ("ubuntu_ppa", Kind.DISTRIBUTION, (30, 2, 3), "x86_64", (3, 12)),
        ("arch", Kind.DISTRIBUTION, (32, 0, 2), "x86_64", (3, 13)),
        ("fedora", Kind.DISTRIBUTION, (31, 1, 2), "x86_64", (3, 13)),
    ],
)
def test_every_recorded_obs_is_found_once(
    name: str, kind: Kind, version: tuple[int, ...], architecture: str, linked: tuple[int, int] | None
) -> None:
    obs = only(name)
    assert (obs.kind, obs.version, obs.architecture, obs.linked_python) == (
        kind,
        version,
        architecture,
        linked,
    )
    assert not is_too_old(obs)


def test_a_computer_without_obs_has_none() -> None:
    assert found("nothing") == ()
    assert found("nothing", system="FreeBSD") == ()


def test_this_computer_can_be_looked_at() -> None:
    assert isinstance(find_obs(ThisMachine()), tuple)


# Windows


def test_the_installers_folder_may_be_anywhere() -> None:
    moved = {
        INSTALLED + r"\bin\64bit\obs64.exe": None,
        r"E:\Streaming\OBS\bin\64bit\obs64.exe": NO_RESOURCES,
    }
    program = PureWindowsPath(r"E:\Streaming\OBS\bin\64bit\obs64.exe")
    key = {r"HKLM\SOFTWARE\OBS Studio": {"": r"E:\Streaming\OBS"}}
    assert only("windows_installed_32", files=moved, registry=key).program == program
    icon = {r"HKLM\SOFTWARE\OBS Studio": None, UNINSTALL: {"DisplayIcon": f'"{program}"'}}
    assert only("windows_installed_32", files=moved, registry=icon).program == program


def test_without_a_registry_the_usual_folder_is_looked_at() -> None:
    no_keys = {r"HKLM\SOFTWARE\OBS Studio": None, UNINSTALL: None}
    assert only("windows_installed_32", registry=no_keys).config == ROAMING


def test_a_registry_that_outlived_its_obs_finds_nothing() -> None:
    assert found("windows_installed_32", files={INSTALLED + r"\bin\64bit\obs64.exe": None}) == ()


def test_what_the_program_says_goes_before_the_registry_and_that_before_the_configuration() -> None:
    told = {UNINSTALL: {"DisplayVersion": "31.1.0-rc1"}}
    bare = {INSTALLED + r"\bin\64bit\obs64.exe": NO_RESOURCES}
    assert only("windows_installed_32", registry=told).version == (32, 0, 2)
    assert only("windows_installed_32", registry=told, files=bare).version == (31, 1, 0)
    last = {str(ROAMING / "global.ini"): "[General]\nLastVersion=503316483\n"}
    assert only("windows_installed_32", registry={UNINSTALL: None}, files={**bare, **last}).version == (
        30,
        0,
        3,
    )
    none = {str(ROAMING / "global.ini"): None}
    assert only("windows_installed_32", registry={UNINSTALL: None}, files={**bare, **none}).version is None


def test_a_portable_obs_keeps_its_configuration_beside_it() -> None:
    assert only("windows_portable").config == PureWindowsPath(DOWNLOADED) / "config" / "obs-studio"


@pytest.mark.parametrize(
    "mark", ["portable_mode", "obs_portable_mode", "portable_mode.txt", "obs_portable_mode.txt"]
)
def test_each_mark_makes_an_installed_obs_portable(mark: str) -> None:
    obs = only("windows_installed_32", files={rf"{INSTALLED}\{mark}": ""})
    assert (obs.kind, obs.config) == (Kind.INSTALLED, PureWindowsPath(INSTALLED) / "config" / "obs-studio")


def test_an_unpacked_obs_without_mark_is_portable_once_it_was_started_so() -> None:
    unmarked = {DOWNLOADED + r"\portable_mode.txt": None}
    assert only("windows_portable", files=unmarked).config.is_relative_to(DOWNLOADED)
    config = rf"{DOWNLOADED}\config\obs-studio"
    inside = (r"global.ini", r"basic\scenes\Untitled.json", r"logs\2024-10-09 21-00-12.txt")
    started_plainly = {rf"{config}\{path}": None for path in inside}
    assert only("windows_portable", files={**unmarked, **started_plainly}).config == ROAMING


def test_an_installed_obs_without_mark_is_not_portable_by_a_folder_that_was_left() -> None:
    left = {INSTALLED + r"\config\obs-studio\global.ini": ""}
    assert only("windows_installed_32", files=left).config == ROAMING


@pytest.mark.parametrize(
    "folder", [r"D:\obs-studio", r"C:\Users\streamer\OneDrive\Desktop\OBS", r"C:\Users\streamer\obs"]
)
def test_a_zip_is_found_where_people_unpack_it(folder: str) -> None:
    obs = only(
        "nothing",
        system="Windows",
        home=r"C:\Users\streamer",
        environ={"OneDrive": r"C:\Users\streamer\OneDrive"},
        files={rf"{folder}\bin\64bit\obs64.exe": NO_RESOURCES},
    )
    assert (obs.kind, obs.config) == (Kind.PORTABLE, ROAMING)


def test_the_key_that_steam_writes_too_makes_no_second_obs() -> None:
    assert only("windows_steam").program == PureWindowsPath(
        r"D:\SteamLibrary\steamapps\common\OBS Studio\bin\64bit\obs64.exe"
    )


def test_a_library_of_steam_may_lie_on_another_computer() -> None:
    files = {
        r"C:\Program Files (x86)\Steam\steamapps\libraryfolders.vdf": '"path" "\\\\\\\\nas\\\\games\\\\lib"',
        r"\\nas\games\lib\steamapps\appmanifest_1905180.acf": '"installdir" "OBS"',
        r"\\nas\games\lib\steamapps\common\OBS\bin\64bit\obs64.exe": NO_RESOURCES,
    }
    assert any(str(obs.program).startswith(r"\\nas") for obs in found("windows_steam", files=files))


def test_steam_is_found_where_its_user_last_started_it() -> None:
    assert only("windows_steam", registry={r"HKLM\SOFTWARE\Valve\Steam": None}).kind is Kind.STEAM


def test_obs_for_windows_on_arm_runs_no_scripts() -> None:
    obs = only("windows_arm64")
    assert not obs.has_scripting
    assert python_limits(obs) is None


# macOS


def test_an_app_of_one_user_alone_is_found() -> None:
    system, own = "/Applications/OBS.app", "/Users/streamer/Applications/OBS.app"
    files = RecordedMachine("macos_arm64_installed")
    moved: dict[str, str | None] = {}
    for inner in ("Contents/Info.plist", "Contents/MacOS/OBS"):
        content = files.read(PurePosixPath(system) / inner)
        assert content is not None
        moved[f"{own}/{inner}"] = content.decode("utf-8", "surrogateescape")
        moved[f"{system}/{inner}"] = None
    assert only("macos_arm64_installed", files=moved).program == PurePosixPath(own) / "Contents/MacOS/OBS"


def test_a_binary_list_of_properties_is_read_too() -> None:
    binary = plistlib.dumps({"CFBundleShortVersionString": "31.0.4"}, fmt=plistlib.FMT_BINARY)
    info = {"/Applications/OBS.app/Contents/Info.plist": binary.decode("utf-8", "surrogateescape")}
    assert only("macos_arm64_installed", files=info).version == (31, 0, 4)


@pytest.mark.parametrize("broken", [None, "", "<plist><dict><key>", "<plist version='1.0'><array/></plist>"])
def test_without_a_readable_list_of_properties_the_configuration_tells_the_version(
    broken: str | None,
) -> None:
    info = {"/Applications/OBS.app/Contents/Info.plist": broken}
    config = "/Users/streamer/Library/Application Support/obs-studio"
    last = {f"{config}/global.ini": "[General]\nLastVersion=520093696\n"}
    assert only("macos_arm64_installed", files={**info, **last}).version == (31, 0, 0)


def test_homebrew_on_apple_silicon_has_another_folder() -> None:
    cask = {"/opt/homebrew/Caskroom/obs@beta/32.1.0-beta1/obs.wrapper.sh": ""}
    assert only("macos_arm64_installed", files=cask).kind is Kind.HOMEBREW


def test_an_intel_build_on_apple_silicon_says_so() -> None:
    intel = {"/Applications/OBS.app/Contents/MacOS/OBS": "\udccf\udcfa\udced\udcfe\x07\0\0\x01"}
    assert only("macos_arm64_installed", files=intel).architecture == "x86_64"


def test_steam_starts_the_build_of_the_processor() -> None:
    intel = only("macos_steam", architecture="x86_64", commands={"sysctl -in sysctl.proc_translated": ""})
    assert intel.architecture == "x86_64"
    translated = only(
        "macos_steam", architecture="x86_64", commands={"sysctl -in sysctl.proc_translated": "1\n"}
    )
    assert translated.architecture == "arm64"


def test_steam_may_have_one_build_for_all() -> None:
    steam = "/Users/streamer/Library/Application Support/Steam/steamapps/common/OBS Studio/OBS.app"
    assert str(only("macos_steam", files={f"{steam}/Contents/MacOS/OBS": ""}).program).startswith(steam)


# Linux


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("debian12_distribution", "dpkg-query -W -f ${Version} obs-studio"),
        ("fedora", "rpm -q --qf %{VERSION} obs-studio"),
        ("arch", "pacman -Q obs-studio"),
    ],
)
def test_each_package_manager_knows_the_version(name: str, query: str) -> None:
    assert only(name, commands={query: "32.2.1"}).version == (32, 2, 1)


@pytest.mark.parametrize(
    "program",
    [
        "/usr/local/bin/obs",
        "/home/streamer/.local/bin/obs",
        "/home/streamer/Downloads/obs-portable/bin/obs",
        "/opt/obs-studio/bin/64bit/obs",
    ],
)
def test_what_its_user_built_is_found(program: str) -> None:
    obs = only("nothing", files={program: "\x7fELF"})
    assert (obs.kind, str(obs.program)) == (Kind.LOCAL, program)


def test_a_program_for_all_processors_runs_on_the_one_that_is_there() -> None:
    script = {"/usr/bin/obs": "#!/bin/sh\n"}
    assert only("arch", files=script, architecture="aarch64").architecture == "arm64"


def test_an_obs_built_without_scripting_is_seen_so() -> None:
    bare = only(
        "arch", files={"/usr/lib/obs-scripting/_obspython.so": None, "/usr/lib/libobs-scripting.so.30": None}
    )
    assert (bare.linked_python, bare.has_scripting, python_limits(bare)) == (None, False, None)


def test_the_library_of_scripts_will_do_where_the_module_is_elsewhere() -> None:
    assert only("arch", files={"/usr/lib/obs-scripting/_obspython.so": None}).linked_python == (3, 13)


def test_the_module_of_scripts_will_do_where_the_library_is_elsewhere() -> None:
    assert only("arch", files={"/usr/lib/libobs-scripting.so.30": None}).linked_python == (3, 13)


def test_what_another_program_brings_along_is_not_obs() -> None:
    other = {"/usr/lib/recorder/obs-scripting/_obspython.so": "libpython3.9.so.1.0"}
    assert only("arch", files=other).linked_python == (3, 13)


def test_an_obs_that_no_package_manager_knows_is_asked_itself() -> None:
    alone = {"pacman -Q obs-studio": None, "/usr/bin/obs --version": "OBS Studio - 31.1.0-3 (linux)\n"}
    assert only("arch", commands=alone).version == (31, 1, 0)


@pytest.mark.parametrize(
    "touched", [{"folders": []}, {"folders": ["/home/streamer/.config", "/home/streamer/.obs-studio"]}]
)
def test_it_is_not_asked_where_that_would_change_something(touched: dict[str, Any]) -> None:
    alone = {"pacman -Q obs-studio": None, "/usr/bin/obs --version": "OBS Studio - 31.1.0-3 (linux)\n"}
    assert only("arch", commands=alone, **touched).version is None


def test_the_users_own_build_comes_first_while_it_ended_last() -> None:
    first, second = found("local_build")
    assert (first.kind, first.version, first.linked_python) == (Kind.LOCAL, (32, 2, 2), (3, 12))
    assert (second.kind, second.version, second.linked_python) == (Kind.DISTRIBUTION, (29, 0, 2), (3, 11))
    last = {f"{CONFIG}/global.ini": "[General]\nLastVersion=486539266\n"}
    assert found("local_build", files=last) == (second, first)


def test_a_build_for_portable_use_keeps_its_configuration_beside_it() -> None:
    files = {
        "/home/streamer/obs-30/bin/64bit/obs": "\x7fELF",
        "/home/streamer/obs-30/bin/64bit/libobs-scripting.so": "libpython3.10.so.1.0",
        "/home/streamer/obs-30/bin/config/obs-studio/global.ini": "[General]\nLastVersion=503316482\n",
    }
    obs = only("nothing", files=files)
    assert (obs.kind, obs.linked_python, obs.version) == (Kind.LOCAL, (3, 10), (30, 0, 2))
    assert obs.config == PurePosixPath("/home/streamer/obs-30/bin/config/obs-studio")


# Which comes first


def test_the_obs_with_the_newest_log_comes_first() -> None:
    portable = {
        r"D:\obs-studio\bin\64bit\obs64.exe": NO_RESOURCES,
        r"D:\obs-studio\portable_mode.txt": "",
        r"D:\obs-studio\config\obs-studio\logs\2025-11-03 08-00-00.txt": "",
    }
    assert [obs.kind for obs in found("windows_installed_32", files=portable)] == [
        Kind.PORTABLE,
        Kind.INSTALLED,
    ]
    portable[r"D:\obs-studio\config\obs-studio\logs\2025-11-03 08-00-00.txt"] = None  # type: ignore[assignment]
    portable[r"D:\obs-studio\config\obs-studio\logs\zzz.txt"] = ""
    assert [obs.kind for obs in found("windows_installed_32", files=portable)] == [
        Kind.INSTALLED,
        Kind.PORTABLE,
    ]


def test_between_two_of_one_version_the_installed_one_comes_first() -> None:
    program = r"D:\SteamLibrary\steamapps\common\OBS Studio\bin\64bit\obs64.exe"
    content = RecordedMachine("windows_steam").read(PureWindowsPath(program))
    assert content is not None
    both = {INSTALLED + r"\bin\64bit\obs64.exe": content.decode("utf-8", "surrogateescape")}
    assert [obs.kind for obs in found("windows_steam", files=both)] == [Kind.INSTALLED, Kind.STEAM]


# Pythons


@pytest.mark.parametrize(
    ("version", "newest"),
    [
        ((28, 0, 0), (3, 10)),
        ((29, 0, 2), (3, 10)),
        ((29, 1, 0), (3, 11)),
        ((30, 0, 2), (3, 11)),
        ((30, 1, 0), (3, 12)),
        ((32, 2, 2), (3, 12)),
        (None, (3, 12)),
    ],
)
def test_each_obs_has_its_newest_python(version: tuple[int, ...] | None, newest: tuple[int, int]) -> None:
    assert python_limits(replace(only("windows_installed_32"), version=version)) == ((3, 10), newest)


def test_on_linux_it_is_the_one_that_obs_links() -> None:
    assert python_limits(only("arch")) == ((3, 13), (3, 13))


def test_an_obs_before_28_is_too_old() -> None:
    old = replace(only("windows_installed_28"), version=(27, 2, 4))
    assert is_too_old(old)
    assert python_limits(old) is None
    assert not is_too_old(replace(old, version=(28, 0, 0)))
    assert not is_too_old(replace(old, version=None))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("29.0.2+dfsg-1+b1", (29, 0, 2)),
        ("1:30.2.3-0obsproject1~jammy", (30, 2, 3)),
        ("obs-studio 32.0.2-1\n", (32, 0, 2)),
        ("OBS Studio - 29.0.2.1-1+b1 (linux)", (29, 0, 2)),
        ("32.1.0-beta2", (32, 1, 0)),
        ("31.0", (31, 0)),
        ("no packages found", None),
    ],
)
def test_versions_are_read_out_of_what_people_call_versions(
    text: str, version: tuple[int, ...] | None
) -> None:
    assert version_in(text) == version


@pytest.mark.parametrize(
    ("name", "program", "depth"),
    [
        ("windows_portable", r"D:\Games\Recorder\bin\64bit\obs64.exe", 3),
        ("macos_arm64_installed", "/Volumes/Apps/OBS.app/Contents/MacOS/OBS", 3),
        ("debian12_distribution", "/srv/recorder/bin/obs", 2),
    ],
)
def test_one_that_lies_anywhere_is_found_by_its_program_and_by_its_folder(
    name: str, program: str, depth: int
) -> None:
    told = json.loads((MACHINES / f"{name}.json").read_text(encoding="utf-8"))["files"]
    usual = str(only(name).program)
    machine = RecordedMachine(name, files={program: told[usual]})
    path = machine.path(program)
    assert [str(obs.program) for obs in find_obs(machine)] == [usual]
    for further in (path, path.parents[depth - 1]):
        assert program in [str(obs.program) for obs in find_obs(machine, further)]
    assert [obs.kind for obs in find_obs(machine, machine.path(usual))] == [only(name).kind]


def test_an_obs_that_is_named_is_found_once() -> None:
    merged = {"/bin/obs": "\u007fELF"}  # /bin is a link to /usr/bin
    machine = RecordedMachine("debian12_distribution", files=merged)
    assert [str(obs.program) for obs in find_obs(machine, machine.path("/usr/bin/obs"))] == ["/usr/bin/obs"]
