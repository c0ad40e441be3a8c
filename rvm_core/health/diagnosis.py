"""What came of a visit as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from rvm_core.health.finding import Finding
from rvm_core.health.running import Running


@dataclass(frozen=True)
class Diagnosis:
    """Everything that was found; nothing private is in it.  running: what filters answered, as they did."""

    version: str
    python: str
    system: str
    findings: tuple[Finding, ...]
    running: Running

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What must be done, the first thing first."""
        return tuple(one for one in self.findings if one.state == "problem")
