"""The schema of settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rvm_core import paths, schema
from rvm_core.errors import SettingsError
from rvm_core.kernels.bokeh import MAX_RADIUS_PX
from rvm_core.matting.providers import PROVIDERS
from rvm_core.matting.size import BUDGET_PX
from rvm_core.models import entries
from rvm_core.pipeline import blur_radius_px
from rvm_core.settings import BY_KEY, SCHEMA, Kind, Setting, Settings, completed
from tests import graphs


def test_nothing_given_is_every_default_without_a_problem() -> None:
    complete, problems = Settings.from_values({})
    assert problems == []
    assert complete.zones == ()
    held = {key: getattr(complete, key) for key in BY_KEY if hasattr(complete, key)}
    assert held == {s.key: s.default for s in SCHEMA if s.key in held}
    assert set(BY_KEY) - set(held) == {key for key in BY_KEY if re.match(r"zone_\d", key)}


@pytest.mark.parametrize("setting", SCHEMA, ids=lambda setting: setting.key)
def test_each_default_stands_within_its_own_rules(setting: Any) -> None:
    assert setting.coerce(setting.default) == setting.default
    if setting.kind is Kind.CHOICE:
        assert len(dict(setting.choices)) == len(setting.choices) > 1
    if setting.kind in (Kind.NUMBER, Kind.COUNT):
        assert setting.low < setting.high
        assert setting.coerce(setting.high + 5) == setting.high
        assert setting.coerce(setting.low - 5) == setting.low
    assert set(setting.modes) <= set(dict(BY_KEY["mode"].choices + BY_KEY["mode"].live_choices))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mode", "video-call"),
        ("mode", 3),
        ("blur_strength", "much"),
        ("threads", None),
        ("background_file", 1),
        ("reset_on_scene_switch", "yes"),
        ("background_color", "green"),
    ],
)
def test_a_bad_value_becomes_its_default_and_a_problem(key: str, value: Any) -> None:
    complete, problems = Settings.from_values({key: value, "latency": "lowest"})
    assert getattr(complete, key) == BY_KEY[key].default
    assert complete.latency == "lowest"
    assert [type(problem) for problem in problems] == [SettingsError]
    assert key in problems[0].problem


def test_a_number_beyond_a_limit_becomes_the_limit_and_a_problem() -> None:
    complete, problems = Settings.from_values({"edge_shift_px": 1e9, "threads": -3})
    assert (complete.edge_shift_px, complete.threads) == (20.0, 0)
    assert [problem.problem for problem in problems] == [
        "edge_shift_px cannot be 1000000000.0; it is 20 now.",
        "threads cannot be -3; it is 0 now.",
    ]


@pytest.mark.parametrize("values", [{"mode": "source"}, {"edge_shift_px": 21.0}, {"glitter": 1}])
def test_a_file_takes_no_other_value_in_place_of_a_bad_one(values: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(values))):
        Settings.for_file(values)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "hide"),
        ({"mode": "blur"}, "blur"),
        ({"mode": "blur", "until_ready": "hide"}, "hide"),
        ({"until_ready": "show"}, "show"),
    ],
)
def test_what_viewers_see_until_there_is_a_matte(values: dict[str, str], shown: str) -> None:
    assert Settings.from_values(values)[0].effective_until_ready == shown


def test_choices_are_what_the_engine_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(dict(BY_KEY["provider"].choices)) == {"auto", *PROVIDERS}
    assert set(dict(BY_KEY["quality"].choices)) == {"auto", *BUDGET_PX}
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    for name, model in entries().items():
        assert dict(BY_KEY["model"].choices)[name] == model.title


def test_the_strongest_blur_of_the_largest_level_is_within_the_kernels_reach() -> None:
    assert blur_radius_px(BY_KEY["blur_strength"].high, 1024) <= MAX_RADIUS_PX


@pytest.fixture
def methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The user's manifest is that of the test graphs."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    graphs.build_all(tmp_path)
    schema._methods.cache_clear()
    yield
    schema._methods.cache_clear()


@pytest.mark.usefixtures("methods")
@pytest.mark.parametrize(
    ("key", "mode", "model", "applies"),
    [
        ("mode", "blur", "rvm_mobilenetv3", True),
        ("background_color", "color", "rvm_mobilenetv3", True),
        ("background_color", "blur", "rvm_mobilenetv3", False),
        ("plate", "blur", "graph_plate", True),
        ("plate", "blur", "graph_good", False),
        ("plate", "blur", "bgmv2_mobilenetv2", True),
        ("plate", "blur", "rvm_mobilenetv3", False),
        ("plate", "blur", "a model that is gone", False),
    ],
)
def test_where_a_setting_does_anything(key: str, mode: str, model: str, applies: bool) -> None:
    assert BY_KEY[key].applies({"mode": mode, "model": model}) is applies


@pytest.mark.usefixtures("methods")
def test_a_setting_of_one_mode_and_one_method_needs_both() -> None:
    both = Setting("both", Kind.SWITCH, False, "", "", modes=("blur",), methods=("bgmv2",))
    assert both.applies({"mode": "blur", "model": "graph_plate"})
    assert not both.applies({"mode": "color", "model": "graph_plate"})
    assert not both.applies({"mode": "blur", "model": "graph_good"})


def test_a_setting_for_those_who_ask_for_more_is_shown_to_them_alone() -> None:
    plain, more = (completed({"advanced": asked})[0] for asked in (False, True))
    hidden = {setting.key for setting in SCHEMA if setting.is_shown(more) and not setting.is_shown(plain)}
    assert {"edge_shift_px", "zone_1_use", "model"} <= hidden
    assert not {"preset", "mode", "quality"} & hidden
    assert not BY_KEY["blur_strength"].is_shown(more), "it does nothing in this mode"


@pytest.mark.parametrize(
    ("key", "depends_on"),
    [
        ("mode", set()),
        ("blur_strength", {"mode"}),
        ("plate", {"model"}),
        ("light_wrap", {"mode", "advanced"}),
        ("zone_2_use", {"zone_1_use", "advanced"}),
        ("zone_2_left", {"zone_2_use", "advanced"}),
        ("audio_source", {"show_status"}),
    ],
)
def test_what_decides_whether_a_setting_is_shown(key: str, depends_on: set[str]) -> None:
    assert BY_KEY[key].depends_on == depends_on


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"models": 3}', '{"models": {"x": 3}}', '{"models": {"x": {}}}']
)
def test_a_users_manifest_that_cannot_be_read_takes_no_model_away(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    shipped = schema.of_models("title")
    assert "rvm_mobilenetv3" in shipped
    paths.user_manifest_file().write_text(text)
    assert schema.of_models("title") == shipped
