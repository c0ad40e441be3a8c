"""The filter's entry in OBS, its settings window, and settings of every kind, good and bad."""

from __future__ import annotations

import itertools
import subprocess
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installer.sandbox import color_source, filter_entry, image_source
from rvm_core.libobs.constants import OBS_TEXT_INFO_ERROR
from rvm_core.settings import (
    BACKGROUND_SOURCE_KEY,
    BLUR_STRENGTH_KEY,
    BY_KEY,
    GROUPS,
    MODE_KEY,
    MODEL_KEY,
    PRESET_KEY,
    SCHEMA,
    Kind,
    Setting,
)
from tests.obs.picture_helpers import (
    FILTER,
    FILTER_KIND,
    GOOD,
    Lab,
    expected_screenshot,
    matting,
    off_share,
    room,
    version,
    wait_until,
    write_png,
)
from tests.texts import LANGUAGES

WIDTH, HEIGHT = 320, 180
CANVAS = (WIDTH, HEIGHT)
SWITCH, BUTTON, GROUP = 1, 8, 12
"""Of OBS's enum obs_property_type."""
LONGEST_ROW, LONGEST_WORD = 63, 24
"""Characters: OBS makes its window as wide as what is widest in it, and cuts off the rest."""
BREAK = "\N{ZERO WIDTH SPACE}"
LONG_NAME = "A source with a name as long as those that people give when they copy one"

BAD_VALUES: dict[str, Any] = {
    "preset": 5,
    "preset_name": ["a"],
    "preset_file": {"a": 1},
    "advanced": "perhaps",
    "mode": "nonsense",
    "background_color": "red",
    "background_file": 7,
    "background_source": -1,
    "background_fit": "",
    "blur_strength": "much",
    "bokeh_highlights": -4.0,
    "edge_shift_px": 1e9,
    "edge_feather_px": "wide",
    "edge_contrast": True,
    "spill_removal": None,
    "light_wrap": [0.5],
    "show_zones": 2,
    "zone_softness": 20.5,
    **{f"zone_{number}_use": use for number, use in enumerate(("some", 1, None, "keep "), 1)},
    **{f"zone_{number}_left": left for number, left in enumerate((-0.5, "left", [], 100.5), 1)},
    "quality": 3,
    "latency": ["lowest"],
    "until_ready": {"hide": True},
    "reset_on_scene_switch": "maybe",
    "provider": "abacus",
    "threads": 4000,
    "show_status": "always",
    "audio_source": 8,
    "unheard_of": 1,
}
"""A hand-edited scene file: every key but `model` out of range or of another type."""
SAID = (
    "mode", "background_fit", "bokeh_highlights", "edge_shift_px", "zone_softness", "zone_1_use",
    "zone_2_use", "zone_4_use", "zone_1_left", "zone_4_left", "quality", "latency", "until_ready",
    "provider", "threads",
)  # fmt: skip
"""Those that cannot be read as a number, or are beyond its limits: the log says so."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a well and a badly set filter."""
    lab = Lab(tmp_path_factory.mktemp("properties"))
    file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    bad = filter_entry(FILTER_KIND, "Bad", {**BAD_VALUES, "model": "graph_good"})
    sources = [
        image_source("Room", file, [matting()]),
        image_source("Spoilt", file, [bad]),
        color_source(LONG_NAME, 0xFF336699, 10, 10),
    ]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources):
        yield lab


def assert_mattes(lab: Lab, name: str) -> None:
    expected = expected_screenshot(room(WIDTH, HEIGHT))
    picture = lab.wait_picture(name, CANVAS, lambda seen: off_share(seen, expected) <= 0.002)
    off = off_share(picture, expected)
    assert off <= 0.002, f"{name}: {off:.2%} of the pixels; {lab.status(name)}"


def errors(lab: Lab) -> list[str]:
    """What the filter, or Python on its behalf, complained of."""
    lines = lab.obs.log_lines("[obs-rvm]") + lab.obs.log_lines("Traceback")
    return [line for line in lines if not line.startswith(("info", "warning"))]


def test_the_filter_is_listed_under_its_name(opened: Lab) -> None:
    assert opened.call("filter_kinds")[FILTER_KIND] == "RVM Background"


def test_the_defaults_are_those_of_the_schema(opened: Lab) -> None:
    given = opened.obs.ws.get_source_filter_default_settings(FILTER_KIND).default_filter_settings
    assert given == {setting.key: setting.default for setting in SCHEMA}


