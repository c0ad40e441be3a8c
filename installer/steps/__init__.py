"""The steps of an installation; each one either changes everything that it is for, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from installer import target
from installer.console import Console
from installer.errors import CommandFailed, InstallError
from installer.layout import Layout, package_command
from installer.record import Record
from installer.runner import Runner
from installer.source import Source
from installer.target import Target
from installer.wishes import Wishes
from rvm_core.desktop.machine import Machine


@dataclass
class Workshop:
    """What a step works with."""

    layout: Layout
    runner: Runner
    console: Console
    machine: Machine
    wishes: Wishes
    source: Source
    record: Record
    _target: Target | None = None

    def target(self) -> Target:
        """The OBS that is meant, and its Python."""
        if self._target is None:
            self._target = target.find(
                self.machine, self.wishes.obs, self.folders(), is_leaving=self.wishes.is_uninstall
            )
        return self._target

    def look_again(self) -> Target:
        """The same, as it is now: a step has brought an OBS or a Python."""
        self._target = None
        return self.target()

    def folders(self) -> list[Path]:
        """What the commands read and write beside the data folder: a flatpak must be shown it."""
        used = (self.source.path, self.source.wheels, self.wishes.prepare)
        return [folder for folder in used if folder]

    def run(
        self, words: Sequence[str], env: Mapping[str, str] | None = None, shows_output: bool = False
    ) -> list[str]:
        """Run a command where the Python of that OBS lives; its last lines.  Raises CommandFailed."""
        with self._temporary() as places:
            boxed, variables = self.target().command(words, {**places, **(env or {})}, self.folders())
            return self.runner.run(boxed, env=variables, shows_output=shows_output)

    @contextmanager
    def _temporary(self) -> Iterator[dict[str, str]]:
        folder = self.layout.temporary
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def run_project(self, arguments: Sequence[str], problem: str, advice: str) -> str:
        """Run a command of the installed package; its last line.  Raises InstallError."""
        words = [*package_command(self.layout), *arguments]
        try:
            tail = self.run(words, self.layout.child_environment())
        except CommandFailed as failure:
            remedy = f"{advice}, then run this again. {failure.remedy}"
            raise InstallError(problem, remedy, failure.tail) from failure
        return tail[-1] if tail else "ready"


class Step(Protocol):
    """One thing to be done; `run` returns the outcome in a few words or raises InstallError."""

    @property
    def title(self) -> str: ...

    @property
    def detail(self) -> str: ...

    def run(self, workshop: Workshop) -> str: ...
