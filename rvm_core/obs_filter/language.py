"""The language in which OBS itself speaks."""

from __future__ import annotations

from typing import Any

from rvm_core.libobs import api
from rvm_core.texts import translated


def tr(text: str, **values: Any) -> str:
    """The English `text` in OBS's language, with each {name} replaced by its value.

    Any thread but the graphics thread.
    """
    found = translated(text, (api.function("obs_get_locale")() or b"").decode())
    return found.format(**values) if values else found