def test_bad_values_in_a_saved_scene_become_good_ones_and_are_said_once(opened: Lab) -> None:
    opened.wait_status("Spoilt", lambda s: s["state"] == "running", "runs")
    warnings = opened.filter_log("Bad")
    warnings = [line for line in warnings if line.startswith("warning")]
    keeps_null = version(opened.obs.ws.get_version().obs_version) >= (32, 1)  # libobs dropped it before
    said = (*SAID, "zone_3_use") if keeps_null else SAID
    for key in said:
        assert len([line for line in warnings if f": {key} cannot be" in line]) == 1, (key, warnings)
    assert len([line for line in warnings if "unheard_of" in line]) == 1
    assert len(warnings) == len(said) + 1
    assert opened.status("Spoilt")["threads"] <= BY_KEY["threads"].high
    assert opened.status("Spoilt")["latency"] == "aligned"
    shown = {one["name"] for one in opened.call("properties", source="Spoilt", filter="Bad")}
    assert shown >= set(BY_KEY)


def rows(lab: Lab) -> list[dict[str, Any]]:
    """The rows of the good filter's window, in order."""
    found: list[dict[str, Any]] = lab.call("properties", source="Room", filter=FILTER)
    return found


def texts_of(lab: Lab, key: str) -> list[str]:
    """What the list of a setting offers, as users read it."""
    return next(list(row["texts"]) for row in rows(lab) if row["name"] == key)


def at_rest(lab: Lab) -> bool:
    """Whether nothing has made the window anew for a second."""
    before = lab.call("refreshes", source="Room", filter=FILTER)
    time.sleep(1.0)
    return bool(lab.call("refreshes", source="Room", filter=FILTER) == before)


def visible(shown: list[dict[str, Any]]) -> set[str]:
    """The settings that are seen of the rows `shown`."""
    return {row["name"] for row in shown if row["visible"]} & set(BY_KEY)


def expected_visible(**values: Any) -> set[str]:
    complete = {**{setting.key: setting.default for setting in SCHEMA}, **GOOD, **values}
    return {setting.key for setting in SCHEMA if setting.is_shown(complete)}


def test_the_window_has_every_setting_in_its_group(opened: Lab) -> None:
    opened.wait_status("Room", lambda s: s["state"] == "running", "runs")
    opened.reset_filter("Room")
    shown = rows(opened)
    assert shown[0]["name"] == "status"
    assert "graph_good on cpu" in shown[0]["text"]
    headings = [(row["name"], row["text"]) for row in shown if row["kind"] == GROUP]
    assert headings == [(f"group_{group}", heading) for group, heading in GROUPS.items()]
    listed = [(row["group"], row["name"]) for row in shown if row["name"] in BY_KEY]
    order = ["", *GROUPS]
    expected = sorted(
        SCHEMA, key=lambda setting: order.index(setting.group)
    )  # stable: then the schema's order
    assert listed == [(setting.group and f"group_{setting.group}", setting.key) for setting in expected]


def test_rows_say_what_the_schema_says(opened: Lab) -> None:
    shown = {row["name"]: row for row in rows(opened)}
    for setting in SCHEMA:
        row = shown[setting.key]
        assert row["text"] == setting.label
        assert row["help"].replace("\n", " ") == setting.help
        assert max(map(len, row["help"].splitlines())) <= 64, "Qt breaks no lines of a tooltip"
        assert row["suffix"] == (f" {setting.unit}" if setting.unit else "")
        if setting.kind is Kind.CHOICE and setting.key != MODEL_KEY:
            assert row["values"] == [value for value, _ in setting.choices + setting.live_choices]
            assert row["texts"] == [label for _, label in setting.choices + setting.live_choices]
    assert "graph_good" in shown[MODEL_KEY]["values"]


def test_each_mode_shows_its_own_settings(opened: Lab) -> None:
    mode = BY_KEY[MODE_KEY]
    for value, _ in mode.choices + mode.live_choices:
        for advanced in (False, True):
            opened.reset_filter("Room", mode=value, advanced=advanced)
            shown = rows(opened)
            assert visible(shown) == expected_visible(mode=value, advanced=advanced)
            for group in GROUPS:
                seen = next(row["visible"] for row in shown if row["name"] == f"group_{group}")
                assert seen is any(BY_KEY[key].group == group for key in visible(shown)), (value, group)
    opened.reset_filter("Room", zone_1_use="keep", advanced=True, show_status=True)
    assert visible(rows(opened)) == expected_visible(zone_1_use="keep", advanced=True, show_status=True)
    opened.reset_filter("Room")


