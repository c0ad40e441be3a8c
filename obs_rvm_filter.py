"""RVM Background: add this file in OBS under Tools > Scripts.

After that the filter "RVM Background" stands in every source's Filters list, and the list of presets for
scenes beside this script.  All it does here is find the installed packages, register the filter and pass on
what OBS tells scripts; the rest is the package `rvm_core`.  Where something is missing it registers a filter
of the same name that hides its sources: without any, OBS would show the rooms that streamers want hidden.

obs-rvm, GPL-3.0-or-later.
"""

from __future__ import annotations  # a Python that is too old must get as far as saying so

import contextlib
import ctypes
import html
import importlib.util
import os
import platform
import re
import sys
import traceback
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import obspython as obs

_HERE = Path(__file__).resolve().parent
_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
_REMEDY = "Run the installer and start OBS again."
_ORDER = "Remove that script in Tools > Scripts, add it again after RVM Background, and start OBS again."
_scenes: Any = None
_problem = ""


class _Problem(Exception):
    """What keeps the filter from starting, in words for users."""

    def __init__(self, problem: str, remedy: str = _REMEDY) -> None:
        super().__init__(f"{problem} {remedy}")
        self.remedy = remedy


# -- where the packages are --------------------------------------------------------------------------


def _start() -> Any:
    """Find the packages, register the filter, and return the module that looks after scenes."""
    if sys.version_info < (3, 10):  # noqa: UP036 - it is OBS's Python, not one of our choice
        raise _Problem(f"This OBS runs Python {_PYTHON}, and 3.10 is the oldest that will do.")
    packages, folders = None, []
    if "rvm_core.obs_filter.registration" not in sys.modules:  # else what is loaded goes on
        data = _data_dir()
        packages = _site_packages(data / "venv")
        folders = _folders(packages, data / "venv")
    try:
        with _own_packages(folders) if folders else contextlib.nullcontext():
            from rvm_core.obs_filter import register, scenes

            register()
    except Exception as cause:
        if hasattr(cause, "remedy"):
            raise
        others = _loaded_by_others(packages)
        if others:
            words = f"Another script loaded {others} first, with which RVM Background cannot work"
            raise _Problem(f"{words}: {_root(cause)}.", _ORDER) from cause
        if isinstance(cause, ModuleNotFoundError):
            raise _Problem(f"The package {cause.name} is missing in {_place(packages)}.") from cause
        if isinstance(cause, (ImportError, OSError)):
            host = f"This OBS (Python {_PYTHON}, {platform.machine()})"
            words = f"{host} cannot load the packages in {_place(packages)}: {_root(cause)}."
            raise _Problem(words) from cause
        raise
    return scenes


def _data_dir() -> Path:
    """The data folder: the one that this script stands in, else as `rvm_core.paths` says."""
    if (_HERE / "installed.json").is_file():
        os.environ.setdefault("OBS_RVM_DATA_DIR", str(_HERE))  # for `rvm_core`
        return _HERE
    named, home = os.environ.get("OBS_RVM_DATA_DIR"), Path.home()
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "obs-rvm"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "obs-rvm"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "obs-rvm"


def _site_packages(environment: Path) -> Path | None:
    """The folder of installed packages, by default `environment`'s; None: what this Python has by itself."""
    named = os.environ.get("OBS_RVM_SITE_PACKAGES")
    if named:
        packages = Path(named).expanduser().absolute()
    elif _HERE.name == "rvm_core":  # within an installed wheel
        packages = _HERE.parent
    elif not environment.is_dir():
        return None
    elif not (environment / "obs-rvm-complete.json").is_file():
        raise _Problem(f"The environment {environment} is incomplete: it was cut off, or is being made.")
    else:
        library = "Lib" if sys.platform == "win32" else f"lib/python{_PYTHON}"
        packages = environment / library / "site-packages"
    _check_version(packages)
    return packages


