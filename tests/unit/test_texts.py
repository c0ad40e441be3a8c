"""Every text that users of the filter read is in every catalogue, and messages find their translation."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from rvm_core.errors import HostError, RvmError
from rvm_core.libobs import api
from rvm_core.obs_filter import language
from rvm_core.texts import translated
from rvm_core.texts.catalogues import catalogue
from rvm_core.texts.messages import Messages, places
from tests import texts
from tests.contract.tree import Module, parse
from tests.reading import PLACE, Reader

_STOPS = {".": ".。", "…": "…", ":": ":："}


@pytest.fixture(scope="module")
def needed() -> dict[str, list[str]]:
    return texts.collected()


# -- the catalogues ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", texts.LANGUAGES)
def test_a_catalogue_has_every_text_and_no_other(name: str, needed: dict[str, list[str]]) -> None:
    known = catalogue(name)
    missing = [f"{text!r}: {needed[text]}" for text in sorted(needed.keys() - known)]
    assert not missing, f"python -m tests.texts missing {name}\n" + "\n".join(missing)
    gone = sorted(known.keys() - needed)
    assert not gone, f"python -m tests.texts prune {name}\n" + "\n".join(gone)


@pytest.mark.parametrize("name", texts.LANGUAGES)
def test_a_translation_has_the_places_of_its_text(name: str) -> None:
    for text, translation in catalogue(name).items():
        assert Counter(places(translation)) == Counter(places(text)), (text, translation)


@pytest.mark.parametrize("name", texts.LANGUAGES)
def test_a_translation_says_something_and_ends_as_its_text_does(name: str) -> None:
    for text, translation in catalogue(name).items():
        assert translation, text
        assert translation == translation.strip(), text
        stops = _STOPS.get(text[-1])
        assert (translation[-1] in stops) if stops else translation[-1] not in ".。", (text, translation)


@pytest.mark.parametrize("name", texts.LANGUAGES)
def test_a_button_is_called_the_same_everywhere(name: str) -> None:
    known = catalogue(name)
    for text, translation in known.items():
        for button in re.findall("“(.+?)”", text):
            if button in known:
                assert known[button] in translation, (text, translation)


def test_the_files_are_in_order() -> None:
    for name in texts.LANGUAGES:
        file = texts.FOLDER / f"{name}.json"
        before = file.read_text(encoding="utf-8")
        assert list(catalogue(name)) == sorted(catalogue(name)), f"python -m tests.texts add {name} FILE"
        assert before.endswith("}\n")


# -- what is collected ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Background",  # a heading, a label
        "What happens to everything that is not a person.",  # a help
        "Replace by another source",  # a choice of live use alone
        "Zone {0}: left",  # several labels that differ by a number
        "RVM MobileNetV3 (recommended)",  # of the manifest
        "The model {0} is not on this computer ({1}).",  # an error's problem
        "Run: {0} models get {1}",  # its remedy
        "Choose Automatic or Processor in Runs on.",  # a constant of another module
        "Close something. Then press “Try again” in the filter's settings.",  # a constant within
        "The clean plate {0} cannot be read ({1}).",  # a parameter, given in another module
        "it is slow: {0} ms a picture, the processor {1}",  # a clause, by the function that raises
        "the server is asked too often",  # a table of clauses
        "scene switch",
        "{name} is being loaded.",  # given to tr
    ],
)
def test_a_text_is_found_where_it_is_born(text: str, needed: dict[str, list[str]]) -> None:
    assert needed[text]


def test_what_never_runs_in_obs_stays_english(needed: dict[str, list[str]]) -> None:
    assert not [place for places in needed.values() for place in places if "rvm_core.video" in place]


def read(source: str) -> list[str] | None:
    """What the argument of the last call in `source` can be."""
    module: Module = parse("rvm_core.one", source)
    expression: Any = module.tree.body[-1]
    return Reader([module]).texts(expression.value.args[0], module)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("tr('Off')", ["Off"]),
        ("tr('On' if x else 'Off')", ["On", "Off"]),
        ("tr(f'No {what}.')", [f"No {PLACE}."]),
        ("A = 'air'\ntr(f'No {A} in {B}.')", [f"No air in {PLACE}."]),
        ("tr('No ' + what + '.')", [f"No {PLACE}."]),
        ("tr(what)", None),
        ("tr('; '.join(all))", None),
    ],
)
def test_the_source_tells_what_a_text_can_be(source: str, found: list[str] | None) -> None:
    assert read(source) == found


def test_a_function_that_is_given_a_text_gives_it_on() -> None:
    source = "def refuse(why):\n    raise RvmError(f'No: {why}', 'Go.')\nrefuse('late')\nrefuse('early')\n"
    module = parse("rvm_core.one", source)
    (call,) = [node for node, _ in texts._asked(module)][:1]
    assert Reader([module]).texts(call, module) == ["No: late", "No: early"]


def test_braces_that_are_no_places_are_told_apart() -> None:
    assert texts._numbered("Give {1}.") == "Give {1}."
    assert texts._numbered(f"Give {{1}} {PLACE}.") == "Give {{1}} {0}."


def test_a_text_that_nobody_can_read_is_no_text() -> None:
    (asked, _), *_ = texts._asked(parse("rvm_core.one", "tr(secret)"))
    assert not texts._is_elsewhere(asked, parse("rvm_core.one", ""))


# -- what is translated --------------------------------------------------------------------------------

SMALL = Messages(
    {
        "Blur": "Unschärfe",
        "{0} is left out: {1}.": "{0} bleibt weg, denn {1}.",
        "The model {0} could not be fetched: {1}.": "Das Modell {0} kam nicht: {1}.",
        "The model {0} is not here.": "{0} fehlt.",
        "the server refuses": "der Server will nicht",
        "it failed. {0}": "es ging nicht. {0}",
        "The network failed: {0}": "Das Netz versagte: {0}",
        "{0} runs on {1} instead of {2}; why.": "Statt auf {2} läuft {0} auf {1}; warum.",
        "The network gave nothing.": "Das Netz gab nichts.",
        "{0} is not here.": "{0} ist nicht hier.",
        "{0} in the box {1}": "Kiste {1} mit {0}",
        "{0} is {1}.": "{0} ist {1}.",
        "Use {0} {1} instead.": "Statt dessen {0} {1}.",
    }
)


@pytest.mark.parametrize(
    ("message", "translation"),
    [
        ("Blur", "Unschärfe"),
        ("Nothing of the kind", "Nothing of the kind"),
        # two templates fit the first
        ("The model a b is not here.", "a b fehlt."),
        ("The file a b is not here.", "The file a b ist nicht hier."),
        # in other order
        ("x runs on cpu instead of webgpu; why.", "Statt auf webgpu läuft x auf cpu; warum."),
        # clauses of clauses, with what is behind them, a sentence without its stop among them
        (
            "The model m could not be fetched: https://a/b: the server refuses (HTTP 418); c d: odd.",
            "Das Modell m kam nicht: https://a/b: der Server will nicht (HTTP 418); c d: odd.",
        ),
        (
            "webgpu is left out: it failed. The network failed: no card.",
            "webgpu bleibt weg, denn es ging nicht. Das Netz versagte: no card.",
        ),
        (
            "webgpu is left out: x runs on cpu instead of webgpu; why.",
            "webgpu bleibt weg, denn Statt auf webgpu läuft x auf cpu; warum.",
        ),
        ("webgpu is left out: The network gave nothing.", "webgpu bleibt weg, denn Das Netz gab nichts."),
        # a template with a name in its place does not fit the clauses around it
        (
            "The model m could not be fetched: a: the server refuses; b c in the box d: the server refuses.",
            "Das Modell m kam nicht: a: der Server will nicht; Kiste d mit b c: der Server will nicht.",
        ),
        # a template without words of its own, or between its places, fits too much, and is not used
        ("The picture is odd.", "The picture is odd."),
        ("Use the other one instead.", "Use the other one instead."),
        ("a {brace} is not Blur", "a {brace} is not Blur"),
    ],
)
def test_a_message_is_told_by_what_it_is_made_of(message: str, translation: str) -> None:
    assert SMALL.translated(message) == translation


def test_messages_within_messages_come_to_an_end() -> None:
    message = "; ".join("a b" for _ in range(2000))
    assert SMALL.translated(f"The model m could not be fetched: {message}.").endswith(f"{message}.")


def test_a_translation_that_is_wrong_is_left_out() -> None:
    assert Messages({"The end of {0}.": "{1}"}).translated("The end of time.") == "The end of time."


def test_a_locale_finds_its_language() -> None:
    for locale in ("de-DE", "de_AT", "de"):
        assert translated("Background", locale) == catalogue("de")["Background"] != "Background"
    assert translated("Background", "zh-TW") == translated("Background", "zh-CN") != "Background"
    assert translated("Background", "pt-PT") == translated("Background", "pt-BR") != "Background"
    for locale in ("en-US", "en-GB", "", "tlh", "../de", "messages"):
        assert translated("Background", locale) == "Background"


# -- in OBS ----------------------------------------------------------------------------------------------


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_known", ["de-DE"])


@pytest.mark.usefixtures("german")
def test_a_text_is_filled_with_its_values() -> None:
    expected = catalogue("de")["{name} is being loaded."].format(name="rvm")
    assert language.tr("{name} is being loaded.", name="rvm") == expected
    assert language.tr("{text} and {more}", text="a", more="b") == "a and b"


@pytest.mark.usefixtures("german")
def test_a_text_that_does_not_fit_its_values_stays_as_it_is() -> None:
    assert language.tr("{name} of {all}", name="a") == "{name} of {all}"
    assert language.tr("{name", name="a") == "{name"


def test_a_translation_that_does_not_fit_gives_way_to_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "translated", lambda _text, _locale: "{nom}")
    assert language.tr("{name}!", name="a") == "a!"


@pytest.mark.usefixtures("german")
def test_an_error_is_told_with_its_remedy() -> None:
    problem = RvmError("There is no clean plate.", "Report this model.")
    known = catalogue("de")
    told = f"{known['There is no clean plate.']} {known['Report this model.']}"
    assert language.sentences(problem) == told


class Host:
    """The functions of an OBS whose locale is not known before it has started."""

    def __init__(self) -> None:
        self.has_started, self.asked = False, 0

    def function(self, name: str) -> Any:
        if name == "obs_initialized":
            return lambda: self.has_started
        assert self.has_started, "libobs would read memory that it has not"
        self.asked += 1
        return lambda: b"fr-FR"


def test_the_locale_is_asked_once_obs_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    monkeypatch.setattr(language, "_known", [])
    monkeypatch.setattr(api, "function", host.function)
    assert language.tr("Background") == "Background"
    host.has_started = True
    for _ in range(3):
        assert language.tr("Background") == catalogue("fr")["Background"]
    assert host.asked == 1


def test_without_libobs_the_language_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    def function(_name: str) -> Any:
        raise HostError("libobs is not in this process.", "Run this inside OBS Studio.")

    monkeypatch.setattr(language, "_known", [])
    monkeypatch.setattr(api, "function", function)
    assert language.tr("Background") == "Background"
