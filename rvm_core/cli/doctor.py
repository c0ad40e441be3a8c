"""``obs-rvm doctor``: what this computer has for the filter, what is left out and why, what filters do."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from rvm_core import __version__, paths
from rvm_core.cli.output import EXIT_FAULT, show, tell
from rvm_core.cli.running import Question, Running
from rvm_core.errors import ProviderError, SettingsError

DEFAULT_MODEL = "rvm_mobilenetv3"


@dataclass(frozen=True)
class ProviderState:
    """A provider of the settings.  state: ``ready``, ``untried``, ``left out``, ``absent``; why: a clause."""

    name: str
    state: str
    why: str


@dataclass(frozen=True)
class Diagnosis:
    """What ``doctor`` found.

    problem: what keeps the filter from working; empty when nothing does.  running: what filters do now.
    """

    version: str
    python: str
    data: str
    model: str
    model_state: str
    providers: tuple[ProviderState, ...]
    problem: str
    running: Running = field(default_factory=Running)

    def text(self) -> str:
        """A line for each finding."""
        lines = [
            f"obs-rvm {self.version}, Python {self.python}",
            f"data folder  {self.data}",
            f"model        {self.model}: {self.model_state}",
            "runs on",
            *(f"  {one.name:10} {one.state:9} {one.why}" for one in self.providers),
            *self.running.lines(),
        ]
        return "\n".join([*lines, self.problem] if self.problem else lines)


def diagnose(model: str = DEFAULT_MODEL) -> Diagnosis:
    """Look at `model` and at everything that could run a network; nothing is tried.  Raises ModelError."""
    from rvm_core.models import entry, state

    found = state(entry(model))
    problem = "" if found == "ready" else f"The model {model} is {found}. Run: obs-rvm models get {model}"
    return Diagnosis(
        __version__,
        platform.python_version(),
        str(paths.data_dir()),
        model,
        found,
        tuple(_provider_states()),
        problem,
    )


def try_provider(name: str, model: str) -> None:
    """Let the provider `name` prove itself with `model`, whatever was known of it.  Raises RvmError."""
    from rvm_core.matting import Matting, ledger, providers

    if name not in providers.PROVIDERS:
        names = ", ".join(providers.PROVIDERS)
        raise SettingsError(f"There is no provider {name!r} to try.", f"Use one of: {names}.")
    ledger.forget(name)
    Matting(model, "fast", name).close()


def _provider_states() -> Iterator[ProviderState]:
    from rvm_core.matting import ledger, providers

    available = providers.available()
    for name in providers.PROVIDERS:
        if name not in available:
            yield ProviderState(name, "absent", providers.why_not(name))
            continue
        what = available[name].what
        known = [one for one in ledger.everything() if one.provider == name and one.what.endswith(what)]
        for verdict in known:
            why = f"{verdict.reason or f'{verdict.ms:.1f} ms a picture, the processor {verdict.cpu_ms:.1f}'}"
            yield ProviderState(name, "left out" if verdict.reason else "ready", f"{why} ({verdict.what})")
        if not known:
            yield ProviderState(name, "ready" if name == "cpu" else "untried", what)


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    command = commands.add_parser(
        "doctor", help="what this computer has for the filter, what is left out and why, what filters do"
    )
    command.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="a name of `models list`")
    command.add_argument(
        "--try",
        dest="tried",
        metavar="PROVIDER",
        help="let a provider prove itself, also one that was left out",
    )
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.tried:
        try:
            try_provider(options.tried, options.model)
        except ProviderError as refusal:
            tell(refusal.problem)
    question = Question()
    found = diagnose(options.model)
    found = replace(found, running=question.answers())
    show(found, as_json=options.json)
    return EXIT_FAULT if found.problem else 0
