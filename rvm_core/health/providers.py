"""What could run the network: each provider by itself, with the real reason where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rvm_core import outside
from rvm_core.desktop.shell import typed
from rvm_core.health import child
from rvm_core.health.case import Case
from rvm_core.health.finding import RENEW, Finding, Subject

ABOUT = Subject("providers")
PROCESSOR = "cpu"
_LOAD_S, _TRY_S = 60, 180  # TensorRT builds an engine first
_DRIVER = "Install the newest driver of the graphics card; until then the processor does the work."


def look(case: Case) -> Iterator[Finding]:
    """Each is loaded, and tried if it may be, in a process of its own."""
    ending = asked(case, "list", limit_s=_LOAD_S)
    if "every" not in ending.answer:
        yield ABOUT.problem(f"onnxruntime cannot be asked what it runs on: {ending.fault}.", RENEW)
        return
    listed = ending.answer
    able = [PROCESSOR]
    for name in (name for name in listed["installed"] if name != PROCESSOR):
        loaded = asked(case, "load", name, limit_s=_LOAD_S)
        if "why_not" not in loaded.answer:
            packages = " ".join(listed["packages"].get(name, ()))
            yield ABOUT.problem(
                f"{name} ends every program that loads it, OBS too: {loaded.fault}.",
                f"Run: {typed(case.python)} -m pip uninstall --yes {packages}",
            )
        elif loaded.answer["why_not"]:
            yield ABOUT.note(f"{name} cannot be used: {loaded.answer['why_not']}.", _DRIVER)
        else:
            able.append(name)
    for name in dict.fromkeys([*able, *filter(None, [case.tried])]):
        if name == case.tried or not (name == PROCESSOR or rests(case)):
            yield from _tried(case, name, name in listed["installed"])
        else:
            yield from _told(name, listed["known"][name])
    if absent := [name for name in listed["every"] if name not in listed["installed"]]:
        yield ABOUT.good(f"not installed: {', '.join(absent)}")


def rests(case: Case) -> bool:
    """Whether nothing may be tried: the user is in a hurry, or a filter is at work."""
    return case.is_quick or bool(outside.processes())


def asked(case: Case, part: str, name: str = "", *, limit_s: float) -> child.Ending:
    """How the `part` of :mod:`rvm_core.health.trial` went."""
    return child.doctor(case.python, "--model", case.model, "--child", part, name, limit_s=limit_s)


def _tried(case: Case, name: str, is_installed: bool) -> Iterator[Finding]:
    ending = asked(case, "try", name, limit_s=_TRY_S)
    answer = ending.answer
    if answer.get("kind") == "ProviderError":
        yield ABOUT.note(str(answer["problem"]), _DRIVER if is_installed else str(answer["remedy"]))
    elif "problem" in answer:
        yield ABOUT.problem(str(answer["problem"]), str(answer["remedy"]))
    elif not answer:
        yield ABOUT.note(f"{name} is left out: {ending.fault} when it was tried.", _DRIVER)
    else:
        yield from _told(name, answer["verdicts"])


def _told(name: str, verdicts: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What the ledger has of a provider that is able to run."""
    for verdict in verdicts:
        what = f"({verdict['what']})"
        if verdict["reason"]:
            yield ABOUT.note(f"{name} is left out: {verdict['reason']} {what}.", _DRIVER)
        else:
            times = f"{verdict['ms']:.1f} ms a picture, the processor {verdict['cpu_ms']:.1f}"
            yield ABOUT.good(f"{name}: {times} {what}")
    if not verdicts:
        yield ABOUT.good(f"{name}: {'always there' if name == PROCESSOR else 'there, and not tried yet'}")
