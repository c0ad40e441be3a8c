"""The README's table of settings, generated: ``python -m tests.readme`` writes it."""

from __future__ import annotations

import re
from pathlib import Path

from rvm_core.settings import SCHEMA, ZONE_COUNT, Kind, Setting

README = Path(__file__).resolve().parent.parent / "README.md"
_OTHER_ZONES = tuple(f"zone_{number}_" for number in range(2, ZONE_COUNT + 1))
_PLACE = re.compile(r"(<!-- settings: [^>]*-->\n).*?(<!-- /settings -->)", re.DOTALL)


def settings_table() -> str:
    """One row for each setting, in the schema's order."""
    rows = ["| setting | key | values | default | |", "|---|---|---|---|---|"]
    rows += [
        f"| {setting.label} | `{setting.key}` | {_values(setting)} | {_default(setting)} | {setting.help} |"
        for setting in SCHEMA
        if not setting.key.startswith(_OTHER_ZONES)  # they are like the first
    ]
    return "\n".join(rows) + "\n"


def updated(text: str) -> str:
    """`text` with the table put in its place."""
    result, count = _PLACE.subn(lambda found: found[1] + settings_table() + found[2], text)
    assert count == 1, "the README has no place for the settings"
    return result


def _values(setting: Setting) -> str:
    if setting.kind is Kind.CHOICE:
        return ", ".join(f"`{value}`" for value, _ in setting.choices + setting.live_choices)
    if setting.kind in (Kind.NUMBER, Kind.COUNT):
        return f"{setting.low:g} to {setting.high:g}"
    return {Kind.SWITCH: "on, off", Kind.COLOR: "a colour", Kind.PATH: "a file", Kind.TEXT: "a text"}[
        setting.kind
    ]


def _default(setting: Setting) -> str:
    if setting.kind is Kind.COLOR:
        blue, green, red = (setting.default >> shift & 255 for shift in (16, 8, 0))
        return f"#{red:02X}{green:02X}{blue:02X}"
    if setting.kind is Kind.SWITCH:
        return "on" if setting.default else "off"
    return f"`{setting.default}`" if setting.default != "" else ""


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
