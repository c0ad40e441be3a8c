"""Every text of the code that users of the filter can read, and what the catalogues lack of them.

::

    python -m tests.texts missing LANG       the texts without a translation, as JSON {text: ""}
    python -m tests.texts add LANG FILE      take in the translations of such a JSON file
    python -m tests.texts prune LANG         drop the translations of texts that are gone

Texts are read from the source, not collected while it runs: the schema's words, what :func:`tr` is given,
problems and remedies of errors, and the clauses that errors are made of.  A finished message's places are
numbered {0}, {1} ..., those of a text for ``tr`` keep their names.
"""

from __future__ import annotations

import ast
import itertools
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from rvm_core import errors, paths, presets, texts
from rvm_core.settings import GROUPS, MODEL_KEY, SCHEMA
from rvm_core.texts.messages import is_distinct, letters_of
from tests.contract.tree import Module, shipped_modules
from tests.reading import PLACE, Reader, called

LANGUAGES = ("de", "es", "fr", "ja", "pt", "ru", "zh")
FOLDER = Path(texts.__file__).parent

UNHEARD = (
    *("installer", "rvm_core.bench", "rvm_core.cli", "rvm_core.video", "rvm_core.__main__"),  # not in OBS
    "rvm_core.desktop",  # what the installer and the doctor see
    "rvm_core.health",  # the doctor is a command
    "rvm_core.kernels",  # who calls them wrongly reads the code
)
"""Rooms whose words users of the filter never read: they stay English."""

WORDS = ("label", "help", "name", "heading", "problem", "remedy")
"""``tr(setting.label)``, ``tr(label)`` and the like: these are collected where they are born."""

CLAUSES = (
    ("rvm_core.matting.contract", "fault"),
    ("rvm_core.matting.ledger", "find"),
    ("rvm_core.matting.providers", "_looked_up"),
    ("rvm_core.matting.providers", "_plugged"),
    ("rvm_core.matting.providers", "why_not"),
    ("rvm_core.matting.watch", "_LIGHT"),
    ("rvm_core.matting.watch", "_MOVED"),
    ("rvm_core.models.faults", "_HTTP_WORDS"),
    ("rvm_core.models.faults", "disk_problem"),
    ("rvm_core.models.faults", "of_source"),
    ("rvm_core.models.faults", "remedy"),
    ("rvm_core.models.fetch", "_describe"),
    ("rvm_core.models.promise", "fault"),
    ("rvm_core.obs_filter.state", "REASON_TEXT"),
)
"""Functions whose results, and constants whose values, users read as part of a message."""
MADE_OF = {"Contract": ("title", 0), "SourceFault": ("words", 1), "Verdict": ("reason", 2)}
"""Calls with such a clause: the argument's name and place."""

ELSEWHERE = {
    ("rvm_core.matting.trials", "reason.rstrip('.')"): "an InferenceError's problem",
    ("rvm_core.matting.trials", "refusal.problem.rstrip('.')"): "a ProviderError's problem",
    ("rvm_core.models.faults", "str(fault)"): "a ValueError's own words",
    ("rvm_core.models.faults", "words"): "the system's own words",
    ("rvm_core.models.fetch", "remedy"): "faults.remedy and faults.disk_problem",
    ("rvm_core.obs_filter.worker", "self._engine.problem"): "watch._MOVED and watch._LIGHT",
}
"""Expressions that the source does not answer, and where their texts are collected or come from."""


class Unreadable(AssertionError):
    """A text of which the source does not tell what it will be."""


def collected() -> dict[str, list[str]]:
    """Every text, with the places where it is born.  Raises Unreadable, naming each text that is not."""
    reader = Reader(
        module
        for module in shipped_modules()
        if not any(module.name == room or module.name.startswith(f"{room}.") for room in UNHEARD)
    )
    found: dict[str, list[str]] = defaultdict(list)
    unreadable: list[str] = []
    for text, place in itertools.chain(_of_schema(), _of_presets()):
        found[text].append(place)
    for module in reader.modules.values():
        for node, is_message in _asked(module):
            known = reader.texts(node, module)
            if known is None and not _is_elsewhere(node, module):
                unreadable.append(module.at(node, ast.unparse(node)))
            for text in known or []:
                shown = _numbered(text) if is_message else text
                found[shown].append(module.at(node, ""))
    for name, definition in CLAUSES:
        for text in reader.definition(reader.modules[name], definition):
            found[_numbered(text)].append(f"{name}.{definition}")
    if unreadable:
        raise Unreadable("\n".join(unreadable))
    return {text: places for text, places in found.items() if _has_words(text)}


