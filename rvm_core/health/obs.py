"""Which OBS is here, and whether it can run scripts at all."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.desktop.boxes import FLATPAK_APP, trouble
from rvm_core.desktop.obs import Obs, is_too_old
from rvm_core.desktop.shell import obs_rvm
from rvm_core.health.case import Case
from rvm_core.health.finding import Finding, Subject

ABOUT = Subject("OBS")
_GET = "Install OBS 28 or newer from https://obsproject.com/download"
_X64 = "Install the OBS for x64 processors, which has them: https://obsproject.com/download"
_FLATHUB = f"Install the OBS of Flathub, which has them: flatpak install flathub {FLATPAK_APP}"


def look(case: Case) -> Iterator[Finding]:
    """The OBS that is meant, then the others."""
    obs = case.obs
    if obs is None:
        what = f"{case.kind.value} OBS" if case.kind else "OBS Studio"
        yield ABOUT.problem(f"No {what} was found on this computer.", f"{_GET} and start it once.")
    else:
        yield _judged(case, obs)
    others = [other for other in case.every_obs if other is not obs]
    if others:
        yield ABOUT.note(
            f"There is another one: {', '.join(map(described, others))}.",
            f"To have that one looked at instead, run: {obs_rvm()} doctor --obs {others[0].kind.value}",
        )


def _judged(case: Case, obs: Obs) -> Finding:
    boxed = trouble(case.machine, obs)
    if is_too_old(obs):
        return ABOUT.problem(f"{described(obs)}, is too old.", f"{_GET}.")
    if boxed is not None:
        return ABOUT.problem(boxed.problem, boxed.remedy)
    if not obs.has_scripting or (case.machine.system == "Linux" and obs.linked_python is None):
        way_out = _FLATHUB if case.machine.system == "Linux" else _X64
        return ABOUT.problem(f"{described(obs)}, was built without Python scripts.", way_out)
    return ABOUT.good(described(obs))


def described(obs: Obs) -> str:
    """Its version, kind and place."""
    version = ".".join(map(str, obs.version)) if obs.version else "of unknown version"
    return f"OBS {version} ({obs.kind.value}), {obs.program}"
