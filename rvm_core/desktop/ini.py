"""OBS's ini files, one value changed without touching any other byte.

The dialect is that of libobs/util/config-file.c: ``#`` starts a comment line, blanks before a key do not
count and those around ``=`` do, a value escapes backslash, carriage return and line feed, nothing before the
first section is read, and on Windows a byte order mark comes first.  Where a section or a key stands twice,
OBS up to 29.0 takes the first and later ones the last, so all of them are changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rvm_core.errors import IniError

BOM = b"\xef\xbb\xbf"
MARK = b"# added by obs-rvm"
"""Stands before a section that is new, so that taking its only value away takes the section too."""
NEWLINE = re.compile(rb"\r\n|\r|\n")
LINE = re.compile(rb"(?:\r\n|\r|\n)?([^\r\n]+)")
HEADER = re.compile(rb"[ \t]*\[([^\]\r\n]*)\]?")
ITEM = re.compile(rb"[ \t]*([^#\[ \t][^=]*)=(.*)")
ESCAPES = {"\\": r"\\", "\r": r"\r", "\n": r"\n"}
MEANINGS = {escape: letter for letter, escape in ESCAPES.items()}
OTHER_PATH = "Rename the folders of this path to plain letters and digits."
REPAIR = "Start OBS, which writes the file anew, quit OBS, and try again."
DAMAGED = ("This configuration file of OBS is damaged.", REPAIR)


def value(content: bytes, section: str, key: str) -> str | None:
    """What OBS reads, None where it is not there.  Raises IniError."""
    for found in reversed(_sections(content, section)):
        items = found.named(key)
        return _unescaped(content[items[-1].at : items[-1].end]) if items else None
    return None


def with_value(content: bytes, section: str, key: str, text: str) -> bytes:
    """`content` with `text` as that value; unchanged where it is so already.  Raises IniError."""
    changed = _changed(content, section, key, text)
    if value(changed, section, key) != text or _changed(changed, section, key, text) != changed:
        raise IniError(*DAMAGED)  # such as two sections in one line
    return changed


def _changed(content: bytes, section: str, key: str, text: str) -> bytes:
    new = _escaped(text)
    line = key.encode() + b"=" + new
    newline = _newline(content)
    found = _sections(content, section)
    if not found:
        block = newline.join([MARK, f"[{section}]".encode(), line])
        return content + (block + newline if _ends_a_line(content) else newline + block)
    for one in reversed(found):
        items = one.named(key)
        for item in reversed(items):
            content = content[: item.at] + new + content[item.end :]
        if not items:
            content = content[: one.end] + newline + line + content[one.end :]
    return content


def without_value(content: bytes, section: str, key: str) -> bytes:
    """`content` without that value: to the byte what it was before `with_value`.  Raises IniError."""
    for one in reversed(_sections(content, section)):
        for item in reversed(one.named(key)):
            start, end = item.start, item.end
            if len(one.items) == 1:
                start, end = _with_new_section(content, section, start, end)
            content = content[:start] + content[end:]
    return content


@dataclass(frozen=True)
class _Item:
    """A value content[at:end]; content[start:end] goes with it, the newline before its line included."""

    key: bytes
    start: int
    at: int
    end: int


@dataclass
class _Section:
    """A section; `end` is that of its last value's line, or of its own."""

    name: bytes
    end: int
    items: list[_Item] = field(default_factory=list)

    def named(self, key: str) -> list[_Item]:
        return [item for item in self.items if item.key == key.encode()]


def _sections(content: bytes, name: str) -> list[_Section]:
    """All sections of that name, in their order."""
    if b"\0" in content:
        raise IniError(*DAMAGED)
    sections: list[_Section] = []
    for line in LINE.finditer(content, len(BOM) if content.startswith(BOM) else 0):
        start, at, end = line.start(), line.start(1), line.end()
        while header := HEADER.match(content, at, end):
            if not header[1]:
                raise IniError(
                    "This configuration file has a section without a name, where OBS stops.", REPAIR
                )
            sections.append(_Section(header[1], end))
            start = at = header.end()  # OBS reads a value behind a header too
        item = ITEM.match(content, at, end)
        if item and sections:
            sections[-1].items.append(_Item(item[1], start, item.start(2), end))
            sections[-1].end = end
    return [section for section in sections if section.name == name.encode()]


def _with_new_section(content: bytes, section: str, start: int, end: int) -> tuple[int, int]:
    """A value's span, grown by its section's header where that came with it."""
    newline = _newline(content)
    head = newline.join([MARK, f"[{section}]".encode()])
    if not content.endswith(head, 0, start):
        return start, end
    start -= len(head)
    after = NEWLINE.match(content, end)
    if after:
        return start, after.end()
    return start - len(newline), end


def _newline(content: bytes) -> bytes:
    """The one that the file uses first."""
    found = NEWLINE.search(content)
    return found[0] if found else b"\n"


def _ends_a_line(content: bytes) -> bool:
    return content in (b"", BOM) or content.endswith((b"\r", b"\n"))


def _escaped(text: str) -> bytes:
    try:
        written = "".join(ESCAPES.get(letter, letter) for letter in text).encode()
    except UnicodeEncodeError as cause:
        raise IniError("This path has characters that OBS cannot store.", OTHER_PATH) from cause
    if b"\0" in written:
        raise IniError("This path has characters that OBS cannot store.", OTHER_PATH)
    return written


def _unescaped(written: bytes) -> str:
    return re.sub(r"\\[\\rn]", lambda escape: MEANINGS[escape[0]], written.decode(errors="replace"))
