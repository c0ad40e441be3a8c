"""What the user reads and answers in the terminal."""

from __future__ import annotations

import io
import sys
from typing import TextIO

from installer.errors import InstallError
from installer.log import Log


class Console:
    """Plain lines on `out`, so that they read the same in a terminal and in the `log`, if there is one."""

    def __init__(self, out: TextIO | None = None, answers: TextIO | None = None) -> None:
        self._out = out if out is not None else sys.stdout
        if isinstance(self._out, io.TextIOWrapper):  # a name that it cannot write must not end it all
            self._out.reconfigure(errors="backslashreplace")
        self._answers = answers if answers is not None else sys.stdin
        self.log: Log | None = None

    def line(self, text: str = "") -> None:
        """One line, shown at once."""
        print(text, file=self._out, flush=True)
        if self.log:
            self.log.line(text)

    def detail(self, text: str) -> None:
        """A line that belongs to the step above it."""
        self.line(f"      {text}")

    def confirms(self, question: str) -> bool:
        """Whether the user says yes; an empty answer is a yes, the end of input a no."""
        print(f"{question} [Y/n] ", end="", file=self._out, flush=True)
        answer = self._answers.readline()
        if not answer:
            self.line()
            return False
        return answer.strip().lower() in ("", "y", "yes")

    def failure(self, error: InstallError) -> None:
        """The cause, the lines that show it, and what to do."""
        self.line()
        self.line(f"FAILED: {error.problem}")
        for line in error.tail:
            self.line(f"  | {line}")
        self.line(f"What to do: {error.remedy}")
