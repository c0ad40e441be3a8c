"""``obs-rvm models``: what the registry knows, what of it is on this computer, and how it comes and goes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvm_core.cli.output import EXIT_FAULT, Result, show, tell
from rvm_core.cli.progress import Meter
from rvm_core.cli.video import EXIT_INTERRUPTED
from rvm_core.desktop.shell import obs_rvm
from rvm_core.errors import ModelError, ModelMissing


@dataclass(frozen=True)
class ModelState:
    """A model of the registry and what lies on disk.

    ``state`` is ``ready``, ``absent``, ``damaged`` or, where nobody publishes a sha256 and none was kept yet,
    ``unverified``.  ``bytes`` is None where it is not known.
    """

    name: str
    title: str
    bytes: int | None
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
            f"{one.name:26} {one.state:10} {_megabytes(one.bytes):>9}  {one.licence:10}  {one.title}"
            for one in self.models
        )


@dataclass(frozen=True)
class ModelFile:
    """A verified model file, and the sha256 that was kept for it where nobody publishes one (else empty)."""

    name: str
    path: Path
    kept_sha256: str = ""

    def text(self) -> str:
        """One line."""
        kept = ""
        if self.kept_sha256:
            kept = f" (nobody publishes its sha256; kept from its first use here: {self.kept_sha256})"
        return f"{self.name}: verified{kept}, {self.path}"


@dataclass(frozen=True)
class ModelRemoved:
    """What ``models remove`` freed."""

    name: str
    bytes: int

    def text(self) -> str:
        """One line."""
        return f"{self.name}: removed, {_megabytes(self.bytes)} freed"


def list_models() -> ModelList:
    """Every model of the registry.  Raises ModelError for an unreadable manifest."""
    from rvm_core.models import ModelEntry, entries, promised, state

    def seen(entry: ModelEntry) -> ModelState:
        promise = promised(entry)
        size = promise.bytes if promise else None
        return ModelState(entry.name, entry.title, size, entry.licence, str(entry.path), state(entry))

    return ModelList(tuple(map(seen, entries().values())))


def get_model(name: str, progress: Callable[[int, int], None] | None = None) -> ModelFile:
    """Fetch and verify the model `name`.  Raises ModelError."""
    from rvm_core.models import ensure

    return _described(name, ensure(name, download=True, progress=progress))


def verify_model(name: str) -> ModelFile:
    """Verify the model `name` without fetching it.  Raises ModelError."""
    from rvm_core.models import entry, verified

    wanted = entry(name)
    if not wanted.path.is_file():
        raise ModelMissing(
            f"The model file {wanted.path} is not there.", f"Run: {obs_rvm()} models get {name}"
        )
    return _described(name, verified(wanted.path, wanted))


def remove_model(name: str) -> ModelRemoved:
    """Remove the model `name` and all that belongs to it.  Raises ModelError, also when it is not there."""
    from rvm_core.models import remove

    return ModelRemoved(name, remove(name))


def names_here() -> list[str]:
    """The models whose file is here, whatever its bytes.  Raises ModelMissing where there is none."""
    from rvm_core.models import entries

    names = [entry.name for entry in entries().values() if entry.path.is_file()]
    if not names:
        raise ModelMissing("No model is on this computer.", f"Run: {obs_rvm()} models get rvm_mobilenetv3")
    return names


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    models = commands.add_parser("models", help="list, fetch, verify and remove models")
    actions = models.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every model and whether it is on this computer")
    listing.add_argument("--json", action="store_true", help="as JSON")
    for action, count, text in (
        ("get", "+", "fetch models and verify them; what broke off goes on"),
        ("verify", "*", "check models' bytes; without a name, of all that are here"),
        ("remove", "+", "delete models and what was made of them"),
    ):
        asked = actions.add_parser(action, help=text)
        asked.add_argument("names", nargs=count, metavar="NAME", help="a name of the list")
    models.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.action == "list":
        show(list_models(), as_json=options.json)
        return 0
    if options.action == "get":
        return _each(options.names, _get_visibly)
    if options.action == "verify":
        return _each(options.names or names_here(), verify_model)
    return _each(options.names, remove_model)


def _each(names: Iterable[str], action: Callable[[str], Result]) -> int:
    """Do it for every name, once; a fault is told, and the next name has its turn."""
    code = 0
    for name in dict.fromkeys(names):
        try:
            show(action(name))
        except ModelError as fault:
            tell(str(fault))
            code = EXIT_FAULT
        except KeyboardInterrupt:
            tell(f"interrupted at {name}; the same command goes on with it.")
            return EXIT_INTERRUPTED
    return code


def _get_visibly(name: str) -> ModelFile:
    if not sys.stderr.isatty():
        return get_model(name)
    meter = Meter(name)
    try:
        return get_model(name, meter)
    finally:
        meter.finish()


def _described(name: str, path: Path) -> ModelFile:
    from rvm_core.models import entry, promised

    model = entry(name)
    promise = promised(model) if model.sha256 is None else None
    return ModelFile(name, path, promise.digest if promise else "")


def _megabytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e6:.1f} MB"
