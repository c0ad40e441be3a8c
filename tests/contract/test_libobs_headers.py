"""Our declarations of libobs against its C headers and its shared libraries, as installed here."""

from __future__ import annotations

import ctypes
import ctypes.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rvm_core.libobs import api, constants
from rvm_core.libobs.structs import ObsFrontendSourceList, ObsSourceInfo
from tests.contract import headers
from tests.contract.headers import Kind, Signature

SIZE_OF_V28 = 400  # the smallest libobs that we support knows so many bytes
ALL_HEADERS = (*api.HEADERS, *api.FRONTEND_HEADERS)
# In the order of the question: bool is an int to ctypes, too.
KINDS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("bool", (ctypes.c_bool,)),
    ("float", (ctypes.c_float, ctypes.c_double)),
    ("pointer", (ctypes.c_void_p, ctypes.c_char_p)),
)


@pytest.fixture(autouse=True)
def _headers_are_installed() -> None:
    try:
        headers.folder()
    except headers.HeadersMissing as missing:
        pytest.skip(str(missing))


def kind_of(declared: Any) -> Kind:
    """A ctypes type in the terms of the header's answer."""
    if declared is None:
        return Kind("void", 0)
    for kind, types in KINDS:
        if declared in types:
            return Kind(kind, ctypes.sizeof(declared))
    return Kind("int", ctypes.sizeof(declared))


def disagreements(tables: Mapping[str, Mapping[str, api.Declaration]], scratch: Path) -> list[str]:
    """Every function whose declaration is not the header's."""
    found = headers.signatures(scratch, {header: list(table) for header, table in tables.items()})
    problems = []
    for table in tables.values():
        for name, (result, arguments) in table.items():
            ours = Signature(kind_of(result), tuple(map(kind_of, arguments)), found[name].is_variadic)
            theirs = found[name]
            if theirs.is_variadic:  # we add the arguments that our one format takes
                ours = Signature(ours.result, ours.arguments[: len(theirs.arguments)], True)
            if ours != theirs:
                problems.append(f"{name}: declared {ours}, the header has {theirs}")
    return problems


def test_the_declarations_are_the_headers(tmp_path: Path) -> None:
    assert not disagreements({**api.HEADERS, **api.FRONTEND_HEADERS}, tmp_path)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("obs_get_version", (None, ())),
        ("obs_get_version", (ctypes.c_uint64, ())),
        ("obs_source_active", (ctypes.c_uint8, (ctypes.c_void_p,))),
        ("obs_filter_get_parent", (ctypes.c_void_p, ())),
        ("obs_source_get_name", (ctypes.c_char_p, (ctypes.c_int64,))),
    ],
)
def test_a_wrong_declaration_is_found(name: str, wrong: api.Declaration, tmp_path: Path) -> None:
    assert len(disagreements({"obs.h": {name: wrong}}, tmp_path)) == 1


def test_a_function_of_another_header_is_found(tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        headers.signatures(tmp_path, {"obs-data.h": ["obs_get_version"]})


def test_the_constants_are_the_headers(tmp_path: Path) -> None:
    ours = {name: value for name, value in vars(constants).items() if name.isupper()}
    assert ours
    assert ours == headers.integers(tmp_path, ALL_HEADERS, list(ours))


def layout(struct: type[ctypes.Structure]) -> dict[str, tuple[int, int]]:
    """Offset and size in bytes of each field."""
    return {
        field[0]: (getattr(struct, field[0]).offset, getattr(struct, field[0]).size)
        for field in struct._fields_
    }


def header_layout(fields: list[str], scratch: Path) -> dict[str, tuple[int, int]]:
    """The same of `struct obs_source_info` as the compiler sees it."""
    whole = "struct obs_source_info"
    offsets = [f"offsetof({whole}, {field})" for field in fields]
    sizes = [f"sizeof((({whole} *)0)->{field})" for field in fields]
    values = headers.integers(scratch, ["obs.h"], [*offsets, *sizes])
    return {
        field: (values[offset], values[size])
        for field, offset, size in zip(fields, offsets, sizes, strict=True)
    }


def test_the_struct_is_laid_out_as_in_the_header(tmp_path: Path) -> None:
    ours = layout(ObsSourceInfo)
    assert ctypes.sizeof(ObsSourceInfo) == SIZE_OF_V28
    assert ours == header_layout(list(ours), tmp_path)
    size = headers.integers(tmp_path, ["obs.h"], ["sizeof(struct obs_source_info)"])
    assert next(iter(size.values())) >= SIZE_OF_V28


def test_the_list_of_sources_is_laid_out_as_in_the_header(tmp_path: Path) -> None:
    whole = "struct obs_frontend_source_list"
    asked = [f"sizeof({whole})", *(f"offsetof({whole}, sources.{field})" for field in ("array", "num"))]
    values = headers.integers(tmp_path, ["obs-frontend-api.h"], asked)
    ours = ObsFrontendSourceList
    assert [values[one] for one in asked] == [ctypes.sizeof(ours), ours.array.offset, ours.num.offset]


def test_a_missing_field_moves_the_others(tmp_path: Path) -> None:
    class Shorter(ctypes.Structure):
        _fields_ = [field for field in ObsSourceInfo._fields_ if field[0] != "mouse_click"]

    ours = layout(Shorter)
    assert ours != header_layout(list(ours), tmp_path)


MISSING_SYMBOLS = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
print(*(name for name in sys.argv[2:] if not hasattr(library, name)))
"""


def missing_symbols(library: str, names: list[str]) -> list[str]:
    """Which names `library` lacks; loaded in a child process, because it brings much with it."""
    done = subprocess.run(
        [sys.executable, "-c", MISSING_SYMBOLS, library, *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("library", "tables"), [("obs", api.HEADERS), ("obs-frontend-api", api.FRONTEND_HEADERS)]
)
def test_the_shared_library_has_every_function(
    library: str, tables: dict[str, dict[str, api.Declaration]]
) -> None:
    path = ctypes.util.find_library(library)
    if path is None:
        pytest.skip(f"lib{library} is not installed")
    names = [name for table in tables.values() for name in table]
    assert missing_symbols(path, [*names, "no_such_function"]) == ["no_such_function"]
