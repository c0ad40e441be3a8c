"""Which OBS is here, and whether it can run scripts at all."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.desktop.obs import Obs
from rvm_core.health.case import Case
from rvm_core.health.finding import Finding, Subject

ABOUT = Subject("OBS")
_OLDEST = 28
_GET = "Install OBS 28 or newer from https://obsproject.com/download"


def look(case: Case) -> Iterator[Finding]:
    """The OBS that is meant, then the others."""
    obs = case.obs
    if obs is None:
        what = f"{case.kind.value} OBS" if case.kind else "OBS Studio"
        yield ABOUT.problem(f"No {what} was found on this computer.", f"{_GET} and start it once.")
        return
    if obs.version is not None and obs.version[0] < _OLDEST:
        yield ABOUT.problem(f"{described(obs)} is too old.", f"{_GET}.")
    elif case.machine.system == "Linux" and obs.linked_python is None:
        yield ABOUT.problem(
            f"{described(obs)} was built without Python scripts.",
            "Install an OBS whose Tools > Scripts has the tab Python Settings or runs .py files: your "
            "distribution's, or the one of https://obsproject.com/download.",
        )
    else:
        yield ABOUT.good(described(obs))
    others = [other for other in case.every_obs if other is not obs]
    if others:
        yield ABOUT.note(
            f"What follows is about the {obs.kind.value} one; there are others: "
            f"{', '.join(map(described, others))}.",
            f"To look at another one: obs-rvm doctor --obs {others[0].kind.value}",
        )


def described(obs: Obs) -> str:
    """Its version, kind and place."""
    version = ".".join(map(str, obs.version)) if obs.version else "of unknown version"
    return f"OBS {version} ({obs.kind.value}), {obs.program}"
