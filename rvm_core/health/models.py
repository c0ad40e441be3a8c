"""The networks' files: there, and exactly what they must be."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.desktop.shell import obs_rvm
from rvm_core.health.case import Case
from rvm_core.health.finding import Finding, Subject
from rvm_core.presets import BUILT_IN
from rvm_core.schema import MODEL_KEY

ABOUT = Subject("models")


def look(case: Case) -> Iterator[Finding]:
    """The one that is asked about, those of the presets, and whatever else lies there.  Raises ModelError."""
    from rvm_core.models import entries, entry, promised, state

    known = {**entries(), case.model: entry(case.model)}
    wanted = {preset.complete[MODEL_KEY]: preset.name for preset in BUILT_IN}
    for name, model in known.items():
        found = state(model)
        get = f"Run: {obs_rvm()} models get {name}"
        promise = promised(model)
        if found == "ready" and promise:
            yield ABOUT.good(f"{name}: ready, sha256 {promise.digest[:12]}...")
        elif found == "damaged":
            yield ABOUT.problem(f"The model {name} is damaged: {model.path} is not the file it must be.", get)
        elif name == case.model:
            yield ABOUT.problem(f"The model {name} is {found}.", get)
        elif found == "unverified":
            yield ABOUT.note(f"The model {name} is unverified.", get)
        elif name in wanted:
            yield ABOUT.note(f"The model {name} is absent; the preset “{wanted[name]}” needs it.", get)
