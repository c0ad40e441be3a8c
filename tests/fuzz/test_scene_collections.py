"""OBS's scene collections: our entry comes and goes, and every other byte stays."""

from __future__ import annotations

import json
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from rvm_core.desktop import scene_collections as collections
from rvm_core.errors import CollectionError
from tests.fuzz.outside import TEXTS, VALUES, as_bytes, attempt, damaged, deep, json_texts, quietly

OURS = [
    PurePosixPath("/home/me/.local/share/obs-rvm/obs_rvm_filter.py"),
    PureWindowsPath(r"C:\Users\Jörg\AppData\Local\obs-rvm\obs_rvm_filter.py"),
]
ALIKE = [
    "/elsewhere/obs_rvm_filter.py", "obs_rvm_filter.py", "/x/other.lua",
    "c:/USERS/JÖRG/appdata/local/obs-rvm/../obs-rvm/OBS_RVM_FILTER.py",
]  # fmt: skip
SCRIPT_PATHS = st.sampled_from([path.as_posix() for path in OURS] + ALIKE) | TEXTS
ENTRIES = st.fixed_dictionaries({"path": SCRIPT_PATHS | VALUES}, optional={"settings": VALUES}) | VALUES
MODULES = (
    st.fixed_dictionaries(
        {}, optional={"scripts-tool": st.lists(ENTRIES, max_size=4) | VALUES, "other": VALUES}
    )
    | VALUES
)
COLLECTIONS = st.fixed_dictionaries(
    {"sources": st.lists(VALUES, max_size=2)},
    optional={"name": TEXTS, "modules": MODULES, "scene_order": VALUES, "more": VALUES},
)
CONTENTS = COLLECTIONS.flatmap(json_texts).map(as_bytes)
PATHS = st.sampled_from(OURS) | st.builds(PurePosixPath, TEXTS) | st.builds(PureWindowsPath, TEXTS)


def read(content: bytes) -> Any:
    return json.loads(content.decode().removeprefix("\ufeff"))


def without_scripts(content: bytes) -> Any:
    """The collection without its list of scripts, and without modules that nothing else fills."""
    found = read(content)
    if isinstance(found.get("modules"), dict):
        found["modules"].pop("scripts-tool", None)
        if not found["modules"]:
            del found["modules"]
    return found


@given(damaged(CONTENTS) | CONTENTS, PATHS)
@example(b'{"sources":[' + deep(900).encode() + b"]}", OURS[0])
@example(b'{"sources":[' + deep(20000).encode() + b"]}", OURS[0])
@example(b'{"sources":[],"a":"' + b"9" * 5000 + b'"}', OURS[1])
@example(b'{"sources":[],"a":' + b"9" * 5000 + b"}", OURS[1])
def test_our_entry_comes_and_goes_to_the_byte(content: bytes, path: PurePath) -> None:
    with quietly():
        before, problem = attempt(lambda: collections.scripts(content), CollectionError)
        added, refusal = attempt(lambda: collections.with_script(content, path), CollectionError)
        if problem is not None:
            assert refusal is not None, "what cannot be read is not written"
            for act in (collections.copies, collections.without_script):
                assert attempt(lambda act=act: act(content, path), CollectionError)[1] is not None
            return
        if refusal is not None:
            return
        if added == content:
            return
        assume(path.as_posix() not in ("", "."))  # names no script
        assert collections.scripts(added) == (*before, collections.written(path))
        assert without_scripts(added) == without_scripts(content)
        assert collections.with_script(added, path) == added
        assert collections.without_script(added, path) == content


@given(damaged(CONTENTS) | CONTENTS, SCRIPT_PATHS, SCRIPT_PATHS)
def test_a_script_that_moves_keeps_its_settings_and_its_place(content: bytes, old: str, new: str) -> None:
    with quietly():
        before, _ = attempt(lambda: collections.scripts(content), CollectionError)
        if before is None:
            if old != new:
                assert attempt(lambda: collections.replaced_script(content, old, new), CollectionError)[1]
            return
        moved, refusal = attempt(lambda: collections.replaced_script(content, old, new), CollectionError)
        if refusal is not None:
            return
        assert without_scripts(moved) == without_scripts(content)
        if old not in before or old == new:
            assert moved == content
        elif new not in before and new != "":
            first = before.index(old)
            expected = [path for at, path in enumerate(before) if path != old or at == first]
            assert collections.scripts(moved) == tuple(new if path == old else path for path in expected)
            if before.count(old) == 1:
                assert read(collections.replaced_script(moved, new, old)) == read(content)
