"""RVM Background: add this file in OBS under Tools > Scripts.

After that the filter "RVM Background" stands in every source's Filters list, and the list of presets for
scenes beside this script.  All it does here is find the folder of installed packages, register the filter and
pass on what OBS tells scripts; the rest is the package `rvm_core`.

obs-rvm, GPL-3.0-or-later.
"""

import sys
import traceback
from pathlib import Path
from typing import Any

import obspython as obs

_HERE = Path(__file__).resolve().parent
_REMEDY = "Run installer/install.py and start OBS again."
_problem = ""
_scenes: Any = None


def _find_packages() -> None:
    """Put the installed packages first on the path: a system's own numpy must not shadow ours."""
    if str(_HERE) not in sys.path:
        sys.path.insert(0, str(_HERE))
    from rvm_core import paths

    site_packages = paths.site_packages_dir()
    if site_packages and str(site_packages) not in sys.path:
        sys.path.insert(0, str(site_packages))


def script_load(settings: Any) -> None:
    global _problem, _scenes
    try:
        _find_packages()
        from rvm_core.obs_filter import register, scenes

        register()
        _scenes, _problem = scenes, ""
    except Exception as cause:
        obs.script_log(obs.LOG_ERROR, traceback.format_exc())
        _problem = f"{type(cause).__name__}: {cause}."
        _hide_sources()
        return
    _scenes.load(int(settings))


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
    from rvm_core.obs_filter.language import tr

    about = tr("Removes, replaces or blurs the background of any source.")
    way_in = tr("Right-click a source, choose Filters, and add “RVM Background”.")
    scenes = tr(
        "When a scene goes live, the filters on its sources get the preset that is chosen here for it."
    )
    return f"<b>RVM Background</b><p>{about}<p>{way_in}<p>{scenes}"


def script_properties() -> Any:
    properties = obs.obs_properties_create()
    if _scenes is not None:
        _scenes.add_properties(int(properties))
    return properties


def script_update(settings: Any) -> None:
    if _scenes is not None:
        _scenes.update()


def script_save(settings: Any) -> None:
    if _scenes is not None:
        _scenes.save()


def script_unload() -> None:
    if _scenes is not None:
        _scenes.unload()