def _check_version(packages: Path) -> None:
    """Whether the environment around `packages` was made for this Python: compiled packages fit no other."""
    environment = next((one for one in list(packages.parents)[:3] if (one / "pyvenv.cfg").is_file()), None)
    if environment is not None:
        text = (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
        made_for = re.search(r"^version(?:_info)? *= *(\d+\.\d+)", text, re.MULTILINE)
        if made_for and made_for[1] != _PYTHON:
            was = f"the environment {environment} was made for {made_for[1]}"
            raise _Problem(f"This OBS runs Python {_PYTHON}, but {was}.")


def _folders(packages: Path | None, environment: Path) -> list[str]:
    """Where our packages are: the folder of `rvm_core`, and that of the installed ones."""
    places = [_HERE, *([packages] if packages else map(Path, sys.path))]
    owner = next((place for place in places if (place / "rvm_core" / "__init__.py").is_file()), None)
    if owner is None:
        searched = f"there is no rvm_core beside {Path(__file__)} and none in {packages or environment}"
        raise _Problem(f"RVM Background is not installed: {searched}.")
    return [str(owner), *([str(packages)] if packages and packages != owner else [])]


def _own_packages(folders: list[str]) -> Any:
    """A context in which this thread imports from `folders` first; other scripts do not notice."""
    if "rvm_core" not in sys.modules:  # the path may lead to another one
        spec: Any = PathFinder.find_spec("rvm_core", folders)
        sys.modules["rvm_core"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["rvm_core"])
    from rvm_core import own_packages

    own_packages.use(folders)
    return own_packages.own()


# -- why they cannot be loaded -----------------------------------------------------------------------


def _place(packages: Path | None) -> str:
    return str(packages or "the Python of this OBS")


def _root(cause: BaseException) -> str:
    """What went wrong at first, in the first line of its own words."""
    while cause.__cause__ is not None:  # numpy wraps the system's own words in a page of advice
        cause = cause.__cause__
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")


def _loaded_by_others(packages: Path | None) -> str:
    """What we need at the start and did not come from `packages`, in words."""
    found = []
    for name in ("numpy", "llvmlite", "numba") if packages else ():
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and packages not in Path(file).parents:
            version = getattr(sys.modules[name], "__version__", "")
            found.append(" ".join(filter(None, (name, version, f"from {Path(file).parent.parent}"))))
    return " and ".join(found)


# -- a filter that hides -----------------------------------------------------------------------------

_ID, _NAME = b"rvm_background_filter", b"RVM Background"
_P = ctypes.c_void_p


class _SourceInfo(ctypes.Structure):
    """`obs_source_info` of libobs 28 (obs-source.h); named is what a filter that draws nothing needs."""

    _fields_ = [
        ("id", _P),
        ("type", ctypes.c_int),
        ("output_flags", ctypes.c_uint32),
        ("get_name", _P),
        ("create", _P),
        ("destroy", _P),
        ("get_size_and_defaults", _P * 3),
        ("get_properties", _P),
        ("update_to_video_tick", _P * 6),
        ("video_render", _P),
        ("others", _P * 34),
    ]


def _hide_sources() -> bool:
    """Register it, with nothing but ctypes; False where a filter of that name is registered already.

    The saved settings survive.  Needs to happen while OBS loads the script: later, it has dropped them.
    """
    if obs.obs_source_get_display_name(_ID.decode()):
        return False
    libobs = _libobs()
    # `obs_get_version` takes nothing and changes nothing, so it may be called with anything.
    nothing = ctypes.cast(libobs.obs_get_version, _P).value
    identity, name = (_immortal(ctypes.create_string_buffer(text)) for text in (_ID, _NAME))
    info = _immortal(_SourceInfo())
    info.id = ctypes.addressof(identity)
    info.type = obs.OBS_SOURCE_TYPE_FILTER
    info.output_flags = obs.OBS_SOURCE_VIDEO | obs.OBS_SOURCE_SRGB
    info.get_name = _function(lambda _: ctypes.addressof(name), _P)
    info.create = _function(lambda _settings, source: source, _P, _P)
    info.destroy = info.video_render = nothing
    info.get_properties = _function(lambda _: int(_problem_properties()), _P)
    libobs.obs_register_source_s(ctypes.byref(info), ctypes.c_size_t(ctypes.sizeof(info)))
    return True


def _problem_properties() -> Any:
    properties = obs.obs_properties_create()
    text = obs.obs_properties_add_text(properties, "problem", _problem, obs.OBS_TEXT_INFO)
    obs.obs_property_text_set_info_type(text, obs.OBS_TEXT_INFO_ERROR)
    return properties


def _libobs() -> ctypes.CDLL:
    """The libobs of this process."""
    if sys.platform == "win32":
        return ctypes.CDLL("obs")
    if sys.platform == "darwin":
        return ctypes.CDLL("@executable_path/../Frameworks/libobs.framework/Versions/A/libobs")
    return ctypes.CDLL(None)


def _function(body: Any, *arguments: Any) -> Any:
    return ctypes.cast(_immortal(ctypes.CFUNCTYPE(_P, *arguments)(body)), _P).value


def _immortal(thing: Any) -> Any:
    """`thing`, never freed, not even when the interpreter ends: libobs keeps its address."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return thing


# -- what OBS calls ----------------------------------------------------------------------------------


def _begin() -> None:
    global _problem, _scenes
    try:
        _scenes = _start()
        from rvm_core import upgrades

        upgrades.check()
    except Exception as cause:
        is_told = hasattr(cause, "remedy")
        _problem = str(cause) if is_told else f"{type(cause).__name__}: {cause}. {_REMEDY}"
        effect = "RVM Background cannot work and hides its sources" if _hide_sources() else "RVM Background"
        obs.script_log(obs.LOG_ERROR, f"{effect}: {_problem}")
        obs.script_log(obs.LOG_INFO, traceback.format_exc())


def script_description() -> str:
    if _scenes is None:
        return f"<b>RVM Background could not start.</b><p>{html.escape(_problem)}"
    from rvm_core.obs_filter.language import tr

    about = tr("Removes, replaces or blurs the background of any source.")
    way_in = tr("Right-click a source, choose Filters, and add “RVM Background”.")
    scenes = tr(
        "When a scene goes live, the filters on its sources get the preset that is chosen here for it."
    )
    problem = f"<p><b>{html.escape(_problem)}</b>" if _problem else ""
    return f"<b>RVM Background</b>{problem}<p>{about}<p>{way_in}<p>{scenes}"


def script_load(settings: Any) -> None:
    if _scenes is not None:
        _scenes.load(int(settings))


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


_begin()  # now, since OBS asks for the description before it calls `script_load`
