"""What OBS wrote when it last ran, about Python and about the script."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.desktop.logs import SCRIPT, last_crash, last_errors, last_log
from rvm_core.desktop.processes import running_obs
from rvm_core.health.case import Case
from rvm_core.health.finding import RENEW, Finding, Subject
from rvm_core.health.python import way_to_one

ABOUT = Subject("OBS's log")


def look(case: Case) -> Iterator[Finding]:
    """Why Python or the script failed; whether OBS ended in good order."""
    if case.obs is None:
        return
    log, crash = last_log(case.machine, case.obs), last_crash(case.machine, case.obs)
    if log is None:
        yield ABOUT.good("OBS has not written one yet")
        return
    when = f"{log.started:%Y-%m-%d %H:%M}"
    errors = last_errors(log)
    if log.python:
        told = f"OBS, started {when}, could not load Python."
        yield ABOUT.problem(told, way_to_one(case, case.obs), *errors)
    elif log.is_safe_mode:
        yield ABOUT.problem(
            f"OBS was started in safe mode, {when}: it loads no scripts then.",
            "Start OBS again, and choose the normal mode.",
        )
    elif errors:
        yield ABOUT.problem(f"The script failed in OBS, started {when}.", RENEW, *errors)
    elif SCRIPT in log.scripts:
        yield ABOUT.good(f"no errors; OBS loaded the script, {when}")
    else:
        yield ABOUT.note(f"OBS did not load the script when it was last started, {when}.", "Start OBS again.")
    if crash is not None and crash.when >= log.started:
        say = ABOUT.problem if crash.is_in_python else ABOUT.note
        where = " while it ran a script" if crash.is_in_python else ""
        told = f"OBS crashed{where}, {crash.when:%Y-%m-%d %H:%M}."
        yield say(told, f"Report this fault with the file {crash.file}", *crash.what)
    elif not log.has_ended and not running_obs(case.machine):
        yield ABOUT.note(
            f"OBS, started {when}, did not end in good order: it crashed or was killed.",
            f"If it happens again, report it with the file {log.file}",
        )
