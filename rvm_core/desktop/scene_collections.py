"""The scripts of an OBS scene collection, changed without touching any other byte of the file.

A collection keeps its scripts as ``{"modules": {"scripts-tool": [{"path": ..., "settings": {...}}]}}``, on
one line up to OBS 30 and indented from 31 on (libobs/obs-data.c; plugins/frontend-tools/scripts.cpp, the same
from 28 to 32).  OBS keeps an entry whose file is missing, with its settings.

OBS imports a Python script by its bare name, so where two of one name stand in a collection, the first is
loaded twice and the other never (obs-scripting-python.c).  Who adds a script therefore moves every copy of it
first, which keeps the settings that it has::

    for old in copies(content, path):
        content = replaced_script(content, old, written(path))
    content = with_script(content, path)

A `PurePath` names a script in the system that OBS runs on, which decides what is the same path; a text is a
path as a collection has it.
"""

from __future__ import annotations

import json
import ntpath
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath, PureWindowsPath
from typing import Any, NoReturn

from rvm_core.errors import CollectionError

BOM = "\ufeff"
MARKS = ("sources", "scene_order")
MODULES, SCRIPTS = WAY = ("modules", "scripts-tool")
BLANK = re.compile(r"[ \t\r\n]*")
BY_HAND = "Add the script by hand: in OBS, choose Tools > Scripts and press +."
REPAIR = "Start OBS with this scene collection, which brings its backup back, quit OBS, and try again."


def scripts(content: bytes) -> tuple[str, ...]:
    """The paths of all scripts in their order.  Raises CollectionError."""
    return tuple(_path(entry) for entry in _entries(_decoded(content)))


def copies(content: bytes, path: PurePath) -> tuple[str, ...]:
    """The scripts that have the name of `path` and lie elsewhere.  Raises CollectionError."""
    normal = _normal(path)
    name = posixpath.basename(normal(written(path)))
    alike = [other for other in scripts(content) if posixpath.basename(normal(other)) == name]
    return tuple(other for other in alike if not _means(path, other))


def written(path: PurePath) -> str:
    """`path` as OBS writes it: with forward slashes on Windows too."""
    return path.as_posix()


def with_script(content: bytes, path: PurePath) -> bytes:
    """`content` with an entry for `path` at the end of the scripts; unchanged where one stands already.

    Raises CollectionError.
    """
    text = _decoded(content)
    if any(_means(path, _path(entry)) for entry in _entries(text)):
        return content
    way = _way(text)
    missing = WAY[len(way) - 1 :]
    new = _entry(written(path), made=len(missing))
    for key in reversed(missing):
        new = f'"{key}":' + (f"[{new}]" if key == SCRIPTS else f"{{{new}}}")
    return _encoded(_inserted(text, way[-1], new))


def without_script(content: bytes, path: PurePath) -> bytes:
    """`content` without any entry for `path`: to the byte what it was before `with_script` added one.

    Raises CollectionError.
    """
    text = _decoded(content)
    while ours := [entry for entry in _entries(text) if _means(path, _path(entry))]:
        text = _without_entry(text, ours[0])
    return _encoded(text)


def replaced_script(content: bytes, old: str, new: str) -> bytes:
    """`content` with `new` as the path of the script `old`, whose settings stay.

    Where `new` stands already, `old` goes.  The other way round undoes it.  Raises CollectionError.
    """
    text = _decoded(content)
    while old != new and (found := [entry for entry in _entries(text) if _path(entry) == old]):
        if any(_path(entry) == new for entry in _entries(text)):
            text = _without_entry(text, found[0])
        else:
            (path,) = (member for member in _children(text, found[0]) if member.key == "path")
            text = text[: path.at] + _quoted(new) + text[path.end :]
    return _encoded(text)


@dataclass(frozen=True)
class _Node:
    """A JSON value in a text: text[at:end].  `start` is before the key where it is a member of an object."""

    start: int
    at: int
    end: int
    key: str
    value: Any


