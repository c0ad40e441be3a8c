"""What comes from outside, as Hypothesis makes it up, and what must hold whatever comes."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from rvm_core.errors import RvmError

LONGEST_S = 20.0
"""Processor time of one example."""
MOST_GROWTH_KIB = 1 << 20
"""Growth of this process during one example."""

# -- values ------------------------------------------------------------------------------------------


def one_of_these(*values: Any) -> st.SearchStrategy[Any]:
    """Any of `values`, some of which are too long to be part of a strategy's name."""
    return st.integers(0, len(values) - 1).map(lambda at: values[at])


ODD_TEXTS = one_of_these(
    "", " ", "\0", "a\0b", "\ufeff", "\ud800", "\udcff\udfff", "\u202e", "\n", "\r\n", "\\", '"', "'", "]",
    "%s", "{0}", "{name}", "x" * 5000, "ﷺ" * 300, "../../x", "..\\x", "/etc/passwd", "CON", "NUL.json", "~",
    "~root/x",
    "\\\\host\\share\\x.png", "//host/share/x", "\\\\?\\C:\\x", "\\\\.\\COM1", "/dev/zero", "/dev/stdin",
    "http://127.0.0.1:9/x.png", "file:///etc/passwd", "smb:x", "nan", "inf", "-0", "1e999", "0x10", "1_0",
    "٣", "9" * 5000, "true", "null",
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=()), max_size=40) | ODD_TEXTS
ODD_NUMBERS = one_of_these(
    0, -1, 2**31, 2**63, -(2**63), 2**64, 10**400, math.nan, math.inf, -math.inf, 1e308, 5e-324, -0.0
)
NUMBERS = st.integers() | st.floats() | ODD_NUMBERS
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def deep(depth: int, opening: str = "[", closing: str = "]") -> str:
    """JSON text, nested so deep."""
    return opening * depth + closing * depth


# -- JSON as somebody writes it ------------------------------------------------------------------------


@st.composite
def json_texts(draw: st.DrawFn, value: Any) -> str:
    """`value` as JSON text with any spacing, keys that stand twice, big and strange numbers."""
    blank = st.sampled_from(["", " ", "\n", "\r\n\t", "  "])

    def written(one: Any) -> str:
        if isinstance(one, dict):
            members = [f"{written(key)}{draw(blank)}:{draw(blank)}{written(one[key])}" for key in one]
            if members and draw(st.integers(0, 40)) == 0:
                members.append(members[0])
            return "{" + draw(blank) + f"{draw(blank)},{draw(blank)}".join(members) + draw(blank) + "}"
        if isinstance(one, (list, tuple)):
            return "[" + draw(blank) + f",{draw(blank)}".join(map(written, one)) + draw(blank) + "]"
        return json.dumps(one, ensure_ascii=draw(st.booleans()))

    return written(value)


ODD_BYTES = (
    b"\0", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"NaN", b"-Infinity", b"1e9999", b"{", b"]", b'"',
    b"\\u0000", b"\\ud800",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes as they are, with a mark before them, with other line ends, cut off, changed, or longer."""
    content = draw(whole)
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 4]))):
        at = draw(st.integers(0, len(content)))
        end = draw(st.integers(at, min(len(content), at + 20)))
        how = draw(st.sampled_from(["mark", "lines", "cut", "change", "insert", "repeat", "deep", "utf-16"]))
        if how == "mark":
            content = b"\xef\xbb\xbf" + content
        elif how == "lines":
            content = content.replace(b"\n", draw(st.sampled_from([b"\r\n", b"\r", b""])))
        elif how == "cut":
            content = content[:at]
        elif how == "change":
            content = content[:at] + draw(st.binary(max_size=6)) + content[end:]
        elif how == "insert":
            content = content[:at] + draw(st.sampled_from(ODD_BYTES)) + content[at:]
        elif how == "repeat":
            content = content[:at] + content[at:end] * draw(st.sampled_from([2, 50])) + content[end:]
        elif how == "deep":
            content = content[:at] + deep(draw(st.sampled_from([100, 2000, 20000]))).encode() + content[at:]
        else:
            content = content.decode(errors="replace").encode("utf-16")
    return content


def as_bytes(text: str) -> bytes:
    """`text` in UTF-8, halves of characters included."""
    return text.encode(errors="surrogatepass")


# -- what must hold ------------------------------------------------------------------------------------


def snapshot(folder: Path) -> dict[str, str]:
    """The sha256 of each file below `folder`; folders and links by what they are."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink() or not path.is_file():
            found[name] = "link" if path.is_symlink() else "folder"
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.tracebacks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info or "Traceback" in message:
            self.tracebacks.append(message)


@contextmanager
def quietly() -> Iterator[None]:
    """No traceback comes to a log meanwhile, and neither time nor memory runs away."""
    records, began, peak = _Records(), time.process_time(), _peak_kib()
    logging.getLogger().addHandler(records)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(records)
    assert records.tracebacks == []
    assert time.process_time() - began < LONGEST_S, "it takes too long"
    assert _peak_kib() - peak < MOST_GROWTH_KIB, "it takes too much memory"


def attempt(act: Callable[[], Any], *expected: type[RvmError]) -> tuple[Any, RvmError | None]:
    """What `act` returned, or the project's own error: of an `expected` kind, with problem and remedy."""
    result, found = None, None
    try:
        result = act()
    except RvmError as error:
        found = error
    if found is not None:
        assert isinstance(found, expected or RvmError), repr(found)
        check(found)
    return result, found


def check(error: RvmError) -> None:
    """An error says what is wrong and what to do, in sentences that can be shown and logged."""
    for text in (error.problem, error.remedy):
        assert text.strip()
        assert len(text) < 2000, "nobody reads that"
    assert "Traceback" not in str(error)


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
