"""Which Python OBS loads, and whether the environment is made of it."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.desktop.config import configured_python
from rvm_core.desktop.obs import Kind, Obs
from rvm_core.desktop.python_supply import how_to_get
from rvm_core.desktop.pythons import choose_python, find_pythons, is_found_in, named, why_not
from rvm_core.health import environment
from rvm_core.health.case import Case
from rvm_core.health.finding import REPAIR, Finding, Subject

ABOUT = Subject("Python")


def look(case: Case) -> Iterator[Finding]:
    """On Linux OBS links one; elsewhere the user chooses it in OBS."""
    if case.obs is not None and case.obs.linked_python is not None:
        yield _loaded(case.obs, case.obs.linked_python)
    elif case.obs is not None:
        yield _chosen(case, case.obs)


def way_to_one(case: Case, obs: Obs) -> str:
    """How this OBS comes to a Python that it can load."""
    fitting = choose_python(case.machine, obs, None)
    if fitting is None:
        return how_to_get(case.machine, obs)[0]
    return f"In OBS choose Tools > Scripts > Python Settings, and there the folder {fitting.home}"


def _chosen(case: Case, obs: Obs) -> Finding:
    """Whether OBS can load the Python that its user chose."""
    told = configured_python(case.machine, obs)
    if told is None:
        return ABOUT.problem("OBS was not told which Python it is to load.", way_to_one(case, obs))
    place = case.machine.path(told)
    there = [one for one in find_pythons(case.machine, place) if is_found_in(place, one)]
    if not there:
        return ABOUT.problem(f"OBS is to load a Python in {place}, where none is.", way_to_one(case, obs))
    fitting = [one for one in there if not why_not(one, obs)]
    if not fitting:
        fault = f"{there[0]} in {place} {why_not(there[0], obs)}"
        return ABOUT.problem(f"OBS cannot load what it was told to: {fault}.", way_to_one(case, obs))
    return _loaded(obs, max(one.version for one in fitting))


def _loaded(obs: Obs, version: tuple[int, int]) -> Finding:
    """OBS loads Python `version`: is the environment of it?"""
    made_of, made_for = environment.python_version(), environment.architecture()
    if made_of not in (None, version):
        why = ", perhaps since an update" if obs.kind in (Kind.FLATPAK, Kind.SNAP) else ""
        return ABOUT.problem(
            f"OBS loads Python {named(version)}{why}, and the environment is of {named(made_of)}.", REPAIR
        )
    if obs.architecture and made_for not in ("", "universal2", obs.architecture):
        return ABOUT.problem(f"OBS is for {obs.architecture}, and the environment for {made_for}.", REPAIR)
    return ABOUT.good(f"OBS loads Python {named(version)}")
