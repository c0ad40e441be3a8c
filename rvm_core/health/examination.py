"""All subjects, one after the other: what one rests on comes before it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

from rvm_core import __version__
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.privacy import private
from rvm_core.desktop.shell import obs_rvm
from rvm_core.errors import RvmError
from rvm_core.health import (
    cache,
    environment,
    installation,
    log,
    matte,
    models,
    obs,
    packages,
    providers,
    python,
    script,
    storage,
)
from rvm_core.health.case import Case
from rvm_core.health.diagnosis import Diagnosis
from rvm_core.health.finding import Finding, Subject
from rvm_core.health.running import ABOUT as FILTERS
from rvm_core.health.running import Running, asked

Look = Callable[[Case], Iterator[Finding]]

SUBJECTS: tuple[tuple[Subject, Look, tuple[Subject, ...]], ...] = (
    (obs.ABOUT, obs.look, ()),
    (storage.ABOUT, storage.look, ()),
    (installation.ABOUT, installation.look, ()),
    (environment.ABOUT, environment.look, ()),
    (python.ABOUT, python.look, (obs.ABOUT,)),
    (packages.ABOUT, packages.look, ()),
    (models.ABOUT, models.look, ()),
    (cache.ABOUT, cache.look, (storage.ABOUT,)),
    (providers.ABOUT, providers.look, (packages.ABOUT,)),
    (matte.ABOUT, matte.look, (packages.ABOUT, providers.ABOUT)),
    (script.ABOUT, script.look, (obs.ABOUT,)),
    (log.ABOUT, log.look, (obs.ABOUT,)),
)
"""What is looked at, how, and what would only be said twice while that has a problem."""


def examined(case: Case) -> Diagnosis:
    """Look at everything.  Raises nothing: what cannot be looked at is a finding."""
    running = Running()
    found: list[Finding] = []
    for subject, look, needs in SUBJECTS:
        ill = [need.name for need in needs if any(_is_ill(one, need) for one in found)]
        if ill:
            found.append(subject.note(f"not looked at before the problem with {ill[0]} is solved"))
        else:
            found += _guarded(subject, look, case)
    try:
        running = asked()
        found += running.findings()
    except Exception as fault:
        found.append(_blind(FILTERS, fault))
    diagnosis = Diagnosis(__version__, platform.python_version(), platform.platform(), tuple(found), running)
    clean: Diagnosis = _cleaned(diagnosis, partial(_clean_text, case.machine))
    return clean


def _clean_text(machine: Machine, text: str) -> str:
    """`text` without the user's name; Windows understands no ``~``, neither in commands nor in dialogs."""
    with suppress(RuntimeError):  # who has no home has nothing to hide
        text = private(text, machine)
    return text.replace("~\\", "%USERPROFILE%\\") if machine.system == "Windows" else text


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    """`value` with every text in it made clean."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_cleaned(one, clean) for one in value)
    if isinstance(value, Mapping):
        return {key: _cleaned(one, clean) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{part.name: _cleaned(getattr(value, part.name), clean) for part in fields(value)}
        )
    return value


def _is_ill(finding: Finding, subject: Subject) -> bool:
    return finding.subject == subject.name and finding.state == "problem"


def _guarded(subject: Subject, look: Look, case: Case) -> Iterator[Finding]:
    try:
        yield from look(case)
    except RvmError as fault:
        yield subject.problem(fault.problem, fault.remedy)
    except Exception as fault:
        yield _blind(subject, fault)


def _blind(subject: Subject, fault: Exception) -> Finding:
    what = " ".join(f"{type(fault).__name__}: {fault}".split())
    return subject.problem(
        f"The doctor could not look at {subject.name}: {what}.",
        f"Run: {obs_rvm()} doctor --json, and send what it prints with a report of this fault.",
    )