def test_what_a_choice_changes_is_seen_at_once_and_nothing_else_makes_the_window_anew(opened: Lab) -> None:
    changes: list[tuple[str, Any, bool]] = [
        ("mode", "transparent", False),
        ("advanced", True, True),
        ("mode", "blur", True),
        ("zone_1_use", "keep", True),
        ("zone_1_use", "remove", False),
        ("quality", "fast", False),
        ("show_zones", True, False),
        ("show_status", True, True),
        ("mode", "source", True),
        ("advanced", False, True),
    ]
    for count in range(1, len(changes) + 1):
        opened.reset_filter("Room")
        asked = [[key, value] for key, value, _ in changes[:count]]
        done = opened.call("change_in_window", source="Room", filter=FILTER, changes=asked)
        assert done["answers"] == [is_anew for _, _, is_anew in changes[:count]], asked
        assert visible(done["properties"]) == expected_visible(**dict(asked))
    opened.reset_filter("Room")


def test_a_slider_is_never_torn_from_the_hand(opened: Lab) -> None:
    opened.reset_filter("Room", mode="blur", advanced=True, preset_name="Mine")
    opened.wait_status("Room", lambda s: s["state"] == "running", "runs")
    assert opened.call("click", source="Room", filter=FILTER, button="preset_save")
    assert "Mine" in texts_of(opened, PRESET_KEY)
    sliders = [setting for setting in SCHEMA if setting.kind in (Kind.NUMBER, Kind.COUNT)]
    assert not any(setting.depends_on & {slider.key for slider in sliders} for setting in SCHEMA)
    wait_until(lambda: at_rest(opened), "the window is made anew again and again")
    before = opened.call("refreshes", source="Room", filter=FILTER)
    for slider in sliders:
        if slider.kind is Kind.COUNT:  # another engine is loaded, which is said
            continue
        steps = [[slider.key, slider.low + (slider.high - slider.low) * n / 20] for n in range(21)]
        done = opened.call("change_in_window", source="Room", filter=FILTER, changes=steps)
        assert not any(done["answers"]), slider.key
        # it comes true again once the hand has rested
        assert opened.call("refreshes", source="Room", filter=FILTER) == before
    # and with the next change of another kind the preset is seen to be another
    opened.reset_filter("Room", mode="blur", advanced=True, preset="Mine")
    assert "Mine" in texts_of(opened, PRESET_KEY)
    changes = [*([BLUR_STRENGTH_KEY, step / 20] for step in range(21)), ["latency", "lowest"]]
    done = opened.call("change_in_window", source="Room", filter=FILTER, changes=changes)
    assert done["answers"] == [False] * 21 + [True]
    assert "Mine (changed)" in next(row["texts"] for row in done["properties"] if row["name"] == PRESET_KEY)
    opened.reset_filter("Room")


def test_nothing_makes_the_window_wider_than_it_is(opened: Lab) -> None:
    path = "/somewhere/" + "a_name_without_an_end_" * 8 + ".png"
    opened.reset_filter("Room", mode="image", background_file=path, advanced=True, show_status=True)
    opened.wait_status("Room", lambda s: s["problem"] != "", "says that there is no such file")
    shown = rows(opened)
    status = shown[0]
    assert status["info"] == OBS_TEXT_INFO_ERROR
    assert path in status["text"].replace(BREAK, "")
    for row in shown:
        words = row["text"].replace(BREAK, " ").split()
        assert all(len(word) <= LONGEST_WORD for word in words), row["text"]
    assert any(text.endswith("…") for text in texts_of(opened, BACKGROUND_SOURCE_KEY))
    opened.reset_filter("Room")


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_rows_fit_into_the_window_in_every_language(opened: Lab, language: str) -> None:
    name = f"{language} preset with a long name " * 2
    opened.reset_filter("Room", background_source="gone " * 12, preset_name=name)
    assert opened.call("click", source="Room", filter=FILTER, button="preset_save")
    opened.change("Room", mode="matte")
    assert opened.call("speak", locale=f"{language}-XX")
    shown = rows(opened)
    for group in {row["group"] for row in shown}:
        within = [row for row in shown if row["group"] == group]
        alone = [row for row in within if row["kind"] in (SWITCH, BUTTON)]
        labels = [row["text"] for row in within if row["name"] in BY_KEY and row["kind"] != SWITCH]
        label = max(map(width, labels), default=0)
        for text in itertools.chain(*(row["texts"] for row in within)):
            assert label + width(text) <= LONGEST_ROW, (group, text)
        for row in alone:
            assert label + width(row["text"]) <= LONGEST_ROW + 3, (group, row["text"])
    marked = [text for row in shown for text in row["texts"] if "…" in text and not text.endswith("…")]
    assert len(marked) == 2, "a preset that was changed, and a source that is missing, are still marked"
    opened.call("speak", locale="en-US")
    opened.reset_filter("Room")


