"""What can be asked of a filter, asked of one that only remembers what it was told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from rvm_core import paths, presets
from rvm_core.errors import ActionError, PresetError
from rvm_core.obs_filter import actions
from rvm_core.obs_filter.state import Reason
from rvm_core.settings import completed

if TYPE_CHECKING:  # importing it needs a libobs
    from rvm_core.obs_filter.instance import Instance


class Told:
    """Stands for an instance: its settings are a dict, and what else it was told is a list."""

    def __init__(self, **values: Any) -> None:
        self.values = completed(values)[0]
        self.told: list[Any] = []
        self.worker = self

    def wanted(self) -> dict[str, Any]:
        return dict(self.values)

    def keep(self, changes: dict[str, Any]) -> None:
        self.values.update(changes)

    def reset(self, reason: Reason) -> None:
        self.told.append(reason)

    def take_plate(self) -> None:
        self.told.append("plate")

    def do(self, name: str) -> str:
        action = next(action for action in actions.ACTIONS if action.name == name)
        return action.do(cast("Instance", self))


def test_names_of_actions_are_those_that_were_released() -> None:
    assert [action.name for action in actions.ACTIONS] == [
        "toggle", "blur_more", "blur_less", "next_preset", "capture_plate", "start_anew",
    ]  # fmt: skip


def test_blur_goes_in_steps_that_do_not_add_up_errors() -> None:
    filter_ = Told(mode="blur", blur_strength=0.0)
    seen = []
    for _ in range(11):
        filter_.do("blur_more")
        seen.append(filter_.values["blur_strength"])
    assert seen == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0]
    assert filter_.do("blur_more") == "blur strength 1 already"
    assert filter_.do("blur_less") == "blur strength 0.9"


def test_blur_stays_within_its_limits() -> None:
    filter_ = Told(mode="blur", blur_strength=0.03)
    filter_.do("blur_less")
    assert filter_.values["blur_strength"] == 0.0
    assert filter_.do("blur_less") == "blur strength 0 already"


@pytest.mark.parametrize("name", ["blur_more", "blur_less"])
@pytest.mark.parametrize("mode", ["transparent", "color", "image", "matte"])
def test_blur_is_refused_where_nothing_is_blurred(name: str, mode: str) -> None:
    filter_ = Told(mode=mode, blur_strength=0.5)
    with pytest.raises(ActionError, match="not blurred"):
        filter_.do(name)
    assert filter_.values["blur_strength"] == 0.5


def test_presets_are_gone_through_in_order_and_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "names", lambda: [preset.name for preset in presets.BUILT_IN])
    filter_ = Told()
    seen = []
    for _ in range(len(presets.BUILT_IN) + 1):
        filter_.do("next_preset")
        seen.append(filter_.values["preset"])
        assert not presets.is_changed(seen[-1], filter_.values)
    assert seen == [*(preset.name for preset in presets.BUILT_IN), presets.BUILT_IN[0].name]


def test_after_a_preset_that_is_gone_the_first_one_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "names", lambda: [preset.name for preset in presets.BUILT_IN])
    filter_ = Told(preset="deleted since")
    filter_.do("next_preset")
    assert filter_.values["preset"] == presets.BUILT_IN[0].name


def test_a_preset_that_was_changed_since_is_made_again() -> None:
    name = next(preset.name for preset in presets.BUILT_IN if preset.values["mode"] == "blur")
    filter_ = Told(preset=name)
    assert presets.is_changed(name, filter_.values)
    actions.choose_preset(cast("Instance", filter_), name)
    assert not presets.is_changed(name, filter_.values)


def test_a_preset_that_is_unknown_changes_nothing() -> None:
    filter_ = Told()
    before = dict(filter_.values)
    with pytest.raises(PresetError):
        actions.choose_preset(cast("Instance", filter_), "none of that name")
    assert filter_.values == before


def test_a_preset_that_names_a_share_leaves_the_filters_file_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    document = {
        "schema": 1,
        "kind": "obs-rvm preset",
        "name": "Copied here",
        "values": {"mode": "image", "background_file": "//host/share/x.png"},
    }
    paths.presets_dir().mkdir()
    (paths.presets_dir() / "copied.json").write_text(json.dumps(document))
    filter_ = Told(background_file="/mine.png")
    done = actions.choose_preset(cast("Instance", filter_), "Copied here")
    assert (filter_.values["mode"], filter_.values["background_file"]) == ("image", "/mine.png")
    assert "leaves out //host/share/x.png" in done


def test_a_plate_is_captured_only_for_a_model_that_needs_one() -> None:
    filter_ = Told(model="rvm_mobilenetv3")
    with pytest.raises(ActionError, match="no clean plate"):
        filter_.do("capture_plate")
    assert filter_.told == []
    filter_ = Told(model="bgmv2_mobilenetv2")
    filter_.do("capture_plate")
    assert filter_.told == ["plate"]


def test_starting_anew_is_a_reset_by_the_user() -> None:
    filter_ = Told()
    filter_.do("start_anew")
    assert filter_.told == [Reason.USER]
