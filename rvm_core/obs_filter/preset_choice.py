"""The preset that a filter's settings name: where another one is chosen, its values become the filter's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rvm_core import presets
from rvm_core.errors import PresetError

if TYPE_CHECKING:
    from rvm_core.obs_filter.instance import Instance
    from rvm_core.obs_filter.status import Status

_PART = "choice"


class PresetChoice:
    """One filter's.  The worker's, but for what says otherwise.

    is_alone: at the start, that the settings hold nothing but a preset: then its values are wanted, and else
    those that were saved with it.  Set before the worker begins.
    """

    def __init__(self, instance: Instance, status: Status) -> None:
        self.is_alone = False
        self._instance, self._status = instance, status
        self._name: str | None = None
        self._adopted: str | None = None
        self._is_changed: bool | None = None

    def adopt(self, name: str) -> None:
        """The preset is about to be called `name`: that is no choice of another one.  Any thread."""
        self._adopted = name

    def follow(self, name: str) -> None:
        """The settings have changed, and name the preset `name`: bring its values if it was just chosen."""
        before, self._name = self._name, name
        self._is_changed = None
        is_new = before != name if before is not None else self.is_alone
        is_adopted = name == self._adopted
        if is_adopted or (is_new and name):
            self._adopted = None
        if is_new and not is_adopted and name:
            self._bring(name)
        elif is_new:
            self._status.solved(_PART)

    def is_changed(self) -> bool:
        """Whether the filter's values are no longer those of its preset."""
        if self._is_changed is None:  # files are read for it
            try:
                self._is_changed = presets.is_changed(self._name or "", self._instance.settings.read())
            except PresetError:
                self._is_changed = False
        return self._is_changed

    def _bring(self, name: str) -> None:
        try:
            chosen = presets.get(name)
        except PresetError as problem:
            self._status.report(_PART, problem)
            return
        if chosen.left_out:
            self._status.report(_PART, chosen.left_out[0])
        else:
            self._status.solved(_PART)
        changes = presets.changes(chosen, self._instance.settings.read())
        if changes:
            self._instance.keep(changes, preset=name)
