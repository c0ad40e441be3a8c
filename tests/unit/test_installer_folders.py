"""The folders that lead to the data folder: whenever an installer is killed, those that it made are known."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from installer import folders


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two folders that are not there, in one that is, and holds something."""
    (tmp_path / "home" / "others").mkdir(parents=True)
    return tmp_path / "home" / "local" / "share" / "obs-rvm"


def names(data: Path) -> set[str]:
    home = data.parents[2]
    return {str(path.relative_to(home)) for path in home.rglob("*")}


def test_they_are_made_and_told_and_gone_again(data: Path) -> None:
    made = folders.make(data)
    assert data.is_dir()
    assert [Path(one).name for one in made] == ["local", "share"]
    folders.settled(data)
    assert names(data) == {"others", "local", "local/share", "local/share/obs-rvm"}
    folders.leave(data, made)
    assert names(data) == {"others"}


def test_those_that_were_there_stay_even_if_they_are_empty(data: Path) -> None:
    data.parent.mkdir(parents=True)
    folders.leave(data, folders.make(data))
    assert names(data) == {"others", "local", "local/share"}


def test_those_that_others_use_by_now_stay(data: Path) -> None:
    made = folders.make(data)
    (data.parent / "another").mkdir()
    folders.leave(data, made)
    assert names(data) == {"others", "local", "local/share", "local/share/another"}


class Killed(BaseException):
    """The process is no more."""


def killed_before(number: int, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> bool:
    """Do `work`, and stop before its change `number` of the disk; False where it has fewer."""
    left = [number]

    def counted(change: Callable[..., object]) -> Callable[..., object]:
        def one(*arguments: object, **keywords: object) -> object:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return change(*arguments, **keywords)

        return one

    with monkeypatch.context() as patch:
        for name in ("mkdir", "rmdir", "unlink", "replace", "open"):
            patch.setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        except Killed:
            return True
    return False


def test_killed_while_they_are_made_or_removed_the_next_one_knows_them(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, was_killed = 0, True
    while was_killed:
        was_killed = killed_before(number, monkeypatch, lambda: folders.make(data))
        folders.leave(data, folders.make(data))
        assert names(data) == {"others"}, f"made, but for {number}"
        number += 1
    assert number > 3
    number, was_killed = 0, True
    while was_killed:
        made = folders.make(data)
        folders.settled(data)
        record = data / "record"
        record.touch()
        was_killed = killed_before(number, monkeypatch, lambda: folders.leave(data, made, [record]))  # noqa: B023 - called at once
        folders.leave(data, made if record.exists() else folders.noted(data), [record])
        assert names(data) == {"others"}, f"removed, but for {number}"
        number += 1
    assert number > 5
