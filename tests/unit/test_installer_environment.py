from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from installer import environment
from installer.errors import CommandFailed, InstallError
from installer.layout import Layout
from installer.runner import Runner

PYTHON = Path("/usr/bin/python3.11")


class FakeRunner(Runner):
    """Makes what `python -m venv` would; fails at pip when it is told to."""

    def __init__(self, layout: Layout, failure: BaseException | None = None) -> None:
        self.layout = layout
        self.failure = failure
        self.commands: list[list[str]] = []

    def run(self, command: Sequence[str], **_: Any) -> list[str]:
        self.commands.append(list(command))
        if command[1:3] == ["-m", "venv"]:
            self.layout.environment_python.parent.mkdir(parents=True)
            self.layout.environment_python.touch()
        elif self.failure:
            raise self.failure
        return []


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def made(layout: Layout, wanted: str) -> Layout:
    environment.make(layout, FakeRunner(layout), PYTHON, ["numpy"], wanted)
    return layout


def test_made_in_its_own_place_and_marked_last(layout: Layout) -> None:
    runner = FakeRunner(layout)
    environment.make(layout, runner, PYTHON, ["numpy>=1", "numba"], "one")
    assert runner.commands[0] == [str(PYTHON), "-m", "venv", str(layout.environment)]
    assert runner.commands[1][0] == str(layout.environment_python)
    assert runner.commands[1][-2:] == ["numpy>=1", "numba"]
    assert environment.is_current(layout, "one")
    assert not environment.is_current(layout, "two")
    assert sorted(path.name for path in layout.data.iterdir()) == ["venv"]


def test_one_that_was_killed_half_way_is_not_used_but_made_anew(layout: Layout) -> None:
    (layout.environment / "bin").mkdir(parents=True)
    layout.environment_python.touch()
    leftover = layout.environment / "half-done"
    leftover.touch()
    assert not environment.is_current(layout, "one")
    assert environment.is_current(made(layout, "one"), "one")
    assert not leftover.exists()


def test_killed_while_the_marker_was_written(layout: Layout) -> None:
    made(layout, "one").environment_marker.write_text('{"fingerp')
    assert not environment.is_current(layout, "one")


def test_one_whose_interpreter_is_gone_is_not_used(layout: Layout) -> None:
    made(layout, "one").environment_python.unlink()
    assert not environment.is_current(layout, "one")


@pytest.mark.parametrize("failure", [CommandFailed("pip", "again", (), 1), KeyboardInterrupt()])
def test_a_failed_renewal_leaves_the_working_one(layout: Layout, failure: BaseException) -> None:
    made(layout, "old")
    with pytest.raises(type(failure)):
        environment.make(layout, FakeRunner(layout, failure), PYTHON, ["numpy"], "new")
    assert environment.is_current(layout, "old")
    assert sorted(path.name for path in layout.data.iterdir()) == ["venv"]


def test_a_failed_first_one_leaves_nothing(layout: Layout) -> None:
    with pytest.raises(CommandFailed):
        environment.make(
            layout, FakeRunner(layout, CommandFailed("pip", "again", (), 1)), PYTHON, ["numpy"], "one"
        )
    assert list(layout.data.iterdir()) == []


def test_the_fingerprint_knows_what_it_was_made_of() -> None:
    one = environment.fingerprint(["b", "a"], PYTHON, (3, 11))
    assert one == environment.fingerprint(["a", "b"], PYTHON, (3, 11))
    assert one != environment.fingerprint(["a", "b>=2"], PYTHON, (3, 11))
    assert one != environment.fingerprint(["a", "b"], PYTHON, (3, 12))
    assert one != environment.fingerprint(["a", "b"], Path("/opt/python3"), (3, 11))


def test_the_requirements_are_those_of_the_project(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(
        '[project]\ndependencies = ["a", "b"]\noptional-dependencies = {demo = ["c"], test = ["d"]}\n'
    )
    assert environment.requirements(file) == ["a", "b", "c"]
    file.write_text("[project]\n")
    with pytest.raises(InstallError):
        environment.requirements(file)
