"""The environment of the installer: there, complete, and of a Python that still runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from rvm_core import __version__, paths
from rvm_core.desktop.binaries import architecture_name
from rvm_core.desktop.boxes import box_of
from rvm_core.desktop.shell import typed
from rvm_core.health import child
from rvm_core.health.case import Case
from rvm_core.health.finding import RENEW, REPAIR, Finding, Subject

ABOUT = Subject("environment")
_LIMIT_S = 30
_PROGRAM = """
import importlib.metadata, json, platform, sysconfig
found = [one.version for one in importlib.metadata.distributions(name="obs-rvm")]
told = {"python": platform.python_version(), "platform": sysconfig.get_platform(), "versions": found}
print(json.dumps(told))
"""


def look(case: Case) -> Iterator[Finding]:
    """Where the script will find its packages."""
    folder, override = paths.environment_dir(), os.environ.get(paths.SITE_PACKAGES_VARIABLE)
    boxed = box_of(case.obs).data if case.obs else None
    if boxed is not None and case.machine.path(paths.data_dir()) != boxed:
        yield ABOUT.problem(
            f"This OBS keeps the filter in {boxed}, and the doctor looked in {paths.data_dir()}.",
            f"Run: {typed(boxed / 'bin' / 'obs-rvm')} doctor",
        )
    elif override:
        place = paths.site_packages_dir()
        if place is None or not place.is_dir():
            yield ABOUT.problem(
                f"{paths.SITE_PACKAGES_VARIABLE} names the folder {place}, which is not there.",
                "Correct that variable, or unset it.",
            )
        else:
            yield ABOUT.good(f"{place}, named by {paths.SITE_PACKAGES_VARIABLE}")
    elif not folder.is_dir():
        yield ABOUT.problem(f"There is no environment for OBS in {folder}.", "Run the installer.")
    elif not paths.environment_marker_file().is_file():
        yield ABOUT.problem(f"The environment {folder} is only half made.", REPAIR)
    else:
        yield _tried(case)


def python_version() -> tuple[int, int] | None:
    """Of which Python the environment is, by its own word; None where there is none."""
    try:
        text = (paths.environment_dir() / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", text, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None


def architecture() -> str:
    """For which processors its Python was built; empty where there is none that runs."""
    told = str(
        child.program(paths.environment_python(), _PROGRAM, limit_s=_LIMIT_S).answer.get("platform", "")
    )
    return architecture_name(told.rpartition("-")[2]) if told else ""


def _tried(case: Case) -> Finding:
    python = paths.environment_python()
    if not python.exists():  # a link to what was there
        return ABOUT.problem(f"The Python that {paths.environment_dir()} was made of is gone.", REPAIR)
    ending = child.program(python, _PROGRAM, limit_s=_LIMIT_S)
    if ending.fault:
        return ABOUT.problem(f"The environment's Python does not run: {ending.fault}.", RENEW)
    versions = ending.answer["versions"]
    if (versions or case.record) and versions != [__version__]:
        has = f"obs-rvm {versions[0]}" if versions else "no obs-rvm"
        return ABOUT.problem(f"The environment has {has}, and this is {__version__}.", REPAIR)
    return ABOUT.good(f"{paths.environment_dir()}, Python {ending.answer['python']}")
