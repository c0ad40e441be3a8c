"""What OBS wrote in its last log about the script and about Python."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.desktop.logs import last_errors, last_log
from rvm_core.health.case import Case
from rvm_core.health.finding import REPAIR, Finding, Subject

ABOUT = Subject("OBS's log")


def look(case: Case) -> Iterator[Finding]:
    """Errors of the last run, if there were any."""
    if case.obs is None:
        return
    file = last_log(case.machine, case.obs)
    if file is None:
        yield ABOUT.good("OBS has not written one yet")
        return
    errors = last_errors(case.machine, case.obs)
    if errors:
        yield ABOUT.problem(f"Errors in {file}:", REPAIR, *errors)
    else:
        yield ABOUT.good(f"no errors of ours in {file}")
