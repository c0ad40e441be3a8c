"""An OBS in a flatpak or a snap: found from outside, and commands sent to where its Python lives."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rvm_core import paths
from rvm_core.desktop.boxes import Trouble, box_of, find_boxed, trouble
from rvm_core.desktop.finding import find_obs
from rvm_core.desktop.obs import Kind, Obs
from tests.recorded import RecordedMachine

APP = "com.obsproject.Studio"
SYSTEM_LIBRARY = f"/var/lib/flatpak/app/{APP}/current/active/files/lib/libobs-scripting.so.30"
UNBOXED = Obs(
    Kind.DISTRIBUTION, PurePosixPath("/usr/bin/obs"), (30, 2), "x86_64", PurePosixPath("/c"), (3, 12)
)


def only(machine: RecordedMachine) -> Obs:
    (obs,) = find_boxed(machine)
    return obs


def told(machine: RecordedMachine) -> Trouble:
    found = trouble(machine, only(machine))
    assert found is not None
    return found


def test_a_flatpak_for_all_users_is_found_with_what_it_brings() -> None:
    assert only(RecordedMachine("flatpak_system")) == Obs(
        Kind.FLATPAK,
        PurePosixPath(f"/var/lib/flatpak/exports/bin/{APP}"),
        (32, 2, 2),
        "x86_64",
        PurePosixPath(f"/home/streamer/.var/app/{APP}/config/obs-studio"),
        (3, 13),
    )


def test_of_two_flatpaks_the_users_counts_as_it_does_for_flatpak_run() -> None:
    obs = only(RecordedMachine("flatpak_user"))
    assert obs.program == PurePosixPath(f"/home/streamer/.local/share/flatpak/exports/bin/{APP}")
    assert (obs.version, obs.linked_python) == ((31, 1, 2), (3, 12))


def test_a_flatpak_for_this_user_is_found_where_the_user_keeps_data() -> None:
    machine = RecordedMachine("flatpak_user", environ={"XDG_DATA_HOME": "/home/streamer/elsewhere"})
    assert only(machine).version == (30, 2, 3)  # the one for all users: the other is out of sight


def test_an_old_flatpak_is_found_by_the_older_name_of_its_description() -> None:
    obs = only(RecordedMachine("flatpak_28"))
    assert (obs.version, obs.linked_python) == ((28, 1, 2), (3, 9))


def test_a_snap_is_found_with_what_it_brings() -> None:
    assert only(RecordedMachine("snap_core24")) == Obs(
        Kind.SNAP,
        PurePosixPath("/snap/bin/obs-studio"),
        (31, 1, 2),
        "x86_64",
        PurePosixPath("/home/streamer/snap/obs-studio/current/.config/obs-studio"),
        (3, 12),
    )


def test_a_snap_is_found_where_distributions_without_a_snap_folder_keep_it() -> None:
    obs = only(RecordedMachine("snap_core22"))
    assert obs.program == PurePosixPath("/var/lib/snapd/snap/bin/obs-studio")
    assert (obs.version, obs.architecture, obs.linked_python) == ((30, 1, 1), "x86_64", (3, 10))


def test_a_snap_of_another_architecture_is_named_as_everywhere() -> None:
    description = {"/snap/obs-studio/current/meta/snap.yaml": "version: 32.0.2\narchitectures:\n  - arm64\n"}
    assert only(RecordedMachine("snap_core24", files=description)).architecture == "arm64"


def test_boxes_are_found_with_every_other_obs() -> None:
    for name in ("flatpak_system", "snap_core24"):
        machine = RecordedMachine(name)
        assert find_obs(machine) == find_boxed(machine)


@pytest.mark.parametrize(
    ("inside", "outside"), [("flatpak_inside", "flatpak_user"), ("snap_inside", "snap_core24")]
)
def test_from_inside_it_is_the_same_obs_and_no_trouble(inside: str, outside: str) -> None:
    machine = RecordedMachine(inside)
    assert only(machine) == only(RecordedMachine(outside))
    assert trouble(machine, only(machine)) is None


def test_inside_another_flatpak_nothing_is_taken_for_obs() -> None:
    info = {
        "/.flatpak-info": "[Application]\nname=org.other.App\n\n[Instance]\napp-path=/1/2/3/4/5/6/files\n"
    }
    assert find_boxed(RecordedMachine("flatpak_inside", files=info)) == ()


def test_other_systems_have_no_boxes() -> None:
    assert find_boxed(RecordedMachine("flatpak_system", system="Darwin")) == ()


def test_a_description_that_says_no_version_leaves_it_open() -> None:
    nothing = {f"/var/lib/flatpak/app/{APP}/current/active/files/share/metainfo/{APP}.metainfo.xml": None}
    assert only(RecordedMachine("flatpak_system", files=nothing)).version is None


def test_a_command_goes_into_the_flatpak_with_its_variables_and_folders() -> None:
    box = box_of(only(RecordedMachine("flatpak_system")))
    words, env = box.command(["python3.13", "-m", "venv"], {"A": "1 2"}, [PurePosixPath("/tmp/wheels")])
    assert words == [
        "flatpak",
        "run",
        "--die-with-parent",
        "--share=network",
        "--filesystem=/tmp/wheels",
        "--env=A=1 2",
        "--command=python3.13",
        APP,
        "-m",
        "venv",
    ]
    assert env == {}


def test_a_colon_in_a_folder_is_no_mode_of_access() -> None:
    box = box_of(only(RecordedMachine("flatpak_system")))
    words, _ = box.command(["ls"], {}, [PurePosixPath("/media/a:b\\c")])
    assert "--filesystem=/media/a\\:b\\\\c" in words


def test_a_command_goes_into_the_snap_word_by_word() -> None:
    box = box_of(only(RecordedMachine("snap_core24")))
    words, env = box.command(["python3.12", "-c", "print('a b')"], {"A": "1"})
    assert words[:4] == ["snap", "run", "--shell", "obs-studio"]
    assert words[4:] == ["-c", 'exec "$@"', "bash", "python3.12", "-c", "print('a b')"]
    assert env == {"A": "1"}


def test_without_a_box_a_command_stays_as_it_is() -> None:
    box = box_of(UNBOXED)
    assert box.command(["python3", "-V"], {"A": "1"}) == (["python3", "-V"], {"A": "1"})
    assert (box.data, box.python) == (None, None)


def test_the_boxes_name_their_own_python() -> None:
    recorded = ("flatpak_system", "flatpak_user", "snap_core24", "snap_core22")
    named = [box_of(only(RecordedMachine(name))).python for name in recorded]
    assert named == ["python3.13", "python3.12", "python3.12", "python3.10"]


def test_the_script_in_the_flatpak_looks_where_the_box_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", f"/home/streamer/.var/app/{APP}/data")
    assert paths.data_dir() == box_of(only(RecordedMachine("flatpak_system"))).data


def test_the_script_in_the_snap_looks_where_the_box_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setenv("SNAP_NAME", "obs-studio")
    monkeypatch.setenv("SNAP_USER_COMMON", "/home/streamer/snap/obs-studio/common")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/streamer/snap/obs-studio/1300/.local/share")
    assert paths.data_dir() == box_of(only(RecordedMachine("snap_core24"))).data


def test_a_terminal_that_is_itself_a_snap_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.DATA_DIR_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", "/home/streamer/.local/share")
    usual = paths.data_dir()
    monkeypatch.setenv("SNAP_NAME", "code")
    monkeypatch.setenv("SNAP_USER_COMMON", "/home/streamer/snap/code/common")
    assert paths.data_dir() == usual


@pytest.mark.parametrize("name", ["flatpak_system", "flatpak_user", "snap_core24", "snap_core22"])
def test_what_can_be_installed_has_no_trouble(name: str) -> None:
    machine = RecordedMachine(name)
    assert trouble(machine, only(machine)) is None


def test_an_obs_in_no_box_has_no_trouble_of_boxes() -> None:
    assert trouble(RecordedMachine("flatpak_28"), UNBOXED) is None


def test_a_python_that_is_too_old_is_said_with_the_update() -> None:
    found = told(RecordedMachine("flatpak_28"))
    assert "Python 3.9" in found.problem
    assert f"flatpak update {APP}" in found.remedy


def test_a_snap_without_scripts_is_said_with_the_obs_that_has_them() -> None:
    library = "/snap/obs-studio/current/usr/lib/x86_64-linux-gnu/libobs-scripting.so.30"
    machine = RecordedMachine("snap_core24", files={library: None})
    assert not only(machine).has_scripting
    assert f"flatpak install flathub {APP}" in told(machine).remedy


def test_an_old_snap_is_said_with_its_own_update() -> None:
    old = {"/snap/obs-studio/current/usr/lib/x86_64-linux-gnu/libobs-scripting.so.30": "libpython3.8.so.1.0"}
    found = told(RecordedMachine("snap_core24", files=old))
    assert "Python 3.8" in found.problem
    assert "snap refresh obs-studio" in found.remedy


def test_a_flatpak_without_scripts_is_said_with_the_one_that_has_them() -> None:
    machine = RecordedMachine("flatpak_system", files={SYSTEM_LIBRARY: None})
    assert not only(machine).has_scripting
    found = told(machine)
    assert "without Python scripts" in found.problem
    assert f"flatpak install flathub {APP}" in found.remedy


def test_scripting_in_lua_alone_is_no_python() -> None:
    machine = RecordedMachine("flatpak_system", files={SYSTEM_LIBRARY: "libluajit-5.1.so.2"})
    assert "without Python scripts" in told(machine).problem


def test_a_box_whose_python_does_not_start_is_said() -> None:
    words, _ = box_of(only(RecordedMachine("flatpak_system"))).command(
        ["python3.13", "-c", "import venv"], {}
    )
    broken = RecordedMachine("flatpak_system", commands={" ".join(words): None})
    assert "cannot start its python3.13" in told(broken).problem


@pytest.mark.parametrize("hidden", ["/tmp/unpacked", "/home/streamer/.cache/unpacked", "/opt/obs-rvm"])
def test_what_a_snap_cannot_see_is_said(hidden: str) -> None:
    machine = RecordedMachine("snap_core24")
    found = trouble(machine, only(machine), [PurePosixPath(hidden)])
    assert found is not None
    assert hidden in found.problem
    assert "Downloads" in found.remedy


def test_a_snap_sees_the_home_and_a_flatpak_what_it_is_shown() -> None:
    for name, folder in (("snap_core24", "/home/streamer/Downloads/.x"), ("flatpak_system", "/tmp/unpacked")):
        machine = RecordedMachine(name)
        assert trouble(machine, only(machine), [PurePosixPath(folder)]) is None
