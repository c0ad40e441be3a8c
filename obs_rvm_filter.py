"""RVM Background: add this file in OBS under Tools > Scripts.

After that the filter "RVM Background" stands in every source's Filters list.  All it does here is find
the folder of installed packages and register the filter; the rest is the package `rvm_core`.

obs-rvm, GPL-3.0-or-later.
"""

import sys
import traceback
from pathlib import Path

import obspython as obs

_HERE = Path(__file__).resolve().parent
_REMEDY = "Run installer/install.py and start OBS again."
_problem = ""


def _find_packages() -> None:
    """Put the installed packages first on the path: a system's own numpy must not shadow ours."""
    if str(_HERE) not in sys.path:
        sys.path.insert(0, str(_HERE))
    from rvm_core import paths

    site_packages = paths.site_packages_dir()
    if site_packages and str(site_packages) not in sys.path:
        sys.path.insert(0, str(site_packages))


def script_load(settings: object) -> None:
    global _problem
    try:
        _find_packages()
        from rvm_core.obs_filter import register

        register()
        _problem = ""
    except Exception as cause:
        obs.script_log(obs.LOG_ERROR, traceback.format_exc())
        _problem = f"{type(cause).__name__}: {cause}."
        _hide_sources()


def _hide_sources() -> None:
    """Without any filter of that name OBS would show the rooms that streamers want hidden."""
    try:
        from rvm_core.obs_filter import sealed

        sealed.register(f"{_problem} {_REMEDY}")
    except Exception:
        obs.script_log(obs.LOG_ERROR, traceback.format_exc())


def script_description() -> str:
    if _problem:
        return "<b>RVM Background could not start.</b><p>" + _problem + "<p>" + _REMEDY
    return (
        "<b>RVM Background</b><p>Removes, replaces or blurs the background of any source."
        "<p>Right-click a source, choose Filters, and add <i>RVM Background</i>."
    )
