"""Finished English messages, told again in another language by what they were made of."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_LEAST_LETTERS = 4
"""A template with fewer letters of its own fits messages that were not made of it."""
_DEEPEST = 4
"""Messages hold messages: a model could not be fetched, because a server refused."""
_STOPS = ".。"
_NAME = "((?:(?!; |: ).)+?)"
_CLAUSES = "(.+?)"
_CLAUSES_COME_AFTER = (": ", "(", ". ")
"""A place elsewhere holds a name, or a clause's template would fit the message around it as well."""


class _Template(NamedTuple):
    shape: re.Pattern[str]
    part: str
    """Of every message that fits: looking for it takes less time than the shape."""
    translation: str


class Messages:
    """The translations of one language.

    catalogue: English text to translation.  A text with {0}, {1} … stands for every message that has
    something in their places; what is there is translated too, where it is a message itself.
    """

    def __init__(self, catalogue: Mapping[str, str]) -> None:
        self._catalogue = catalogue
        shapes = {text: shape for text in catalogue if (shape := _shape(text))}
        # the most specific first: what many messages fit comes last
        order = sorted(shapes, key=lambda text: (-letters_of(text), text))
        self._templates = [_Template(shapes[text], _longest_part(text), catalogue[text]) for text in order]

    def translated(self, message: str) -> str:
        """`message` in this language, or as it is."""
        return self._catalogue.get(message) or self._part(message, 0)

    def _part(self, part: str, depth: int) -> str:
        """What stands in a place of a message: often a name, sometimes a clause or several."""
        if " " not in part or depth > _DEEPEST:
            return part
        if found := self._clause(part, depth):
            return found
        head, bracket, detail = part.rpartition(" (")
        if bracket and detail.endswith(")") and (found := self._clause(head, depth)):
            return f"{found} ({detail}"
        for mark in ("; ", ": "):
            head, found_mark, tail = part.partition(mark)
            if found_mark:
                return f"{self._part(head, depth + 1)}{mark}{self._part(tail, depth + 1)}"
        return part

    def _clause(self, clause: str, depth: int) -> str | None:
        """The translation of `clause`, which may be a sentence that has lost its stop."""
        sentence = f"{clause}."
        for known in (clause, sentence):
            if known in self._catalogue:
                return _without_stop(self._catalogue[known]) if known is sentence else self._catalogue[known]
        for template in self._templates:
            if template.part not in sentence:
                continue
            for message in (clause, sentence):
                if match := template.shape.fullmatch(message):
                    told = self._filled(template.translation, match, depth)
                    return _without_stop(told) if told and message is sentence else told
        return None

    def _filled(self, translation: str, match: re.Match[str], depth: int) -> str | None:
        try:
            return translation.format(*(self._part(part, depth + 1) for part in match.groups()))
        except (LookupError, ValueError):  # a translation with other places
            return None


def _without_stop(sentence: str) -> str:
    return sentence[:-1] if sentence[-1:] in _STOPS else sentence


def places(text: str) -> Iterator[str]:
    """What stands between the braces of `text`, in order."""
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is not None:
            yield name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")


def letters_of(text: str) -> int:
    """How many letters `text` has beside its places."""
    return sum(letter.isalpha() for literal, *_ in string.Formatter().parse(text) for letter in literal)


def is_distinct(text: str) -> bool:
    """Whether `text` has words enough of its own to know the messages that are made of it."""
    before = [literal for literal, name, *_ in string.Formatter().parse(text) if name is not None]
    return letters_of(text) >= _LEAST_LETTERS and all(between.strip() for between in before[1:])


def _longest_part(text: str) -> str:
    return max((literal for literal, *_ in string.Formatter().parse(text)), key=len)


def _shape(text: str) -> re.Pattern[str] | None:
    """What a message made of `text` looks like, if `text` has places with numbers."""
    pattern, count = "", 0
    try:
        for literal, name, _, _ in string.Formatter().parse(text):
            pattern += re.escape(literal)
            if name is None:
                continue
            if name != str(count):
                return None
            pattern += _CLAUSES if literal.endswith(_CLAUSES_COME_AFTER) else _NAME
            count += 1
    except ValueError:  # a lone brace: no template
        return None
    return re.compile(pattern, re.DOTALL) if count and is_distinct(text) else None
