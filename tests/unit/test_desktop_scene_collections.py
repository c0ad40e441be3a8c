"""The script in OBS's scene collections: one entry comes and goes, every other byte stays."""

from __future__ import annotations

import json
import random
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from rvm_core.desktop.scene_collections import (
    copies,
    replaced_script,
    scripts,
    with_script,
    without_script,
    written,
)
from rvm_core.errors import CollectionError

OURS = PurePosixPath("/home/streamer/.local/share/obs-rvm/obs_rvm_filter.py")
CHECKOUT = "/home/streamer/obs-rvm/obs_rvm_filter.py"
WINDOWS = PureWindowsPath(r"C:\Users\streamer\AppData\Local\obs-rvm\obs_rvm_filter.py")
ENTRY = {"path": str(OURS), "settings": {}}
SCENES = {"scenes": {"Main": "Facecam over game"}}

# The forms in which OBS 28 to 30, OBS 31 and later, and an editor on Windows write one collection.
FORMS = {
    "compact": lambda told: json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode(),
    "indented": lambda told: json.dumps(told, indent=4, ensure_ascii=False).encode(),
    "windows": lambda told: json.dumps(told, indent="\t").replace("\n", "\r\n").encode("utf-8-sig"),
}


def collection(*paths: str, **settings: Any) -> dict[str, Any]:
    """A collection with these scripts, `settings` being those of the first."""
    entries = [{"path": path, "settings": {} if at else settings} for at, path in enumerate(paths)]
    return {
        "current_scene": "Café",
        "modules": {"scripts-tool": entries, "output-timer": {"streamTimerHours": 0}},
        "name": "Untitled",
        "sources": [{"name": "Café", "settings": {"text": 'a "quoted" \\ ] }'}}],
    }


def loaded(content: bytes) -> Any:
    return json.loads(content.decode("utf-8-sig"))


@pytest.mark.parametrize("form", FORMS)
def test_the_script_comes_after_the_others_and_leaves_no_trace(form: str) -> None:
    before = FORMS[form](collection("/lua/clock.lua"))
    after = with_script(before, OURS)
    assert scripts(after) == ("/lua/clock.lua", str(OURS))
    told = loaded(after)
    assert told["modules"]["scripts-tool"].pop() == ENTRY
    assert told == loaded(before)
    assert without_script(after, OURS) == before


@pytest.mark.parametrize(
    "modules",
    ["", '"modules":{},', '"modules" : { } ,', '"modules":{"x":[]},', '"modules":{"scripts-tool":[]},',
     '"modules":{"scripts-tool": [\n]\t},', '"modules":{"scripts-tool":[7,null,{"settings":{}}],"y":0},'],
)  # fmt: skip
def test_what_is_missing_around_the_scripts_is_made_and_taken_away_again(modules: str) -> None:
    before = f'{{{modules}"sources":[]}}'.encode()
    after = with_script(before, OURS)
    assert scripts(after) == (str(OURS),)
    assert loaded(after)["modules"]["scripts-tool"][-1] == ENTRY
    assert without_script(after, OURS) == before


def test_what_others_added_meanwhile_stays() -> None:
    after = with_script(b'{"sources":[]}', OURS)
    more = replaced_script(with_script(after, PurePosixPath("/b.py")), "/b.py", "/c.py")
    assert scripts(without_script(more, OURS)) == ("/c.py",)


@pytest.mark.parametrize("form", FORMS)
def test_an_entry_that_obs_wrote_goes_with_its_settings(form: str) -> None:
    saved = FORMS[form](collection(str(OURS), "/b.py", scenes=SCENES))
    told = collection("/b.py")
    assert loaded(without_script(saved, OURS)) == told
    first = FORMS[form](collection("/b.py", str(OURS)))
    assert without_script(first, OURS) == FORMS[form](told)


def test_a_script_that_stands_there_twice_goes_twice() -> None:
    twice = FORMS["compact"](collection(str(OURS), "/b.py", str(OURS)))
    assert scripts(without_script(twice, OURS)) == ("/b.py",)


