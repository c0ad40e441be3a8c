"""Every error that the installer raises on purpose.

::

    InstallError         a problem, its remedy, and the last lines of output that show it
    ├── CommandFailed    a command ended with another code than 0
    └── SandboxError     the private OBS does not do what it should
"""

from __future__ import annotations

from collections.abc import Sequence


class InstallError(Exception):
    """A problem and its remedy, each plain sentences; `tail` holds the last lines of output, if any."""

    def __init__(self, problem: str, remedy: str, tail: Sequence[str] = ()) -> None:
        super().__init__("\n".join([f"{problem} {remedy}", *tail]))
        self.problem = problem
        self.remedy = remedy
        self.tail = tuple(tail)


class CommandFailed(InstallError):
    """A command ended with `code`, which is not 0."""

    def __init__(self, problem: str, remedy: str, tail: Sequence[str], code: int) -> None:
        super().__init__(problem, remedy, tail)
        self.code = code


class SandboxError(InstallError):
    """The private OBS did not start, answer or end as it should."""
