"""Rows of the settings window that are no settings: buttons, and what is said beside them.  UI thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from rvm_core.errors import RvmError
from rvm_core.libobs import constants as c
from rvm_core.obs_filter.language import sentences

if TYPE_CHECKING:
    from rvm_core.obs_filter.instance import Instance

_SAID_FOR_S = 60.0
"""Whoever opens the window later need not read what a button said."""


@dataclass(frozen=True)
class Button:
    """``press`` does what the button is for, with the filter's complete values, and says what it did.

    It may raise RvmError, which is said too.  What it says stands in the row of text called ``note``.
    ``is_shown`` takes the complete values.  ``label`` and ``help`` are asked anew for each window.
    """

    name: str
    label: Callable[[], str]
    help: Callable[[], str]
    is_shown: Callable[[Mapping[str, Any]], bool]
    press: Callable[[Instance, Mapping[str, Any]], str]
    note: str = ""


@dataclass(frozen=True)
class Text:
    """A row of text: ``read`` gives it with its OBS_TEXT_INFO_*; an empty one is not shown."""

    name: str
    is_shown: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Instance], tuple[str, int]]


@dataclass(frozen=True)
class _Note:
    text: str
    kind: int
    time_s: float


_notes: WeakKeyDictionary[Instance, dict[str, _Note]] = WeakKeyDictionary()


def press(button: Button, living: Instance, given: Mapping[str, Any]) -> None:
    """Do what `button` is for and keep what it says."""
    try:
        text, kind = button.press(living, given), c.OBS_TEXT_INFO_NORMAL
    except RvmError as problem:
        text, kind = sentences(problem), c.OBS_TEXT_INFO_ERROR
    _notes.setdefault(living, {})[button.note] = _Note(text, kind, time.monotonic())


def note(name: str, is_shown: Callable[[Mapping[str, Any]], bool]) -> Text:
    """The row in which buttons say what they did."""

    def read(living: Instance) -> tuple[str, int]:
        said = _notes.get(living, {}).get(name)
        if said is None or time.monotonic() - said.time_s > _SAID_FOR_S:
            return "", c.OBS_TEXT_INFO_NORMAL
        return said.text, said.kind

    return Text(name, is_shown, read)
