from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installer.errors import InstallError
from installer.facts import Facts
from installer.plan import make_plan, missing_packages
from installer.steps.demo import RunDemo
from installer.steps.environment import AddPlugin
from installer.steps.system import InstallPackages, InstallPython
from installer.wishes import Wishes
from tests.recorded import MACHINES, RecordedMachine
from tests.unit.installers import INSTALL, debian, facts, together

DEMO = Wishes(is_demo=True, output=Path("/o"))
ALWAYS = ["Python environment", "Script", "Model", "Compiled kernels", "Command"]
WHOLE = [*ALWAYS, "OBS"]


def titles(seen: Facts, wishes: Wishes = INSTALL) -> list[str]:
    return [step.title for step in make_plan(seen, wishes)]


def refusal(seen: Facts, wishes: Wishes = INSTALL) -> str:
    with pytest.raises(InstallError) as failure:
        make_plan(seen, wishes)
    return f"{failure.value.problem} {failure.value.remedy}"


def bare(**own: Any) -> Facts:
    """A Debian with nothing on it."""
    release = {"/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'}
    nothing = {"has_obs_plugins": False, "programs": frozenset(), "packages": frozenset()}
    return facts(RecordedMachine("nothing", files=release), **{**nothing, **own})


def test_a_ready_computer_needs_no_packages() -> None:
    assert titles(facts(debian())) == WHOLE
    assert titles(facts(debian()), DEMO) == [*ALWAYS, "Demo clip", "Demo"]


def test_own_footage_needs_no_clip(tmp_path: Path) -> None:
    clip = tmp_path / "me.mp4"
    clip.touch()
    assert "Demo clip" not in titles(facts(debian()), replace(DEMO, clip=clip))
    assert "Demo clip" not in titles(facts(debian()), replace(DEMO, camera="/dev/null"))


def test_a_bare_debian_gets_its_packages_first() -> None:
    first = make_plan(bare(), DEMO)[0]
    assert isinstance(first, InstallPackages)
    assert first.packages == (
        "obs-studio",
        "obs-plugins",
        "python3-venv",
        "xvfb",
        "openbox",
        "xdotool",
        "libgl1-mesa-dri",
    )


def test_a_virtual_screen_only_for_a_demo_without_a_screen() -> None:
    assert "xvfb" not in missing_packages(bare(), is_demo=False)
    assert "xvfb" not in missing_packages(bare(has_display=True), is_demo=True)


def test_the_window_stays_where_there_is_a_screen() -> None:
    for has_display in (True, False):
        demo = make_plan(facts(debian(), has_display=has_display), DEMO)[-1]
        assert isinstance(demo, RunDemo)
        assert demo.keeps_window is has_display


def test_what_cannot_be_done_is_said_before_anything_is_changed() -> None:
    ready = facts(debian())
    assert "sudo apt-get install --yes --no-install-recommends obs-studio" in refusal(bare(is_root=False))
    assert "Free some space" in refusal(replace(ready, free_bytes=10**9))
    assert "--clip" in refusal(ready, replace(DEMO, clip=Path("/nowhere/clip.mp4")))
    assert "--camera" in refusal(ready, replace(DEMO, camera="/dev/nothing"))
    other = replace(ready, is_debian_like=False, programs=frozenset())
    assert "Xvfb" in refusal(other, DEMO)
    assert titles(other) == WHOLE


@pytest.mark.parametrize("name", ["windows_installed_32", "macos_arm64_installed"])
def test_the_demo_is_for_linux(name: str) -> None:
    assert "without --demo" in refusal(facts(RecordedMachine(name)), DEMO)


WINDOWS = ("windows_installed_32", "windows_installed_28", "windows_portable", "windows_steam")
MACS = ("macos_arm64_installed", "macos_intel_homebrew", "macos_steam")


@pytest.mark.parametrize("name", WINDOWS)
def test_every_obs_of_windows_gets_the_newest_python_that_it_can_load(name: str) -> None:
    seen = facts(together(name, "python_windows"))
    assert titles(seen) == WHOLE
    assert seen.target.obs
    assert seen.target.python
    newest = (3, 10) if name == "windows_installed_28" else (3, 12)
    assert seen.target.python.version == newest


@pytest.mark.parametrize("name", ["macos_arm64_installed", "macos_steam"])
def test_every_obs_of_a_mac_gets_a_python_of_its_processor(name: str) -> None:
    seen = facts(together(name, "python_macos"))
    assert titles(seen) in (WHOLE, [WHOLE[0], "Graphics card", *WHOLE[1:]])
    assert seen.target.python
    assert "Python.framework" in str(seen.target.python.program)


@pytest.mark.parametrize("name", [*WINDOWS, *MACS])
def test_without_a_python_it_says_which_and_how(name: str) -> None:
    machine = together(name, commands={"winget --version": "v1.9"})
    told = refusal(facts(machine))
    assert "No Python was found that OBS" in told
    version = "3.10" if name == "windows_installed_28" else "3.12"
    assert f"Install Python {version}" in told
    if name in WINDOWS:
        assert "--install-python" in told
        step = make_plan(facts(machine), Wishes(may_install_python=True))[0]
        assert isinstance(step, InstallPython)
        assert f"Python.Python.{version}" in step.command
        assert "--scope user" in step.detail


def test_pythons_that_do_not_fit_are_named_with_the_reason() -> None:
    gone = {r"C:\Program Files\Python310\python.exe": None}
    told = refusal(facts(together("windows_installed_28", "python_windows", files=gone)))
    assert "Python 3.12 (python.org) is newer than 3.10" in told
    told = refusal(facts(together("macos_intel_homebrew", "python_macos")))
    assert "OBS before 31.0.2 finds no other" in told
    assert "https://www.python.org/downloads/release/" in told


def test_an_obs_that_runs_no_scripts_is_said() -> None:
    with pytest.raises(InstallError, match="cannot run Python scripts"):
        facts(RecordedMachine("windows_arm64"))
    library = "/usr/lib/x86_64-linux-gnu/obs-scripting/_obspython.so"
    gone = dict.fromkeys(json.loads((MACHINES / "debian12_distribution.json").read_text())["files"])
    kept = {file: text for file, text in gone.items() if "scripting" in file}
    assert library in kept
    with pytest.raises(InstallError, match="cannot run Python scripts"):
        facts(debian(files=kept))


def test_no_obs_is_said() -> None:
    assert "No OBS was found" in refusal(facts(RecordedMachine("nothing"), is_debian_like=False))


def test_an_obs_that_is_not_there_cannot_be_wished() -> None:
    with pytest.raises(InstallError, match="distribution"):
        facts(debian(), Wishes(obs="flatpak"))
    assert facts(debian(), Wishes(obs="distribution")).target.obs
    assert facts(debian(), Wishes(obs="/usr/bin/obs")).target.obs
    own = debian(
        files={"/srv/recorder/bin/obs": "", "/srv/recorder/lib/libobs-scripting.so": "libpython3.11.so.1"}
    )
    meant = facts(own, Wishes(obs="/srv/recorder")).target.obs
    assert meant
    assert str(meant.program) == "/srv/recorder/bin/obs"


def test_a_graphics_card_gets_its_plug_in_and_a_wish_goes_before() -> None:
    machine = together("windows_installed_32", "python_windows", "graphics_windows")
    (step,) = (step for step in make_plan(facts(machine), INSTALL) if isinstance(step, AddPlugin))
    assert step.plugins
    assert step.plugins[0].why in step.detail
    wished = make_plan(facts(machine), Wishes(plugin="webgpu"))
    assert [step.plugins[0].extra for step in wished if isinstance(step, AddPlugin)] == ["webgpu"]
    assert "Graphics card" not in titles(facts(machine), Wishes(plugin="none"))


def test_offline_folders_hold_all_that_the_plan_installs() -> None:
    assert titles(facts(debian()), Wishes(prepare=Path("/folder"))) == ["Packages", "Models"]


def test_the_way_back_needs_no_obs() -> None:
    wishes = Wishes(is_uninstall=True)
    nothing = facts(RecordedMachine("nothing"), wishes, free_bytes=0)
    assert titles(nothing, wishes) == ["OBS", "Files"]


def test_on_the_way_back_no_python_is_offered() -> None:
    machine = together("windows_installed_32", commands={"winget --version": "v1.9"})
    assert facts(machine).python_advice[1]
    assert facts(machine, Wishes(is_uninstall=True)).python_advice == ("", None)


def test_what_obs_would_not_see_is_not_installed() -> None:
    borrowed = facts(debian(environ={"SUDO_USER": "streamer"}), is_borrowed_root=True)
    assert "without sudo" in refusal(borrowed)
    assert "install.bat" in refusal(facts(together(WINDOWS[0], "python_windows"), is_from_store=True))
    assert titles(borrowed, Wishes(is_uninstall=True)) == ["OBS", "Files"]


def test_who_borrows_root_is_told_from_who_is_root() -> None:
    for environ, is_borrowed in (
        ({}, False),
        ({"SUDO_USER": "root"}, False),
        ({"SUDO_USER": "streamer"}, True),
    ):
        assert Facts.gather(Path.home(), INSTALL, debian(environ=environ)).is_borrowed_root is is_borrowed
