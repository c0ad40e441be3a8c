"""OBS's ini files: one value comes and goes, every other byte stays."""

from __future__ import annotations

import random
import re

import pytest

from rvm_core.desktop.ini import value, with_value, without_value
from rvm_core.errors import IniError

# As OBS 30 on Windows writes it, a byte order mark first.
WINDOWS = (
    "\ufeff[General]\nPre19Defaults=false\nLanguage=de-DE\n\n[Python]\nPath64bit=C:/Python311\n\n"
    "[BasicWindow]\ngeometry=AdnQywADAAA=\n"
).encode()
WANTED = "C:/Users/streamer/AppData/Local/Programs/Python/Python312"


def test_the_python_of_obs_is_read() -> None:
    assert value(WINDOWS, "Python", "Path64bit") == "C:/Python311"
    assert value(WINDOWS, "BasicWindow", "geometry") == "AdnQywADAAA="
    assert value(WINDOWS, "General", "Path64bit") is None
    assert value(WINDOWS, "Pyt", "Path64bit") is None
    assert value(b"", "Python", "Path64bit") is None


def test_a_value_changes_alone_and_back() -> None:
    after = with_value(WINDOWS, "Python", "Path64bit", WANTED)
    assert after == WINDOWS.replace(b"C:/Python311", WANTED.encode())
    assert with_value(after, "Python", "Path64bit", "C:/Python311") == WINDOWS


def test_a_new_value_follows_the_last_of_its_section() -> None:
    after = with_value(WINDOWS, "General", "FirstRun", "true")
    assert b"Language=de-DE\nFirstRun=true\n\n[Python]" in after
    assert without_value(after, "General", "FirstRun") == WINDOWS


@pytest.mark.parametrize(
    "before",
    [b"", b"\xef\xbb\xbf", b"\n", b"x", b"[General]", b"[General]\na=1", b"[General]\na=1\n",
     b"[General]\r\na=1\r\n", b"[Python]", b"[Python]\n", b"[Python]\n\n[General]\na=1\n",
     b"[Python]\r\nb=1\r\n\r\n[General]\r\n",
     b"# [Python]\n# Path64bit=no\n", b"[Python] # empty\n# more\n", b"[Python]other=x", b"\t[Python]\t\n"],
)  # fmt: skip
def test_a_value_in_a_new_section_leaves_no_trace(before: bytes) -> None:
    after = with_value(before, "Python", "Path64bit", WANTED)
    assert value(after, "Python", "Path64bit") == WANTED
    assert with_value(after, "Python", "Path64bit", WANTED) == after
    assert without_value(after, "Python", "Path64bit") == before
    if b"\r\n" in before:
        assert not re.search(rb"(?<!\r)\n", after)


def test_a_new_file_holds_the_value_alone() -> None:
    assert with_value(b"", "Python", "Path64bit", "x") == b"# added by obs-rvm\n[Python]\nPath64bit=x\n"


def test_a_new_section_that_others_used_meanwhile_stays() -> None:
    after = with_value(b"[General]\n", "Python", "Path64bit", WANTED)
    both = with_value(after, "Python", "Path32bit", "C:/x86")
    assert value(without_value(both, "Python", "Path64bit"), "Python", "Path32bit") == "C:/x86"


@pytest.mark.parametrize(
    "text", ["", " C:\\new\\root ", "\\\\nas\\python", "a\r\nb", "/home/streamer/Café", "a=b#c[d]"]
)
def test_any_text_comes_back(text: str) -> None:
    after = with_value(WINDOWS, "Python", "Path64bit", text)
    assert value(after, "Python", "Path64bit") == text
    assert value(after, "BasicWindow", "geometry") == "AdnQywADAAA="


def test_values_are_read_as_obs_reads_them() -> None:
    content = b"early=1\n[A]\n  key=in\\dented\\\\n\n#key=comment\nno value\nspaced = x \n=odd=1\n"
    content += b"[C][B] key=behind\n"
    assert value(content, "A", "early") is None
    assert value(content, "A", "key") == "in\\dented\\n"
    assert value(content, "A", "spaced") is None
    assert value(content, "A", "spaced ") == " x "
    assert value(content, "A", "=odd") == "1"
    assert value(content, "B", "key") == "behind"
    assert without_value(content, "B", "key") == content.replace(b" key=behind", b"")


def test_what_stands_twice_is_changed_twice() -> None:
    content = (
        b"[Python]\nPath64bit=a\nPath64bit=b\n\n[Python]\nother=1\n\n[Python]\nPath64bit=c\nPath64bit=d\n"
    )
    assert value(content, "Python", "Path64bit") == "d"
    after = with_value(content, "Python", "Path64bit", "new")
    assert after == (
        b"[Python]\nPath64bit=new\nPath64bit=new\n\n[Python]\nother=1\nPath64bit=new\n\n"
        b"[Python]\nPath64bit=new\nPath64bit=new\n"
    )
    assert b"Path64bit" not in without_value(after, "Python", "Path64bit")


@pytest.mark.parametrize(
    "content", [b"\x00" * 64, "[Python]\n".encode("utf-16"), b"[A]\na=1\n[]\n[Python]\n"]
)
def test_what_obs_cannot_read_is_refused_with_a_remedy(content: bytes) -> None:
    for attempt in (
        lambda: with_value(content, "Python", "Path64bit", "x"),
        lambda: without_value(content, "Python", "Path64bit"),
        lambda: value(content, "Python", "Path64bit"),
    ):
        with pytest.raises(IniError) as refused:
            attempt()
        assert "Start OBS" in refused.value.remedy


@pytest.mark.parametrize("text", ["C:/a\0b", "C:/\ud800"])
def test_a_path_that_obs_cannot_store_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(IniError) as refused:
        with_value(WINDOWS, "Python", "Path64bit", text)
    assert "Rename" in refused.value.remedy


def test_the_laws_hold_for_any_file() -> None:
    for seed in range(6000):
        pick = random.Random(seed)
        before = _file(pick)
        text = "".join(
            pick.choices(["/", "\\", "n", "\n", "\r", "=", "#", "[", "]", " ", "é"], k=pick.randrange(6))
        )
        after = with_value(before, "Python", "key", text)
        assert value(after, "Python", "key") == text, before
        assert with_value(after, "Python", "key", text) == after
        for section, key in (("Python", "other"), ("A", "key"), ("A", "other"), ("Pyth", "key")):
            assert value(after, section, key) == value(before, section, key), before
        if b"key" not in before:
            assert without_value(after, "Python", "key") == before, before
        gone = without_value(after, "Python", "key")
        assert value(gone, "Python", "key") is None
        assert without_value(gone, "Python", "key") == gone


def _file(pick: random.Random) -> bytes:
    lines = ["[Python]", "[A]", "[Pyth", " [A]\t", "[A]other=1", "[Python]other=4", "#[Python]", "# note",
             "other=2", "\tother = 3", "=x=1", "text", " ", ""]  # fmt: skip
    lines += ["key=5", " key=", "key =x", "[A]key=6"] if pick.random() < 0.5 else []
    newlines = pick.choice([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n"]])
    made = "".join(pick.choice(lines) + pick.choice(newlines) for _ in range(pick.randrange(9)))
    made += pick.choice(["", pick.choice(lines)])
    return made.encode("utf-8-sig" if pick.random() < 0.3 else "utf-8")