def catalogue(language: str) -> dict[str, str]:
    """The translations into `language`, as they stand."""
    file = FOLDER / f"{language}.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def write(language: str, translations: Mapping[str, str]) -> None:
    """Let the catalogue of `language` hold `translations`, in order."""
    ordered = json.dumps(dict(sorted(translations.items())), ensure_ascii=False, indent=1)
    (FOLDER / f"{language}.json").write_text(ordered + "\n", encoding="utf-8")


def _has_words(text: str) -> bool:
    """Whether there is something to translate; a message with hardly a word of its own stays English."""
    return is_distinct(text) if "{0}" in text else letters_of(text) > 0


def _of_schema() -> Iterator[tuple[str, str]]:
    words = [(heading, "GROUPS") for heading in GROUPS.values()]
    for setting in SCHEMA:
        labels = [] if setting.key == MODEL_KEY else [label for _, label in setting.choices]
        labels += [label for _, label in setting.live_choices]
        words += [(text, setting.key) for text in (setting.label, setting.help, *labels)]
    models = json.loads(paths.manifest_file().read_text(encoding="utf-8"))["models"]
    words += [(str(model["title"]), name) for name, model in models.items()]
    alike = defaultdict(set)  # texts that differ by a number are one
    for text, _ in words:
        alike[re.sub(r"\d+", PLACE, text)].add(text)
    for text, key in words:
        shape = re.sub(r"\d+", PLACE, text)
        yield _numbered(shape) if len(alike[shape]) > 1 else text, f"the schema's {key}"


def _of_presets() -> Iterator[tuple[str, str]]:
    for preset in presets.BUILT_IN:
        yield preset.name, "BUILT_IN"


def _asked(module: Module) -> Iterator[tuple[ast.expr, bool]]:
    """The expressions of `module` that users read, and whether each is shown as a finished message."""
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    kinds |= {
        node.arg  # a parameter that is a kind of error
        for node in ast.walk(module.tree)
        if isinstance(node, ast.arg) and node.annotation and "Error]" in ast.unparse(node.annotation)
    }
    for call in ast.walk(module.tree):
        if not isinstance(call, ast.Call):
            continue
        name = called(call)
        if name == "tr":
            yield call.args[0], False
        elif name in MADE_OF:
            yield from ((node, True) for node in _argument(call, *MADE_OF[name]))
        elif name in kinds:
            for place, parameter in enumerate(("problem", "remedy")):
                yield from ((node, True) for node in _argument(call, parameter, place))


def _is_elsewhere(node: ast.expr, module: Module) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in WORDS or (module.name, ast.unparse(node)) in ELSEWHERE


def _argument(call: ast.Call, parameter: str, place: int) -> list[ast.expr]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == parameter]
    return named or call.args[place : place + 1]


def _numbered(text: str) -> str:
    """`text` as a template, its places counted; where it has none, as it is shown."""
    if PLACE not in text:
        return text
    literals = text.replace("{", "{{").replace("}", "}}").split(PLACE)
    numbers = [f"{{{number}}}" for number in range(len(literals) - 1)] + [""]
    return "".join(itertools.chain.from_iterable(zip(literals, numbers, strict=True)))


def main(arguments: list[str]) -> None:
    """See above."""
    command, language, *files = arguments
    known, needed = catalogue(language), collected()
    if command == "missing":
        print(json.dumps(dict.fromkeys(sorted(needed.keys() - known), ""), ensure_ascii=False, indent=1))
    elif command == "add":
        given = json.loads(Path(files[0]).read_text(encoding="utf-8"))
        write(language, known | {text: translation for text, translation in given.items() if translation})
    elif command == "prune":
        write(language, {text: translation for text, translation in known.items() if text in needed})
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