@pytest.mark.parametrize("path", [OURS, WINDOWS])
def test_adding_twice_is_adding_once(path: PurePath) -> None:
    once = with_script(FORMS["indented"](collection()), path)
    assert with_script(once, path) is once


def test_windows_does_not_tell_cases_and_slashes_apart() -> None:
    for path in (
        str(WINDOWS),
        str(WINDOWS).upper(),
        WINDOWS.as_posix(),
        str(WINDOWS).replace("obs-rvm", r".\obs-rvm"),
    ):
        there = FORMS["compact"](collection(path))
        assert with_script(there, WINDOWS) is there
        assert scripts(without_script(there, WINDOWS)) == ()
        assert copies(there, WINDOWS) == ()
    assert "\\" not in written(WINDOWS)
    assert scripts(with_script(FORMS["compact"](collection()), WINDOWS)) == (written(WINDOWS),)


def test_elsewhere_cases_count() -> None:
    there = FORMS["compact"](collection(str(OURS).upper()))
    assert scripts(with_script(there, OURS)) == (str(OURS).upper(), str(OURS))


def test_a_copy_added_by_hand_moves_with_its_settings_and_back() -> None:
    """Two of one name: OBS would load the older one twice."""
    before = FORMS["indented"](
        collection("/lua/obs_rvm_filter.lua", CHECKOUT, "~/obs_rvm_filter.py", **SCENES)
    )
    assert copies(before, OURS) == (CHECKOUT, "~/obs_rvm_filter.py")
    before = FORMS["indented"](collection(CHECKOUT, "/b.py", **SCENES))
    moved = replaced_script(before, CHECKOUT, str(OURS))
    assert moved == before.replace(CHECKOUT.encode(), str(OURS).encode())
    assert with_script(moved, OURS) is moved
    assert replaced_script(moved, str(OURS), CHECKOUT) == before


def test_of_several_copies_one_remains() -> None:
    content = FORMS["compact"](collection(CHECKOUT, "/old/obs_rvm_filter.py", CHECKOUT, **SCENES))
    for old in copies(content, OURS):
        content = replaced_script(content, old, written(OURS))
    assert loaded(with_script(content, OURS)) == collection(str(OURS), **SCENES)


def test_a_copy_on_windows_is_known_by_its_name() -> None:
    content = FORMS["compact"](collection(r"D:\obs-rvm\OBS_RVM_FILTER.PY", "D:/else.py"))
    assert copies(content, WINDOWS) == (r"D:\obs-rvm\OBS_RVM_FILTER.PY",)


def test_moving_to_the_same_place_changes_nothing() -> None:
    content = FORMS["compact"](collection(CHECKOUT))
    assert replaced_script(content, CHECKOUT, CHECKOUT) == content