def _decoded(content: bytes) -> str:
    """The file's text, found to be a scene collection that OBS can read."""
    try:
        text = content.decode()
        # As OBS reads it: jansson refuses these, and OBS then takes the collection's backup.
        told = json.loads(text.removeprefix(BOM), object_pairs_hook=_unique, parse_constant=_refused)
    except (ValueError, RecursionError) as cause:
        raise CollectionError(f"OBS cannot read this scene collection ({cause}).", REPAIR) from cause
    if not isinstance(told, dict) or not any(isinstance(told.get(mark), list) for mark in MARKS):
        raise CollectionError("This file is not a scene collection of OBS.", BY_HAND)
    return text


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as cause:
        raise CollectionError("The script's path has characters that OBS cannot store.", BY_HAND) from cause


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(members)
    if len(told) < len(members):
        raise ValueError("a key stands twice")
    return told


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _way(text: str) -> list[_Node]:
    """The root, the modules and the list of scripts, as far as they are there."""
    at = _after_blank(text, len(BOM) if text.startswith(BOM) else 0)
    way = [_Node(at, at, len(text), "", {})]
    for key, kind in ((MODULES, dict), (SCRIPTS, list)):
        inner = [member for member in _children(text, way[-1]) if member.key == key]
        if not inner:
            break
        if not isinstance(inner[0].value, kind):
            raise CollectionError(
                "This scene collection keeps its scripts in a form that is not known.", BY_HAND
            )
        way += inner
    return way


def _entries(text: str) -> list[_Node]:
    """The scripts; OBS ignores whatever else is in their list."""
    way = _way(text)
    if len(way) <= len(WAY):
        return []
    return [one for one in _children(text, way[-1]) if isinstance(one.value, dict) and _path(one)]


def _path(entry: _Node) -> str:
    path = entry.value.get("path")
    return path if isinstance(path, str) else ""


def _normal(path: PurePath) -> Callable[[str], str]:
    """What brings texts to one form where they are the same path in the system of `path`."""
    if isinstance(path, PureWindowsPath):
        return lambda text: ntpath.normcase(ntpath.normpath(text)).replace("\\", "/")
    return posixpath.normpath


def _means(path: PurePath, text: str) -> bool:
    return _normal(path)(text) == _normal(path)(written(path))


def _entry(path: str, made: int) -> str:
    """A new entry; `made`, how many of the containers around it are new too, stands in it as blanks.

    So removing it can take them away again.
    """
    return f'{{"path":{_quoted(path)},"settings":{{}}{" " * made}}}'


def _without_entry(text: str, entry: _Node) -> str:
    kept = text[entry.at : entry.end]
    made = next((count for count in range(len(WAY) + 1) if kept == _entry(_path(entry), count)), 0)
    text = _removed(text, _way(text)[-1], entry)
    for _ in range(made):
        *_, outer, emptied = _way(text)
        if _children(text, emptied):
            break
        text = _removed(text, outer, emptied)
    return text


def _inserted(text: str, container: _Node, new: str) -> str:
    children = _children(text, container)
    if not children:
        return text[: container.at + 1] + new + text[container.at + 1 :]
    return text[: children[-1].end] + "," + new + text[children[-1].end :]


def _removed(text: str, container: _Node, child: _Node) -> str:
    """Without `child` and its comma; whatever `_inserted` wrote last goes without a trace."""
    before = [other.end for other in _children(text, container) if other.end <= child.start]
    after = [other.start for other in _children(text, container) if other.start >= child.end]
    if before:
        return text[: before[-1]] + text[child.end :]
    return text[: child.start] + text[after[0] if after else child.end :]


def _children(text: str, container: _Node) -> list[_Node]:
    read = json.JSONDecoder().raw_decode
    found: list[_Node] = []
    at = _after_blank(text, container.at + 1)
    while text[at] not in "]}":
        start, key = at, ""
        if text[container.at] == "{":
            key, at = read(text, at)
            at = _after_blank(text, _after_blank(text, at) + 1)
        value, end = read(text, at)
        found.append(_Node(start, at, end, key, value))
        at = _after_blank(text, end)
        if text[at] == ",":
            at = _after_blank(text, at + 1)
    return found


def _after_blank(text: str, at: int) -> int:
    blank = BLANK.match(text, at)
    assert blank is not None  # it matches nothing too
    return blank.end()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