def width(text: str) -> int:
    """Characters, of which those of Chinese and Japanese count twice."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def test_the_settings_window_opens(opened: Lab) -> None:
    before = errors(opened)
    opened.reset_filter("Room", mode="blur")
    opened.obs.ws.open_input_filters_dialog("Room")
    command = ["xdotool", "search", "--name", "Filters for 'Room'"]
    display = {**opened.obs._environment}

    def is_open() -> bool:
        return subprocess.run(command, env=display, capture_output=True, timeout=30).returncode == 0

    wait_until(is_open, "no window of filters")
    time.sleep(0.5)
    picture = opened.obs.window_screenshot(opened.folder / "window.png")
    assert picture.stat().st_size > 0
    # its preview is one more display of the source, and it follows the settings
    opened.reset_filter("Room")
    assert_mattes(opened, "Room")
    assert errors(opened) == before


def _values(setting: Setting) -> list[Any]:
    if setting.key == "model":
        return ["graph_half", "graph_good"]
    if setting.key == "provider":
        return ["cpu", "auto"]  # the others say rightly that they are not installed
    if setting.kind is Kind.CHOICE:
        return [value for value, _ in setting.choices if value != "video"]
    if setting.kind is Kind.SWITCH:
        return [False, True]
    if setting.kind is Kind.COUNT:
        return [int(setting.low), 2]
    if setting.kind is Kind.COLOR:
        return [0, 0xFFFFFFFF, 0xFF336699]
    return [setting.low, setting.high, setting.low - 1, setting.high + 1]


def test_every_setting_changes_while_it_runs(opened: Lab, tmp_path: Path) -> None:
    ws, said = opened.obs.ws, errors(opened)
    image = write_png(tmp_path / "background.png", room(50, 80))
    for mode in ("transparent", "blur", "image"):
        values = {**{setting.key: setting.default for setting in SCHEMA}, **GOOD, MODE_KEY: mode}
        opened.reset_filter("Room", mode=mode, background_file=str(image))
        opened.wait_status("Room", lambda s: s["state"] == "running", "runs")
        for setting in SCHEMA:
            if setting.kind in (Kind.PATH, Kind.TEXT) or not setting.applies(values):
                continue
            before = ws.get_source_filter("Room", FILTER).filter_settings.get(setting.key, setting.default)
            for value in (*_values(setting), before):
                opened.change("Room", **{setting.key: value})
                time.sleep(0.05)
    free = (Kind.PATH, Kind.TEXT)
    changing = [setting for setting in SCHEMA if setting.kind not in free and setting.key != MODE_KEY]
    # and all at once, faster than the worker follows
    for number in range(60):
        opened.change("Room", **{setting.key: _values(setting)[number % 2] for setting in changing})
    opened.reset_filter("Room")

    def is_itself_again() -> bool:  # the model before goes on while its own is loaded
        status = opened.status("Room")
        return (status.get("state"), status.get("model")) == ("running", GOOD["model"])

    wait_until(is_itself_again, "does not run as it did in the end")
    assert_mattes(opened, "Room")
    assert errors(opened) == said


def test_a_window_opens_whatever_goes_wrong(opened: Lab) -> None:
    assert opened.call("spoil_presets", is_spoilt=True)
    try:
        shown = rows(opened)
    finally:
        opened.call("spoil_presets", is_spoilt=False)
    assert [row["name"] for row in shown] == ["status"]
    assert shown[0]["visible"]
    assert shown[0]["info"] == OBS_TEXT_INFO_ERROR
    assert "log" in shown[0]["text"]
    assert any("ZeroDivisionError" in line for line in opened.obs.log_lines("ZeroDivisionError"))
    assert len(rows(opened)) > len(SCHEMA)
