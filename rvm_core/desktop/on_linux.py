"""OBS on Linux outside of flatpak and snap: the distribution's, and what the user built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath, PurePosixPath

from rvm_core.desktop import binaries, config
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.obs import Kind, Obs, Version, version_in

_PACKAGE_QUERIES = (
    ("dpkg-query", "-W", "-f", "${Version}", "obs-studio"),
    ("rpm", "-q", "--qf", "%{VERSION}", "obs-studio"),
    ("pacman", "-Q", "obs-studio"),
)
# Where builds for --portable put programs and libraries up to 30: ObsDefaults_Linux.cmake of 30.2.0.
_PORTABLE_BIN = PurePosixPath("bin/64bit")


def find(machine: Machine, further: Sequence[PurePath] = ()) -> Iterator[Obs]:
    """Every OBS; `further` are folders that one may be installed to as well."""
    others = (folder for folder in further if folder != folder.parent)  # /bin is /usr/bin
    for kind, program, prefix in (*_programs(machine), *_within(others)):
        content = machine.read(program)
        if content is not None:
            yield _told(machine, kind, program, prefix, content)


def scripting_libraries(machine: Machine, prefix: PurePath) -> Iterator[PurePath]:
    """The libraries of an OBS installed to `prefix` that link Python."""
    inner = prefix / "lib"
    folders = (*(folder for folder in machine.listed(inner) if "-linux-" in folder.name), inner)
    for folder in (*folders, prefix / "lib64", prefix / _PORTABLE_BIN):
        yield folder / "obs-scripting" / "_obspython.so"
        yield from (file for file in machine.listed(folder) if file.name.startswith("libobs-scripting.so"))


def linked_python(machine: Machine, prefix: PurePath) -> tuple[int, int] | None:
    """(3, minor) of the libpython that an OBS installed to `prefix` links, None where it runs no scripts."""
    for library in scripting_libraries(machine, prefix):
        found = re.search(rb"libpython3\.(\d+)\w*\.so", machine.read(library) or b"")
        if found:
            return 3, int(found[1])
    return None


def _programs(machine: Machine) -> Iterator[tuple[Kind, PurePath, PurePath]]:
    """Kind, program and prefix of what may be there."""
    usr, local = machine.path("/usr"), machine.path("/usr/local")
    for kind, prefix in (
        (Kind.DISTRIBUTION, usr),
        (Kind.LOCAL, local),
        (Kind.LOCAL, machine.home / ".local"),
    ):
        yield kind, prefix / "bin" / "obs", prefix
    for place in (machine.home, machine.home / "Downloads", machine.path("/opt")):
        prefixes = (prefix for prefix in machine.listed(place) if prefix.name.lower().startswith("obs"))
        yield from _within(prefixes)


def _within(prefixes: Iterable[PurePath]) -> Iterator[tuple[Kind, PurePath, PurePath]]:
    for prefix in prefixes:
        for folder in (prefix / "bin", prefix / _PORTABLE_BIN):
            yield Kind.LOCAL, folder / "obs", prefix


def _told(machine: Machine, kind: Kind, program: PurePath, prefix: PurePath, content: bytes) -> Obs:
    # Of one that was started with --portable: BASE_PATH in UI/obs-app.cpp of 29.0.2.
    own = program.parent.parent / "config" / "obs-studio"
    place = own if machine.is_dir(own) else config.user_config(machine)
    linked = linked_python(machine, prefix)
    own_architecture = binaries.architecture_name(machine.architecture)
    return Obs(
        kind,
        program,
        _version(machine, kind, program, place) or config.last_version(machine, place),
        next(iter(binaries.architectures(content)), own_architecture),  # where it is a script
        place,
        linked,
        has_scripting=linked is not None,
    )


def _version(machine: Machine, kind: Kind, program: PurePath, place: PurePath) -> Version | None:
    if kind is Kind.DISTRIBUTION:
        for query in _PACKAGE_QUERIES:
            version = version_in(machine.run(*query) or "")
            if version:
                return version
    # Before it says its version, an OBS up to 31.1 makes the folder of all configurations and moves
    # ~/.obs-studio there (move_to_xdg in UI/obs-app.cpp); so it is asked where there is nothing to do.
    if machine.is_dir(place.parent) and not machine.is_dir(machine.home / ".obs-studio"):
        return version_in(machine.run(str(program), "--version") or "")
    return None
