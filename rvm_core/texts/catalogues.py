"""The catalogues, and the one of a locale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from rvm_core.texts.messages import Messages

_FOLDER = Path(__file__).parent


@lru_cache(maxsize=1024)
def translated(text: str, locale: str) -> str:
    """The English `text`, or a message made of one, in the language of `locale`, as OBS names it (``de-DE``).

    As it is where that language has nothing for it.  Any thread; never raises.
    """
    messages = _messages(locale.replace("_", "-").partition("-")[0].lower())
    return messages.translated(text) if messages else text


def catalogue(language: str) -> Mapping[str, str]:
    """The translations into `language` (``de``) by their English; none where there is no such catalogue."""
    try:
        found = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(text): str(translation) for text, translation in found.items()}


@cache
def _messages(language: str) -> Messages | None:
    known = catalogue(language) if language.isalpha() else {}
    return Messages(known) if known else None
