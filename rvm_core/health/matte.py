"""A second of mattes, as the filter makes them."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.health.case import Case
from rvm_core.health.finding import RENEW, Finding, Subject
from rvm_core.health.providers import asked, rests

ABOUT = Subject("matte")
_LIMIT_S = 240  # where nothing was compiled before
SLOW_MS = 1000 / 30


def look(case: Case) -> Iterator[Finding]:
    """How many there were, and on what."""
    from rvm_core.models import entry, state

    if rests(case):
        why = "as was asked" if case.is_quick else "so that the filters at work are not disturbed"
        yield ABOUT.good(f"not tried, {why}")
        return
    if state(entry(case.model)) != "ready":
        yield ABOUT.note(f"not tried: the model {case.model} is not ready")
        return
    ending = asked(case, "matte", limit_s=_LIMIT_S)
    answer = ending.answer
    if "problem" in answer:
        yield ABOUT.problem(f"No matte can be made. {answer['problem']}", str(answer["remedy"]))
    elif ending.fault or not answer:
        yield ABOUT.problem(f"No matte can be made: {ending.fault}.", RENEW)
    else:
        told = f"{answer['mattes']} in a second, {answer['ms']:.1f} ms each ({answer['what']})"
        if answer["ms"] > SLOW_MS:
            yield ABOUT.note(
                f"Mattes are slow: {told}.",
                "In the filter's properties choose the preset “Weak computer”. "
                "Close other programs that use the processor.",
            )
        else:
            yield ABOUT.good(told)
