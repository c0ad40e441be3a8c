"""Which Python OBS loads, and whether the environment is made of it."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core.desktop.config import configured_python
from rvm_core.desktop.obs import Kind, Obs
from rvm_core.desktop.pythons import Python, choose_python, find_pythons, how_to_get, python_limits
from rvm_core.health.case import Case
from rvm_core.health.environment import python_version
from rvm_core.health.finding import REPAIR, Finding, Subject

ABOUT = Subject("Python")


def look(case: Case) -> Iterator[Finding]:
    """On Linux OBS links one; elsewhere the user chooses it in OBS."""
    obs = case.obs
    if obs is None:
        return
    if case.machine.system == "Linux":
        if obs.linked_python is not None:
            yield _loaded(obs, obs.linked_python)
        return
    named = configured_python(case.machine, obs)
    if named is None:
        yield ABOUT.problem("OBS was not told which Python it is to load.", _choose(case, obs))
        return
    place = case.machine.path(named)
    found = next((one for one in find_pythons(case.machine) if one.home == place), None)
    yield (
        ABOUT.problem(f"OBS is to load the Python in {place}, where none is.", _choose(case, obs))
        if found is None
        else _judged(case, obs, found)
    )


def _judged(case: Case, obs: Obs, found: Python) -> Finding:
    """Whether OBS can load the Python that it was told to load."""
    lowest, highest = python_limits(obs)
    if not lowest <= found.version <= highest:
        return ABOUT.problem(
            f"OBS is to load Python {_dotted(found.version)} in {found.home}; "
            f"it must be {_dotted(lowest)} to {_dotted(highest)}.",
            _choose(case, obs),
        )
    if obs.architecture and found.architecture and obs.architecture != found.architecture:
        return ABOUT.problem(
            f"OBS is built for {obs.architecture}, and its Python in {found.home} for {found.architecture}.",
            _choose(case, obs),
        )
    return _loaded(obs, found.version)


def _loaded(obs: Obs, version: tuple[int, int]) -> Finding:
    """OBS loads Python `version`: is the environment of it?"""
    made_of = python_version()
    if made_of is not None and made_of != version:
        why = ", perhaps since its runtime was updated" if obs.kind is Kind.FLATPAK else ""
        return ABOUT.problem(
            f"OBS loads Python {_dotted(version)}{why}, and the environment is of {_dotted(made_of)}.", REPAIR
        )
    return ABOUT.good(f"OBS loads Python {_dotted(version)}")


def _choose(case: Case, obs: Obs) -> str:
    """How OBS comes to a Python that it can load."""
    fitting = choose_python(case.machine, obs, None)
    if fitting is None:
        return how_to_get(case.machine, obs)[0]
    return f"In OBS choose Tools > Scripts > Python Settings, and there {fitting.home}"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
