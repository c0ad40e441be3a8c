"""What the installer says it did."""

from __future__ import annotations

from collections.abc import Iterator

from rvm_core import __version__, paths
from rvm_core.health import record
from rvm_core.health.case import Case
from rvm_core.health.finding import REPAIR, Finding, Subject

ABOUT = Subject("installation")


def look(_case: Case) -> Iterator[Finding]:
    """Whether it was finished, and of which version it is."""
    try:
        found = record.read()
    except (OSError, ValueError) as fault:
        yield ABOUT.problem(
            f"The installer's record {paths.install_record_file()} cannot be read ({fault}).", REPAIR
        )
        return
    version = found.get("version")
    if not found:
        yield ABOUT.good("not made by the installer: a checkout or a package")
    elif found.get("state") != "installed":
        yield ABOUT.problem("The installation was interrupted.", REPAIR)
    elif version != __version__:
        yield ABOUT.problem(f"obs-rvm {version} is installed, and this is {__version__}.", REPAIR)
    else:
        yield ABOUT.good(f"complete, version {version}")
