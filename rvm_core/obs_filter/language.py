"""The language in which OBS itself speaks.  Any thread but the graphics thread; nothing here raises."""

from __future__ import annotations

from typing import Any

from rvm_core.errors import HostError, RvmError
from rvm_core.libobs import api
from rvm_core.texts import translated

_ENGLISH = "en-US"
_known: list[str] = []
"""OBS's locale, once it was asked: it changes only as OBS starts."""


def tr(text: str, /, **values: Any) -> str:
    """The English `text` in OBS's language, with each {name} replaced by its value.

    `text` is a literal, or a field such as ``setting.label``: the tests look for what needs a translation.
    """
    found = told(text)
    if not values:
        return found
    try:
        return found.format(**values)
    except (LookupError, ValueError, TypeError, AttributeError):  # a text that does not fit its values
        return _english(text, values)


def told(message: str) -> str:
    """A finished English `message`, such as an error's problem, in OBS's language."""
    return translated(message, _locale())


def sentences(problem: RvmError) -> str:
    """What happened and what to do about it, in OBS's language."""
    return f"{told(problem.problem)} {told(problem.remedy)}"


def _english(text: str, values: dict[str, Any]) -> str:
    try:
        return text.format(**values)
    except (LookupError, ValueError, TypeError, AttributeError):
        return text


def _locale() -> str:
    if not _known:
        try:
            # libobs reads its own memory for the other question, and has none before OBS has started
            found = api.function("obs_initialized")() and api.function("obs_get_locale")()
        except HostError:
            found = None
        if not found:
            return _ENGLISH
        _known.append(found.decode(errors="replace"))
    return _known[0]
