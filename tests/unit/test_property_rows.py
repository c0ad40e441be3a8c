"""What the settings window says beside its buttons, without OBS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rvm_core.errors import PresetError
from rvm_core.libobs.constants import OBS_TEXT_INFO_ERROR
from rvm_core.obs_filter import language
from rvm_core.obs_filter.property_rows import Button, note, press
from tests.unit.filters import Filter

PROBLEM = PresetError("It is gone.", "Choose another one.")


@pytest.fixture(autouse=True)
def language_of_obs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "translated", lambda text, locale: f"<{locale} {text}>")
    monkeypatch.setattr(language, "_known", ["xx"])


def refuse(_living: object, _given: Mapping[str, Any]) -> str:
    raise PROBLEM


def test_why_a_button_did_nothing_is_said_in_the_language_of_obs() -> None:
    living: Any = Filter()
    button = Button("do", str, str, bool, refuse, "note")
    press(button, living, {})
    said = note("note", bool).read(living)
    assert said == ("<xx It is gone.> <xx Choose another one.>", OBS_TEXT_INFO_ERROR)
