"""``obs-rvm models``: what the registry knows, and whether it is on this computer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvm_core.cli.output import show
from rvm_core.errors import ModelError, ModelMissing


@dataclass(frozen=True)
class ModelState:
    """A model of the registry and what lies on disk: ``ready``, ``absent`` or ``damaged``."""

    name: str
    title: str
    bytes: int
    licence: str
    path: str
    state: str


@dataclass(frozen=True)
class ModelList:
    """What ``models list`` found."""

    models: tuple[ModelState, ...]

    def text(self) -> str:
        """A line for each model."""
        return "\n".join(
            f"{model.name:24} {model.state:8} {model.bytes / 1e6:7.1f} MB  {model.title}"
            for model in self.models
        )


@dataclass(frozen=True)
class ModelFile:
    """A verified model file."""

    name: str
    path: Path

    def text(self) -> str:
        """One line."""
        return f"{self.name}: verified, {self.path}"


def list_models() -> ModelList:
    """Every model of the registry.  Raises ModelError for an unreadable manifest."""
    from rvm_core.models import entries, verified

    states = []
    for entry in entries().values():
        state = "absent"
        if entry.path.is_file():
            try:
                verified(entry.path, entry)
                state = "ready"
            except ModelError:
                state = "damaged"
        states.append(ModelState(entry.name, entry.title, entry.bytes, entry.licence, str(entry.path), state))
    return ModelList(tuple(states))


def get_model(name: str, progress: Callable[[int, int], None] | None = None) -> ModelFile:
    """Fetch and verify the model `name`.  Raises ModelError."""
    from rvm_core.models import ensure

    return ModelFile(name, ensure(name, download=True, progress=progress))


def verify_model(name: str) -> ModelFile:
    """Verify the model `name` without fetching it.  Raises ModelError."""
    from rvm_core.models import entry, verified

    wanted = entry(name)
    if not wanted.path.is_file():
        raise ModelMissing(f"The model file {wanted.path} is not there.", f"Run: obs-rvm models get {name}")
    return ModelFile(name, verified(wanted.path, wanted))


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    models = commands.add_parser("models", help="list, fetch and verify models")
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every model and whether it is on this computer")
    listing.add_argument("--json", action="store_true", help="as JSON")
    for action, text in (("get", "fetch a model and verify it"), ("verify", "check a model's bytes")):
        actions.add_parser(action, help=text).add_argument("name", metavar="NAME", help="a name of the list")
    models.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.action == "list":
        show(list_models(), as_json=options.json)
    elif options.action == "get":
        show(get_model(options.name, _show_progress if sys.stderr.isatty() else None))
    else:
        show(verify_model(options.name))
    return 0


def _show_progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done / 1e6:.1f} of {total / 1e6:.1f} MB", end=end, file=sys.stderr, flush=True)
