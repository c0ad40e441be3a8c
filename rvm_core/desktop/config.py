"""Where an OBS keeps its scene collections and the path of its Python.

What was read in obs-studio's sources, with the tag:

- Up to 30 everything stands in ``global.ini`` (``scripts.cpp`` of 28.0.0: obs_frontend_get_global_config).
  Since 31 ``global.ini`` keeps ``[General] LastVersion`` and ``[Locations]``, all else is in ``user.ini``
  (``scripts.cpp`` of 31.0.0: obs_frontend_get_user_config).
- Its first start makes 31 and later copy ``global.ini`` to ``user.ini``, unless there is one: then it
  complains and the user's settings are lost (OBSApp::MigrateGlobalSettings). It does so where
  ``LastVersion`` is older than 31 and ``Pre31Migrated`` is not set; 31.0 also where nothing was ever saved
  (``UI/obs-app.cpp`` of 31.0.4), 31.1 no more. So before that start a setting belongs into ``global.ini``.
- ``[Locations]`` may name other folders for ``obs-studio/user.ini`` (Configuration) and
  ``obs-studio/basic/scenes`` (SceneCollections); a portable OBS does not look at them, and since 31.1 a
  folder that is missing does not count (OBSApp::InitGlobalConfig of 32.2.2).
- A scene collection is a file whose name ends in exactly ``.json``. ``.json.bak``, ``.json.tmp``,
  ``.json.v1`` and ``.json.invalid`` are copies (``OBSBasic_SceneCollections.cpp`` of 32.2.2, before it a
  glob of ``*.json``).
- ``[Python] Path64bit`` exists on Windows and macOS only (PYTHON_UI), and every OBS since 28 has 64 bits.
  It names the folder with ``python312.dll``, which becomes Python's home; on macOS the folder that holds
  ``Python.framework``, anything from ``/Python.framework/Versions`` on is cut off. There
  ``Versions/Current`` must be the wanted version up to 31.0.1; since 31.0.2 ``Versions/3.12`` and so on
  downward are tried (``obs-scripting-python-import.c``).
- ``LastVersion`` is written when OBS ends: major << 24 | minor << 16 | patch (``libobs/obs-config.h``).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePath

from rvm_core.desktop import ini
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Obs, Version
from rvm_core.errors import RvmError

PYTHON_SECTION, PYTHON_KEY = "Python", "Path64bit"

_SPLIT_SINCE = (31,)


def user_config(machine: Machine) -> PurePath:
    """The folder ``obs-studio`` of an OBS that is not portable; it need not exist."""
    if machine.system == "Windows":
        base = machine.path(machine.environ.get("APPDATA") or machine.home / "AppData" / "Roaming")
    elif machine.system == "Darwin":
        base = machine.home / "Library" / "Application Support"
    else:
        base = machine.path(machine.environ.get("XDG_CONFIG_HOME") or machine.home / ".config")
    return base / "obs-studio"


def last_version(machine: Machine, config: PurePath) -> Version | None:
    """The version of the OBS that last used the folder `config`, None where none did."""
    told = _value(machine, config / "global.ini", "General", "LastVersion") or ""
    number = int(told) if told.isdecimal() else 0
    return (number >> 24, number >> 16 & 0xFF, number & 0xFFFF) if number else None


def scene_collections(machine: Machine, obs: Obs) -> tuple[PurePath, ...]:
    """The scene collections' files, sorted."""
    folder = _location(machine, obs, "SceneCollections") / "basic" / "scenes"
    return tuple(
        file
        for file in machine.listed(folder)
        if file.suffix == ".json" and not file.name.startswith("._") and machine.is_file(file)
    )


def python_setting_file(machine: Machine, obs: Obs) -> PurePath:
    """The ini file where this OBS looks for the path of its Python; it need not exist.

    Linux has no such setting.
    """
    before = obs.config / "global.ini"
    if obs.version is not None and obs.version < _SPLIT_SINCE:
        return before
    since = _location(machine, obs, "Configuration") / "user.ini"
    if machine.is_file(since) or not _will_migrate(machine, obs):
        return since
    return before


def configured_python(machine: Machine, obs: Obs) -> str | None:
    """The path of Python as OBS has it, None where none is chosen."""
    return _value(machine, python_setting_file(machine, obs), PYTHON_SECTION, PYTHON_KEY) or None


def _will_migrate(machine: Machine, obs: Obs) -> bool:
    """Whether the next start copies ``global.ini`` to ``user.ini``."""
    if _value(machine, obs.config / "global.ini", "General", "Pre31Migrated") == "true":
        return False
    last = last_version(machine, obs.config)
    if last is None:
        return obs.version is not None and obs.version < (31, 1)
    return last < _SPLIT_SINCE


def _location(machine: Machine, obs: Obs, key: str) -> PurePath:
    """The folder ``obs-studio`` with what `key` of ``[Locations]`` is about."""
    is_portable = obs.config.parent.parent in obs.program.parents
    if is_portable or (obs.version is not None and obs.version < _SPLIT_SINCE):
        return obs.config
    told = _value(machine, obs.config / "global.ini", "Locations", key)
    if told and machine.is_dir(machine.path(told)):
        return machine.path(told) / "obs-studio"
    return obs.config


def _value(machine: Machine, file: PurePath, section: str, key: str) -> str | None:
    with suppress(RvmError):  # a file that is none has no values
        return ini.value(machine.read(file) or b"", section, key)
    return None
