"""The README tells what the code does."""

from __future__ import annotations

import re

from tests.readme import README, settings_table, updated


def test_settings_table_is_the_schema() -> None:
    text = README.read_text(encoding="utf-8")
    assert updated(text) == text, "run: python -m tests.readme"
    assert settings_table() in text


def test_linked_files_exist() -> None:
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert links
    missing = [link for link in links if "://" not in link and not (README.parent / link).exists()]
    assert not missing
