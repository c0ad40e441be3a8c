"""The stack of named values that libobs's procedures take is laid out as in its header."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from rvm_core.libobs.procs import Calldata
from tests.contract import headers

HEADER = "callback/calldata.h"


def test_the_calldata_is_laid_out_as_in_the_header(tmp_path: Path) -> None:
    try:
        headers.folder()
    except headers.HeadersMissing as missing:
        pytest.skip(str(missing))
    names = [field[0] for field in Calldata._fields_]
    asked = [f"offsetof(struct calldata, {name})" for name in names]
    asked += [f"sizeof(((struct calldata *)0)->{name})" for name in names]
    found = headers.integers(tmp_path, [HEADER], [*asked, "sizeof(struct calldata)"])
    fields = [getattr(Calldata, name) for name in names]
    ours = [*(field.offset for field in fields), *(field.size for field in fields), ctypes.sizeof(Calldata)]
    assert list(found.values()) == ours
