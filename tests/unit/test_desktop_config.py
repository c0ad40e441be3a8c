from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from rvm_core.desktop import config
from rvm_core.desktop.finding import find_obs
from rvm_core.desktop.obs import Obs
from tests.recorded import RecordedMachine

ROAMING = r"C:\Users\streamer\AppData\Roaming\obs-studio"
BEFORE_31 = "[General]\nLastVersion=503447555\n"
"""30.2.3."""


def looked_at(name: str, **changed: Any) -> tuple[RecordedMachine, Obs]:
    machine = RecordedMachine(name, **changed)
    return machine, find_obs(machine)[0]


def names(files: tuple[PurePath, ...]) -> list[str]:
    return [file.name for file in files]


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("windows_installed_28", "C:/Users/streamer/AppData/Local/Programs/Python/Python310"),
        ("windows_installed_32", "C:/Users/streamer/AppData/Local/Programs/Python/Python312"),
        ("windows_portable", "C:/Program Files/Python312"),
        ("macos_arm64_installed", "/Library/Frameworks"),
        ("macos_intel_homebrew", "/usr/local/opt/python@3.11/Frameworks"),
        ("macos_steam", None),
        ("windows_arm64", None),
        ("debian12_distribution", None),
        ("arch", None),
    ],
)
def test_the_python_that_was_chosen_is_known(name: str, python: str | None) -> None:
    assert config.configured_python(*looked_at(name)) == python


def test_an_empty_path_is_no_choice() -> None:
    empty = {ROAMING + r"\user.ini": "[Python]\nPath64bit=\n"}
    assert config.configured_python(*looked_at("windows_installed_32", files=empty)) is None


def test_what_is_no_ini_file_has_no_values() -> None:
    broken = {ROAMING + r"\user.ini": "\udcff\udcfe[\0", ROAMING + r"\global.ini": "[[[\0"}
    machine, obs = looked_at("windows_installed_32", files=broken)
    assert config.configured_python(machine, obs) is None
    assert config.last_version(machine, obs.config) is None


def setting_file(version: tuple[int, ...] | None, **files: str | None) -> str:
    machine, obs = looked_at(
        "windows_installed_32",
        files={f"{ROAMING}\\{name.replace('_', '.')}": content for name, content in files.items()},
    )
    return config.python_setting_file(machine, replace(obs, version=version)).name


def test_the_setting_moved_to_another_file_with_31() -> None:
    assert setting_file((30, 2, 3)) == "global.ini"
    assert setting_file((31, 0, 0)) == "user.ini"
    assert setting_file(None) == "user.ini"


def test_before_the_first_start_of_31_the_setting_belongs_where_it_will_be_copied_from() -> None:
    for version in ((31, 0, 0), (32, 2, 2), None):
        assert setting_file(version, user_ini=None, global_ini=BEFORE_31) == "global.ini"
    migrated = BEFORE_31 + "Pre31Migrated=true\n"
    assert setting_file((32, 2, 2), user_ini=None, global_ini=migrated) == "user.ini"
    assert setting_file((32, 2, 2), user_ini=None) == "user.ini"


def test_nothing_is_copied_over_a_file_that_is_there() -> None:
    assert setting_file((32, 2, 2), global_ini=BEFORE_31) == "user.ini"


def test_an_obs_that_was_never_used_copies_only_in_31_0() -> None:
    assert setting_file((31, 0, 4), user_ini=None, global_ini=None) == "global.ini"
    assert setting_file((31, 1, 0), user_ini=None, global_ini=None) == "user.ini"
    assert setting_file(None, user_ini=None, global_ini=None) == "user.ini"


def test_settings_and_scenes_follow_their_locations() -> None:
    moved = {
        ROAMING + r"\global.ini": "[Locations]\nConfiguration=D:\\\\Live\nSceneCollections=E:\\\\Scenes\n",
        r"D:\Live\obs-studio\user.ini": "[Python]\nPath64bit=D:/Python311\n",
        r"E:\Scenes\obs-studio\basic\scenes\Show.json": "{}",
    }
    machine, obs = looked_at("windows_installed_32", files=moved)
    assert config.configured_python(machine, obs) == "D:/Python311"
    assert names(config.scene_collections(machine, obs)) == ["Show.json"]
    assert names(config.scene_collections(machine, replace(obs, version=(30, 2, 3)))) == ["Untitled.json"]


def test_a_location_that_is_missing_does_not_count() -> None:
    lost = {ROAMING + r"\global.ini": "[Locations]\nSceneCollections=Z:\\\\Unplugged\n"}
    assert names(config.scene_collections(*looked_at("windows_installed_32", files=lost))) == [
        "Untitled.json"
    ]


def test_a_portable_obs_does_not_follow_locations() -> None:
    inside = r"C:\Users\streamer\Downloads\OBS-Studio-30.2.3-Windows\config\obs-studio"
    files = {
        inside + r"\global.ini": "[Locations]\nSceneCollections=E:\\\\Scenes\n",
        r"E:\Scenes\obs-studio\basic\scenes\Show.json": "{}",
    }
    machine, obs = looked_at("windows_portable", files=files)
    assert names(config.scene_collections(machine, replace(obs, version=(32, 0, 0)))) == ["Untitled.json"]


@pytest.mark.parametrize(
    ("name", "collections"),
    [
        ("windows_installed_28", ["Just_Chatting.json", "Untitled.json"]),
        ("windows_installed_32", ["Untitled.json"]),
        ("macos_arm64_installed", ["Untitled.json"]),
        ("local_build", ["Untitled.json"]),
        ("fedora", ["Untitled.json"]),
        ("arch", []),
    ],
)
def test_scene_collections_are_told_from_their_copies(name: str, collections: list[str]) -> None:
    assert names(config.scene_collections(*looked_at(name))) == collections


def test_a_folder_is_no_collection() -> None:
    files = {ROAMING + r"\basic\scenes\Old.json\Untitled.json": "{}"}
    assert names(config.scene_collections(*looked_at("windows_installed_32", files=files))) == [
        "Untitled.json"
    ]


def test_the_version_that_ended_last_is_told() -> None:
    machine, obs = looked_at("debian12_distribution")
    assert config.last_version(machine, obs.config) == (29, 0, 2)
    for told in ("", "LastVersion=0\n", "LastVersion=none\n"):
        machine, obs = looked_at(
            "arch", files={"/home/streamer/.config/obs-studio/global.ini": f"[General]\n{told}"}
        )
        assert config.last_version(machine, obs.config) is None


def test_the_configurations_folder_is_the_one_of_the_system() -> None:
    moved = RecordedMachine("windows_steam", environ={"APPDATA": r"D:\Roaming"})
    assert str(config.user_config(moved)) == r"D:\Roaming\obs-studio"
    assert str(config.user_config(RecordedMachine("windows_steam", environ={"APPDATA": None}))) == ROAMING
    assert str(config.user_config(RecordedMachine("arch"))) == "/home/streamer/.config/obs-studio"
    assert str(config.user_config(RecordedMachine("fedora"))) == "/home/streamer/settings/obs-studio"
    support = "/Users/streamer/Library/Application Support/obs-studio"
    assert str(config.user_config(RecordedMachine("macos_steam"))) == support
