"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "note", "problem"]

REPAIR = "Run the installer again."
"""It makes whole what it made before, and leaves the rest."""

RENEW = "Run the installer again with --upgrade: it makes the environment anew."
"""Where it would think the environment to be as it made it."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    state: a ``problem`` keeps the filter from working as it should; a ``note`` does not.  told: what is so.
    remedy: the one thing to do about it; empty where there is none.  details: more about it, a line each.
    """

    subject: str
    state: State
    told: str
    remedy: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What findings are about, in the word that heads them."""

    name: str

    def good(self, told: str, *details: str) -> Finding:
        """As it should be."""
        return Finding(self.name, "good", told, details=details)

    def note(self, told: str, remedy: str = "", *details: str) -> Finding:
        """Worth knowing."""
        return Finding(self.name, "note", told, remedy, details)

    def problem(self, told: str, remedy: str, *details: str) -> Finding:
        """Something must be done."""
        return Finding(self.name, "problem", told, remedy, details)
