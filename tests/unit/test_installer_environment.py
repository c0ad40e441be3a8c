from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from installer import environment
from installer.errors import CommandFailed
from installer.layout import Layout
from installer.source import Source
from installer.steps import Workshop
from rvm_core.desktop.pythons import Python
from tests.unit.installers import FakeRunner, workshop

PYTHON = Python(PurePosixPath("/usr/bin/python3.11"), (3, 11), "x86_64", PurePosixPath("/usr"), "system")
SOURCE = Source(Path("/the/project"), "1.2.3", "digest")


class Venv(FakeRunner):
    """Makes what `python -m venv` would; fails at pip when it is told to."""

    def __init__(self, data: Path, failure: BaseException | None = None) -> None:
        super().__init__()
        self.python = data / "venv" / "bin" / "python"
        self.failure = failure

    def run(self, command: Sequence[str], **keywords: Any) -> list[str]:
        super().run(command, **keywords)
        if "venv" in command:
            self.python.parent.mkdir(parents=True)
            self.python.touch()
        elif self.failure:
            raise self.failure
        return []


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return workshop(tmp_path / "data", Venv(tmp_path / "data"))


def made(shop: Workshop, wanted: str) -> Workshop:
    environment.recover(shop.layout)
    environment.make(shop, PYTHON, wanted)
    return shop


def broken(shop: Workshop, failure: BaseException) -> Workshop:
    return replace(shop, runner=Venv(shop.layout.data, failure))


def test_made_in_its_own_place_and_marked_last(shop: Workshop) -> None:
    made(shop, "one")
    layout, runner = shop.layout, shop.runner
    assert isinstance(runner, FakeRunner)
    assert runner.commands[0] == [str(PYTHON.program), "-I", "-m", "venv", str(layout.environment)]
    assert runner.commands[1][0] == str(layout.environment_python)
    assert runner.commands[1][-1] == "/the/project"
    assert runner.environments[1]["PIP_NO_CACHE_DIR"] == "1", "the user's cache stays as it was"
    assert environment.is_current(layout, "one")
    assert not environment.is_current(layout, "two")
    assert sorted(path.name for path in layout.data.iterdir()) == ["venv"]


def test_offline_nothing_is_asked_of_the_net(shop: Workshop) -> None:
    source = Source(Path("/folder/wheels/obs_rvm-1-py3-none-any.whl"), "1", "digest", Path("/folder/wheels"))
    made(replace(shop, source=source), "one")
    assert isinstance(shop.runner, FakeRunner)
    assert shop.runner.commands[1][5:8] == ["--no-index", "--find-links", "/folder/wheels"]


def test_one_that_was_killed_half_way_is_not_used_but_made_anew(shop: Workshop) -> None:
    layout = shop.layout
    (layout.environment / "bin").mkdir(parents=True)
    layout.environment_python.touch()
    leftover = layout.environment / "half-done"
    leftover.touch()
    assert not environment.is_current(layout, "one")
    assert environment.is_current(made(shop, "one").layout, "one")
    assert not leftover.exists()


def test_killed_while_the_marker_was_written(shop: Workshop) -> None:
    made(shop, "one").layout.environment_marker.write_text('{"fingerp')
    assert not environment.is_current(shop.layout, "one")


def test_one_whose_interpreter_is_gone_is_not_used(shop: Workshop) -> None:
    made(shop, "one").layout.environment_python.unlink()
    assert not environment.is_current(shop.layout, "one")


FAILURES = [CommandFailed("pip", "again", (), 1), KeyboardInterrupt()]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_renewal_leaves_the_working_one(shop: Workshop, failure: BaseException) -> None:
    made(shop, "old")
    with pytest.raises(type(failure)):
        made(broken(shop, failure), "new")
    assert environment.is_current(shop.layout, "old")
    assert sorted(path.name for path in shop.layout.data.iterdir()) == ["venv"]


def test_a_renewal_that_was_killed_leaves_the_old_one_where_the_next_one_fails(shop: Workshop) -> None:
    made(shop, "old").layout.environment.rename(shop.layout.data / "venv.previous")
    (shop.layout.environment / "bin").mkdir(parents=True)
    with pytest.raises(CommandFailed):
        made(broken(shop, FAILURES[0]), "new")
    assert environment.is_current(shop.layout, "old")
    made(shop, "new")
    assert environment.is_current(shop.layout, "new")
    assert sorted(path.name for path in shop.layout.data.iterdir()) == ["venv"]


def test_a_renewal_that_was_killed_is_undone_by_the_next_run(shop: Workshop) -> None:
    made(shop, "old").layout.environment.rename(shop.layout.data / "venv.previous")
    (shop.layout.environment / "bin").mkdir(parents=True)
    environment.recover(shop.layout)
    assert environment.is_current(shop.layout, "old")
    assert sorted(path.name for path in shop.layout.data.iterdir()) == ["venv"]


def test_what_a_renewal_that_was_killed_at_its_end_left_is_removed(shop: Workshop) -> None:
    shutil.copytree(made(shop, "old").layout.environment, shop.layout.data / "venv.previous")
    environment.recover(shop.layout)
    assert sorted(path.name for path in shop.layout.data.iterdir()) == ["venv"]


@pytest.mark.parametrize("name", ["venv", "venv.previous"])
def test_half_removed_it_is_not_a_whole_one(
    shop: Workshop, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(shop, "old").layout.environment.rename(shop.layout.data / name)

    def killed(_path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        environment.remove(shop.layout)
    environment.recover(shop.layout)
    assert not environment.is_current(shop.layout, "old")


def test_a_failed_first_one_leaves_nothing(shop: Workshop) -> None:
    with pytest.raises(CommandFailed):
        made(broken(shop, FAILURES[0]), "one")
    assert list(shop.layout.data.iterdir()) == []


def test_the_fingerprint_knows_what_it_was_made_of() -> None:
    one = environment.fingerprint(SOURCE, PYTHON)
    assert one == environment.fingerprint(replace(SOURCE, path=Path("/elsewhere")), PYTHON)
    assert one != environment.fingerprint(replace(SOURCE, digest="another"), PYTHON)
    assert one != environment.fingerprint(SOURCE, replace(PYTHON, version=(3, 12)))
    assert one != environment.fingerprint(SOURCE, replace(PYTHON, program=PurePosixPath("/opt/python3")))
    assert one != environment.fingerprint(SOURCE, replace(PYTHON, architecture="arm64"))


def test_the_script_is_found_in_it_whatever_cases_mean(tmp_path: Path) -> None:
    for name, library, alias in (
        ("windows", "Lib", ""),
        ("linux", "lib/python3.12", ""),
        ("macos", "lib/python3.12", "Lib"),
    ):
        layout = Layout(tmp_path / name)
        script = layout.environment / library / "site-packages" / "rvm_core" / "obs_rvm_filter.py"
        script.parent.mkdir(parents=True)
        script.touch()
        if alias:
            (layout.environment / alias).symlink_to("lib")
        found = environment.installed_script(layout)
        assert found is not None, name
        assert found.samefile(script)
    assert environment.installed_script(Layout(tmp_path)) is None
