from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from installer.errors import InstallError
from installer.facts import Facts
from installer.plan import Wishes, make_plan, missing_packages
from installer.steps import InstallPackages, RunDemo

READY = Facts(
    system="Linux",
    distribution="Debian GNU/Linux 12",
    is_debian_like=True,
    is_root=True,
    is_interactive=False,
    has_display=False,
    free_bytes=10**11,
    obs=Path("/usr/bin/obs"),
    has_obs_plugins=True,
    obs_python=(3, 11),
    python=Path("/usr/bin/python3.11"),
    programs=frozenset({"Xvfb", "openbox", "xdotool"}),
    packages=frozenset({"libgl1-mesa-dri"}),
)
BARE = replace(
    READY, obs=None, has_obs_plugins=False, python=None, programs=frozenset(), packages=frozenset()
)
INSTALL = Wishes(is_demo=False, output=Path("/o"), clip=None, camera=None, seconds=10)
DEMO = replace(INSTALL, is_demo=True)


def titles(facts: Facts, wishes: Wishes) -> list[str]:
    return [step.title for step in make_plan(facts, wishes)]


ALWAYS = ["Python environment", "Model", "Compiled kernels", "Command"]


def test_a_ready_computer_needs_no_packages() -> None:
    assert titles(READY, INSTALL) == ALWAYS
    assert titles(READY, DEMO) == [*ALWAYS, "Demo clip", "Demo"]


def test_own_footage_needs_no_clip(tmp_path: Path) -> None:
    clip = tmp_path / "me.mp4"
    clip.touch()
    assert "Demo clip" not in titles(READY, replace(DEMO, clip=clip))
    assert "Demo clip" not in titles(READY, replace(DEMO, camera="/dev/null"))


def test_a_bare_debian_gets_its_packages_first() -> None:
    first = make_plan(BARE, DEMO)[0]
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
    assert "xvfb" not in missing_packages(BARE, is_demo=False)
    assert "xvfb" not in missing_packages(replace(BARE, has_display=True), is_demo=True)


def test_the_window_stays_where_there_is_a_screen() -> None:
    for has_display in (True, False):
        demo = make_plan(replace(READY, has_display=has_display), DEMO)[-1]
        assert isinstance(demo, RunDemo)
        assert demo.keeps_window is has_display


@pytest.mark.parametrize(
    ("facts", "wishes", "told"),
    [
        (replace(BARE, is_root=False), DEMO, "sudo apt-get install --yes --no-install-recommends obs-studio"),
        (replace(BARE, is_debian_like=False), DEMO, "OBS Studio 28 or newer"),
        (replace(BARE, is_debian_like=False, obs=READY.obs), DEMO, "Python 3.11 with venv"),
        (replace(BARE, is_debian_like=False, obs=READY.obs), DEMO, "Xvfb"),
        (replace(READY, system="Darwin", is_debian_like=False), DEMO, "without --demo"),
        (replace(READY, free_bytes=10**9), INSTALL, "--data-dir"),
        (READY, replace(DEMO, clip=Path("/nowhere/clip.mp4")), "--clip"),
        (READY, replace(DEMO, camera="/dev/nothing"), "--camera"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_changed(
    facts: Facts, wishes: Wishes, told: str
) -> None:
    with pytest.raises(InstallError) as failure:
        make_plan(facts, wishes)
    assert told in f"{failure.value.problem} {failure.value.remedy}"


def test_other_systems_bring_their_own_packages() -> None:
    windows = replace(BARE, system="Windows", is_debian_like=False)
    assert titles(windows, INSTALL) == ALWAYS
