"""What one setting is: its key, its kind, its words, its limits.  The settings themselves: ``settings``.

No heavy import here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from rvm_core.errors import SettingsError
from rvm_core.paths import manifest_file, user_manifest_file

MODE_KEY, MODEL_KEY, ADVANCED_KEY = "mode", "model", "advanced"
"""Of the settings on which it depends whether others do anything, or are shown."""


LONGEST_VALUE = 100
"""Characters of a bad value that a message repeats."""


class Kind(Enum):
    """How a value is stored in an OBS scene file."""

    CHOICE = "choice"  # string out of `choices`
    NUMBER = "number"  # float within `low`..`high`
    COUNT = "count"  # int within `low`..`high`
    SWITCH = "switch"  # bool
    COLOR = "color"  # int 0xAABBGGRR, as OBS stores it
    PATH = "path"  # string
    TEXT = "text"  # string


class Role(Enum):
    """What a preset does with a setting."""

    LOOK = "look"  # every preset says it
    CONTENT = "content"  # the user's own presets hold it, those that are built in leave it as it is
    APART = "apart"  # of this filter, this camera or this computer: no preset touches it


@dataclass(frozen=True)
class Setting:
    """One key of the schema.

    ``choices`` maps each stored value to the label that users read, ``live_choices`` adds those that video
    files do not have; ``modes`` names the modes in which the setting does anything, ``methods`` the methods
    of models (empty: in all of them), ``needs`` another setting and its values.
    ``file_help`` is the help for video files where that is another; one that is ``live_only`` has no meaning
    there.  ``unit`` follows a number where users read it.  ``group`` is the part of the settings window,
    ``advanced``: shown only when users ask for more.  ``role`` is what presets do with it.
    """

    key: str
    kind: Kind
    default: Any
    label: str
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 0.0
    step: float = 0.0
    unit: str = ""
    modes: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    needs: tuple[str, tuple[Any, ...]] | None = None
    live_choices: tuple[tuple[str, str], ...] = ()
    file_help: str = ""
    live_only: bool = False
    group: str = ""
    advanced: bool = False
    role: Role = Role.LOOK

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Whether the setting does anything beside the complete `values`."""
        return (
            (not self.modes or values[MODE_KEY] in self.modes)
            and (not self.methods or _methods().get(values[MODEL_KEY]) in self.methods)
            and (self.needs is None or values[self.needs[0]] in self.needs[1])
        )

    def is_shown(self, values: Mapping[str, Any]) -> bool:
        """Whether the settings window has it beside the complete `values`."""
        return self.applies(values) and (not self.advanced or values[ADVANCED_KEY])

    @property
    def depends_on(self) -> set[str]:
        """Keys of the settings that decide :meth:`is_shown`."""
        found = {self.needs[0]} if self.needs else set()
        decided_by = {MODE_KEY: self.modes, MODEL_KEY: self.methods, ADVANCED_KEY: self.advanced}
        return found | {key for key, decides in decided_by.items() if decides}

    def coerce(self, value: Any, *, for_file: bool = False) -> Any:
        """`value` as this setting stores it: clamped to its range.

        Raises SettingsError for a value of another type or an unknown choice.
        """
        try:
            if self.kind is Kind.SWITCH:
                if not isinstance(value, (bool, int)):
                    raise TypeError
                return bool(value)
            if self.kind is Kind.NUMBER:
                if not math.isfinite(float(value)):
                    raise ValueError
                return min(max(float(value), self.low), self.high)
            if self.kind is Kind.COUNT:
                return int(min(max(int(value), self.low), self.high))
            if self.kind is Kind.COLOR:
                return int(value) & 0xFFFFFFFF
        except (TypeError, ValueError, OverflowError):
            raise SettingsError(
                f"{self.key} cannot be {shown(value)}.",
                f"Use a {self.kind.value}, for example {self.default!r}.",
            ) from None
        if not isinstance(value, str):
            raise SettingsError(f"{self.key} cannot be {shown(value)}.", "Use a text value.")
        choices = dict(self.choices if for_file else self.choices + self.live_choices)
        if self.kind is Kind.CHOICE and value not in choices:
            raise SettingsError(f"{self.key} cannot be {shown(value)}.", f"Use one of: {', '.join(choices)}.")
        return value


def shown(value: Any) -> str:
    """`value` for people: a damaged scene file may hold any amount of text."""
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def of_models(field: str) -> dict[str, str]:
    """A field of each model by name; a user's manifest that cannot be read is reported by the registry."""
    found: dict[str, str] = {}
    for path in (manifest_file(), user_manifest_file()):
        try:
            models = json.loads(path.read_text(encoding="utf-8"))["models"]
            found.update({str(name): str(entry[field]) for name, entry in models.items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return found


@cache
def _methods() -> dict[str, str]:
    return of_models("method")
