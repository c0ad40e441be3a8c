from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from installer import checkup
from installer.console import Console
from installer.errors import CommandFailed
from tests.unit.installers import FakeRunner, workshop


class Doctor(FakeRunner):
    """Says what the doctor does, and ends as it does when something is wrong."""

    def __init__(self, lines: list[str], code: int) -> None:
        super().__init__()
        self.lines, self.code = lines, code

    def run(self, command: Sequence[str], **keywords: Any) -> list[str]:
        super().run(command, **keywords)
        if self.code:
            raise CommandFailed("it ended", "see the log", self.lines, self.code)
        return self.lines


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        (["OBS", "  ok  OBS 29", "All is well."], 0, "Check-up: All is well."),
        (["One problem. Do this first: Start OBS."], 2, "Check-up: One problem. Do this first: Start OBS."),
        ([], 1, "Check-up: the doctor says nothing."),
    ],
)
def test_the_doctors_last_word_is_said_whatever_it_is(
    tmp_path: Path, lines: list[str], code: int, said: str
) -> None:
    out, runner = io.StringIO(), Doctor(lines, code)
    checkup.tell(workshop(tmp_path, runner, console=Console(out)))
    assert out.getvalue().strip() == said
    assert runner.commands[0][-2:] == ["doctor", "--quick"]