BROKEN = {
    "empty": b"",
    "cut off": b'{"sources":[',
    "zeros": b"\x00" * 40,
    "more after it": b'{"sources":[]} x',
    "nested without end": b'{"sources":' + b"[" * 100_000,
    "no UTF-8": b'\xff{"sources":[]}',
    "UTF-16": '{"sources":[]}'.encode("utf-16"),
    "a key twice": b'{"sources":[],"sources":[]}',
    "a key twice, inside": b'{"sources":[{"a":1,"\\u0061":2}]}',
    "no number": b'{"sources":[NaN]}',
    "a list": b"[]",
    "a number": b"7",
    "a profile": b'{"name":"x"}',
    "sources of another form": b'{"sources":{}}',
    "modules that are none": b'{"sources":[],"modules":null}',
    "modules in a list": b'{"sources":[],"modules":[]}',
    "scripts that are none": b'{"sources":[],"modules":{"scripts-tool":null}}',
    "scripts by name": b'{"sources":[],"modules":{"scripts-tool":{}}}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_no_collection_is_refused_with_a_remedy(content: bytes) -> None:
    for attempt in (
        lambda: with_script(content, OURS),
        lambda: without_script(content, OURS),
        lambda: scripts(content),
    ):
        with pytest.raises(CollectionError) as refused:
            attempt()
        assert "OBS" in refused.value.remedy


def test_a_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(CollectionError, match="cannot store"):
        with_script(b'{"sources":[]}', PurePosixPath("/home/\udcff/obs_rvm_filter.py"))


def test_the_laws_hold_for_any_document() -> None:
    for seed in range(4000):
        made = _Document(seed)
        before = made.content()
        after = with_script(before, OURS)
        told, entries = loaded(after), scripts(before)
        assert scripts(after) == (*entries, str(OURS))
        assert told["modules"]["scripts-tool"].pop() == ENTRY
        assert _lean(told) == _lean(loaded(before)), seed
        assert without_script(after, OURS) == before, seed
        assert with_script(after, OURS) is after
        assert without_script(before, OURS) == before
        span = _span(before, after)
        assert before == after[: span[0]] + after[span[1] :], seed


def _span(before: bytes, after: bytes) -> tuple[int, int]:
    """What was inserted, if it is one piece."""
    start = next(
        (at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(before)
    )
    return start, start + len(after) - len(before)


def _lean(told: dict[str, Any]) -> dict[str, Any]:
    """Without the containers that adding may make."""
    modules = {key: value for key, value in told.get("modules", {}).items() if key != "scripts-tool" or value}
    return {**told, "modules": modules}


class _Document:
    """A random scene collection, in a random hand."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._newline = self._random.choice(["\n", "\r\n"])
        self._blanks = self._random.choice(["", " ", " \t"])
        self._bom = self._random.random() < 0.2

    def content(self) -> bytes:
        pick = self._random
        told = self._object(2) | {pick.choice(["sources", "scene_order"]): self._array(3)}
        told.pop("modules", None)
        if pick.random() < 0.8:
            modules = self._object(2)
            if pick.random() < 0.8:
                modules["scripts-tool"] = self._array(2) if pick.random() < 0.5 else self._scripts()
            told["modules"] = self._shuffled(modules)
        text = self._blank() + self._text(self._shuffled(told)) + self._blank()
        return text.encode("utf-8-sig" if self._bom else "utf-8")

    def _scripts(self) -> list[Any]:
        pick = self._random
        return [
            {"path": f"/{pick.random()}.py", "settings": self._object(2)} for _ in range(pick.randrange(3))
        ]

    def _shuffled(self, told: dict[str, Any]) -> dict[str, Any]:
        keys = list(told)
        self._random.shuffle(keys)
        return {key: told[key] for key in keys}

    def _value(self, depth: int) -> Any:
        kinds = [self._word, lambda: self._random.choice([None, True, False, 0, -1.5e-7, 12, 1e300])]
        if depth:
            kinds += [lambda: self._object(depth - 1), lambda: self._array(depth - 1)]
        return self._random.choice(kinds)()

    def _object(self, depth: int) -> dict[str, Any]:
        return {self._word(): self._value(depth) for _ in range(self._random.randrange(4))}

    def _array(self, depth: int) -> list[Any]:
        return [self._value(depth) for _ in range(self._random.randrange(4))]

    def _word(self) -> str:
        letters = [
            '"',
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "/",
            "é",
            "\U0001f3a5",
            "\n",
            "path",
            "modules",
            "a",
            " ",
        ]
        return "".join(self._random.choices(letters, k=self._random.randrange(6)))

    def _blank(self) -> str:
        return "".join(self._random.choices(["", self._newline, self._blanks], k=self._random.randrange(3)))

    def _text(self, value: Any) -> str:
        blank = self._blank
        if isinstance(value, dict):
            members = [
                f"{blank()}{self._text(key)}{blank()}:{blank()}{self._text(one)}{blank()}"
                for key, one in value.items()
            ]
            return "{" + (",".join(members) or blank()) + "}"
        if isinstance(value, list):
            return "[" + (",".join(blank() + self._text(one) + blank() for one in value) or blank()) + "]"
        return json.dumps(value, ensure_ascii=self._random.random() < 0.5)
