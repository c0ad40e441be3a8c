"""OBS's ini files: one value comes, changes and goes, and every other byte stays."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from rvm_core.desktop import ini
from rvm_core.errors import IniError
from tests.fuzz.outside import TEXTS, as_bytes, attempt, damaged, quietly

NAMES = st.sampled_from(["Python", "python", "General", "Path64bit", "LastVersion", "a b", "ü"])
VALUES = st.text("ab\\\r\n\t =#[]ü\"';/:", max_size=12) | TEXTS
INDENTS = st.sampled_from(["", " ", "\t", "#", ";"])
ODD_LINES = st.sampled_from(
    ["", " ", "=", "=x", "x", "[", "]", "[Python", "[Python]Path64bit=x", "[[Python]]", ini.MARK.decode()]
)
LINES = (
    st.builds("[{}]".format, NAMES | st.sampled_from(["", " ", "Python]x=1", "a[b"]))
    | st.builds("{}{}={}".format, INDENTS, NAMES, st.text("ab\\nr =[]#ü", max_size=9))
    | ODD_LINES
)
CONTENTS = st.builds(
    lambda lines, newline, last: as_bytes(newline.join(lines) + last),
    st.lists(LINES, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\r\n"]),
)


@given(damaged(CONTENTS) | CONTENTS, NAMES, NAMES, VALUES)
@example(b"[Python]\nPath64bit=\\", "Python", "Path64bit", "C:\\x\r\n")
@example(b"", "Python", "Path64bit", "\ud800")
@example(b"", "Python", "Path64bit", "a\0b")
@example(ini.MARK + b"\n[Python]", "Python", "Path64bit", "")
@example(b"[Python]\nPython=\n[Python", "Python", "Python", "")
@example(b"[General][[x]\r[General]\rPython=", "General", "Python", "")
@example(b"[General][Python]\r", "General", "Python", "")
def test_a_value_comes_and_goes_to_the_byte(content: bytes, section: str, key: str, text: str) -> None:
    with quietly():
        before, problem = attempt(lambda: ini.value(content, section, key), IniError)
        changed, refusal = attempt(lambda: ini.with_value(content, section, key, text), IniError)
        removed, _ = attempt(lambda: ini.without_value(content, section, key), IniError)
        if problem is not None:
            assert refusal is not None
            assert removed is None
            return
        if refusal is not None:
            return
        assert ini.value(changed, section, key) == text
        assert ini.with_value(changed, section, key, text) == changed
        if key.encode() not in content:
            assert before is None
            assert removed == content
            if ini.MARK not in content:  # else a section that was ours before goes with its mark
                assert ini.without_value(changed, section, key) == content
        assert ini.value(removed, section, key) is None
        for other in ("Python", "General", "ü"):
            for name in ("Path64bit", "LastVersion", "a b"):
                if (other, name) != (section, key):
                    assert ini.value(changed, other, name) == ini.value(content, other, name)
                    assert ini.value(removed, other, name) == ini.value(content, other, name)
