"""The filter's entry in OBS, its settings window, and settings of every kind, good and bad."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installer.sandbox import filter_entry, image_source
from rvm_core.settings import BY_KEY, SCHEMA, Kind, Setting
from tests.obs.picture_helpers import (
    FILTER,
    FILTER_KIND,
    GOOD,
    Lab,
    expected_screenshot,
    matting,
    off_share,
    room,
    wait_until,
    write_png,
)

WIDTH, HEIGHT = 320, 180
CANVAS = (WIDTH, HEIGHT)

BAD_VALUES: dict[str, Any] = {
    "mode": "nonsense",
    "background_color": "red",
    "background_file": 7,
    "background_fit": "",
    "blur_strength": "much",
    "bokeh_highlights": -4.0,
    "quality": 3,
    "latency": ["lowest"],
    "until_ready": {"hide": True},
    "reset_on_scene_switch": "maybe",
    "provider": "abacus",
    "threads": 4000,
    "unheard_of": 1,
}
"""A hand-edited scene file: every key but `model` out of range or of another type."""
SAID = ("mode", "background_fit", "quality", "latency", "until_ready", "provider")
"""Those that cannot be clamped, or read as a number: the log says so."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a well and a badly set filter."""
    lab = Lab(tmp_path_factory.mktemp("properties"))
    file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    bad = filter_entry(FILTER_KIND, "Bad", {**BAD_VALUES, "model": "graph_good"})
    sources = [image_source("Room", file, [matting()]), image_source("Spoilt", file, [bad])]
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
    for key in SAID:
        assert len([line for line in warnings if f": {key} cannot be" in line]) == 1, (key, warnings)
    assert len(warnings) == len(SAID)
    assert opened.status("Spoilt")["threads"] <= BY_KEY["threads"].high
    assert opened.status("Spoilt")["latency"] == "aligned"
    shown = {one["name"] for one in opened.call("properties", source="Spoilt", filter="Bad")}
    assert shown >= set(BY_KEY)


def test_each_mode_shows_its_own_settings(opened: Lab) -> None:
    opened.wait_status("Room", lambda s: s["state"] == "running", "runs")
    for mode, _ in BY_KEY["mode"].choices:
        opened.reset_filter("Room", mode=mode, background_file=str(opened.folder / "room.png"))
        shown = opened.call("properties", source="Room", filter=FILTER)
        names = [one["name"] for one in shown]
        button = shown.pop(names.index("take_plate"))
        assert not button["visible"], "graph_good needs no clean plate"
        names = [one["name"] for one in shown]
        assert names == ["status", *BY_KEY], names
        assert [one["text"] for one in shown[1:]] == [setting.label for setting in SCHEMA]
        for one, setting in zip(shown[1:], SCHEMA, strict=True):
            assert one["visible"] is setting.applies(mode, "graph_good"), (mode, setting.key)
            if setting.kind is Kind.CHOICE and setting.key != "model":
                assert one["values"] == [value for value, _ in setting.choices]
        assert "graph_good" in shown[names.index("model")]["values"]
        assert "graph_good on cpu" in shown[0]["text"]
    opened.reset_filter("Room")


def test_the_settings_window_opens(opened: Lab) -> None:
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
    assert errors(opened) == []


def _values(setting: Setting) -> list[Any]:
    if setting.key == "model":
        return ["graph_half", "graph_good"]
    if setting.key == "provider":
        return ["cpu", "auto"]  # the others say rightly that they are not installed
    if setting.kind is Kind.CHOICE:
        return [value for value, _ in setting.choices]
    if setting.kind is Kind.SWITCH:
        return [False, True]
    if setting.kind is Kind.COUNT:
        return [int(setting.low), 2]
    if setting.kind is Kind.COLOR:
        return [0, 0xFFFFFFFF, 0xFF336699]
    return [setting.low, setting.high, setting.low - 1, setting.high + 1]


def test_every_setting_changes_while_it_runs(opened: Lab, tmp_path: Path) -> None:
    ws = opened.obs.ws
    image = write_png(tmp_path / "background.png", room(50, 80))
    for mode in ("transparent", "blur", "image"):
        opened.reset_filter("Room", mode=mode, background_file=str(image))
        opened.wait_status("Room", lambda s: s["state"] == "running", "runs")
        for setting in SCHEMA:
            if setting.kind is Kind.PATH or not setting.applies(mode, "graph_good"):
                continue
            before = ws.get_source_filter("Room", FILTER).filter_settings.get(setting.key, setting.default)
            for value in (*_values(setting), before):
                opened.change("Room", **{setting.key: value})
                time.sleep(0.05)
    # and all at once, faster than the worker follows
    for number in range(60):
        opened.change("Room", **{setting.key: _values(setting)[number % 2] for setting in SCHEMA[4:]})
    opened.reset_filter("Room")
    wait_until(lambda: opened.status("Room").get("state") == "running", "does not run in the end")
    assert_mattes(opened, "Room")
    assert errors(opened) == []
    assert GOOD["model"] == opened.status("Room")["model"]
