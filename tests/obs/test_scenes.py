"""Presets that scenes bring: the map in the scene collection, what follows it, and what filters get when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from installer.layout import SCRIPT
from installer.obs_config import NAME
from installer.sandbox import Sandbox, color_source, scene, source
from rvm_core.settings import SCHEMA
from tests.obs import helpers
from tests.obs.helpers import FILTER, HEIGHT, WIDTH, matting_filter

Make = Callable[..., Sandbox]
PREFIX = "preset for scene "
GRAPH = {"model": "graph_good", "quality": "fast"}
LOOKS: dict[str, dict[str, Any]] = {
    "Soft": {"mode": "blur", "blur_strength": 0.25, **GRAPH},
    "Grün": {"mode": "color", "background_color": 0xFF00AA00, **GRAPH},
    "Plain": {"mode": "transparent", "light_wrap": 0.5, **GRAPH},
}
"""The presets of these tests."""
DEFAULTS = {setting.key: setting.default for setting in SCHEMA}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """OBS's environment: the test graphs, and a file for each of LOOKS."""
    folder = tmp_path_factory.mktemp("data")
    environment = helpers.graph_environment(folder)
    write_presets(folder)
    return environment


def write_presets(folder: Path) -> None:
    (folder / "presets").mkdir()
    for number, (name, values) in enumerate(LOOKS.items()):
        document = {"schema": 1, "kind": "obs-rvm preset", "name": name, "values": values}
        (folder / "presets" / f"{number}.json").write_text(json.dumps(document))


class Stage:
    """A running OBS with some scenes; ``probe`` does to the script what OBS's Scripts window does."""

    def __init__(self, obs: Sandbox, probe: helpers.Probe) -> None:
        self.obs, self.probe = obs, probe

    def map(self) -> dict[str, str]:
        """The script's settings that are ours, by the scene's name."""
        held = self.probe.call("settings", module=SCRIPT.stem)
        return {key.removeprefix(PREFIX): value for key, value in held.items() if key.startswith(PREFIX)}

    def wait_map(self, wanted: dict[str, str]) -> None:
        """Until the script's settings are so."""
        helpers.eventually(lambda: self.map() == wanted, f"{wanted} instead of {self.map()}", 10)

    def choose(self, **presets: str) -> None:
        """Choose presets for scenes, as the Scripts window does."""
        settings = {PREFIX + name: preset for name, preset in presets.items()}
        self.probe.call("choose", module=SCRIPT.stem, settings=json.dumps(settings))

    def go_to(self, name: str) -> None:
        """Let a scene go live."""
        self.obs.ws.set_current_program_scene(name)

    def change(self, source: str, **values: Any) -> None:
        """Change some settings of the filter on `source`, once its worker knows the preset that it has."""
        time.sleep(helpers.SETTLE_S)
        self.obs.ws.set_source_filter_settings(source, FILTER, values, True)

    def held(self, source: str) -> dict[str, Any]:
        """The settings of the filter on `source`."""
        return DEFAULTS | self.obs.ws.get_source_filter(source, FILTER).filter_settings

    def wait_look(self, source: str, name: str) -> None:
        """Until the filter on `source` has the preset `name` and its values."""
        wanted = {"preset": name, **LOOKS[name]}
        helpers.eventually(
            lambda: self.held(source).items() >= wanted.items(),
            f"{name} on {source}: {self.held(source)}",
            10,
        )

    def stays(self, source: str, held: dict[str, Any]) -> None:
        """Nothing comes to the filter on `source` in a while in which it would have."""
        time.sleep(helpers.SETTLE_S)
        assert self.held(source) == held

    def saved(self) -> dict[str, str]:
        """The map in the file of the scene collection."""
        scripts = json.loads(self.obs.home.collection.read_text())["modules"]["scripts-tool"]
        (ours,) = (entry["settings"] for entry in scripts if entry["path"] == str(SCRIPT))
        return {key.removeprefix(PREFIX): value for key, value in ours.items() if key.startswith(PREFIX)}


@pytest.fixture
def staged(sandbox: Make, data: dict[str, str], tmp_path: Path) -> Callable[..., Any]:
    """``with staged(scenes, presets) as stage``: `scenes` maps names to what lies in them."""

    @contextmanager
    def run(
        scenes: dict[str, list[str]], presets: dict[str, str], sources: Any = None, **arguments: Any
    ) -> Iterator[Stage]:
        probe = helpers.Probe(tmp_path / f"probe-{len(list(tmp_path.iterdir()))}")
        names = sorted({item for items in scenes.values() for item in items} - set(scenes))
        made = sources if sources is not None else [camera(name) for name in names]
        obs = sandbox(
            width=WIDTH,
            height=HEIGHT,
            env=data | arguments.pop("env", {}),
            sources=made,
            scenes=[scene(name, items, WIDTH, HEIGHT) for name, items in scenes.items()],
            scripts=[
                (SCRIPT, {PREFIX + name: preset for name, preset in presets.items()}),
                probe.script,
            ],
            **arguments,
        )
        with obs:
            stage = Stage(obs, probe)
            if not arguments.get("keeps_collection"):  # whose probe is another
                stage.map()  # OBS 32 answers before its window is ready: events of its start would come later
            yield stage
            assert helpers.quit_obs(obs) == 0
        assert not obs.log_lines("Traceback")

    return run


def camera(name: str, filters: bool = True) -> Any:
    return color_source(name, 0xFF336699, WIDTH, HEIGHT, [matting_filter()] if filters else [])


# -- what filters get --------------------------------------------------------------------------------


def test_a_scene_brings_its_preset_to_what_it_shares_with_others(staged: Callable[..., Any]) -> None:
    scenes = {"A": ["Cam"], "B": ["Cam"], "As it is": ["Cam"]}
    with staged(scenes, {"A": "Soft", "B": "Grün", "As it is": ""}) as stage:
        stage.wait_look("Cam", "Soft")  # from the start on
        for name in ("Grün", "Soft", "Grün"):
            stage.go_to("B" if name == "Grün" else "A")
            stage.wait_look("Cam", name)
        stage.probe.call("deafen")  # name and values come together: nothing is left to do for the worker
        for scene_name, name in (("A", "Soft"), ("B", "Grün")):
            stage.go_to(scene_name)
            stage.wait_look("Cam", name)
        stage.change("Cam", background_color=0xFF0000BB, threads=3)
        stage.go_to("As it is")
        stage.stays("Cam", stage.held("Cam"))
        assert stage.held("Cam")["background_color"] == 0xFF0000BB
        stage.go_to("B")
        stage.wait_look("Cam", "Grün")
        assert stage.held("Cam")["threads"] == 3, "no preset touches it"


def test_what_is_not_live_has_its_look_before_it_appears(staged: Callable[..., Any]) -> None:
    scenes = {"A": ["Live"], "B": ["Next"], "C": ["Other", "Live"], "D": ["Next"], "E": ["Nobody's"]}
    presets = {"B": "Grün", "C": "Soft", "D": "Plain"}
    with staged(scenes, presets) as stage:
        stage.wait_look("Next", "Grün")
        stage.wait_look("Other", "Soft")
        assert not stage.held("Live")["preset"], "it is live, and its scene brings nothing"
        nobodys = stage.held("Nobody's")
        stage.change("Other", mode="matte")
        stage.go_to("E")  # at each switch
        stage.wait_look("Other", "Soft")
        stage.wait_look("Live", "Soft")  # which is no longer live
        stage.stays("Nobody's", nobodys)
        stage.go_to("D")
        stage.wait_look("Next", "Plain")
        stage.go_to("E")
        stage.stays("Next", stage.held("Next"))
        assert stage.held("Next")["preset"] == "Plain", "D brings it, as well as B the other"
        stage.choose(B="Soft", D="")
        stage.wait_look("Next", "Soft")  # when the map changes


def test_all_that_lies_deeper_gets_it_and_nothing_else(staged: Callable[..., Any]) -> None:
    group = source(
        "group",
        "Group",
        {**scene("", ["In group"], WIDTH, HEIGHT)["settings"], "custom_size": True, "cx": 320, "cy": 180},
    )
    scenes = {
        "Start": [],
        "Outer": ["Inner", "Group", "Twice", "Twice"],
        "Inner": ["Innermost", "Twice"],
        "Innermost": ["Deep"],
        "Elsewhere": ["Apart"],
    }
    cameras = [camera(name) for name in ("Deep", "Twice", "In group", "Apart")]
    with staged(scenes, {"Outer": "Soft"}, [*cameras, group]) as stage:
        for name in ("Inner", "Outer", "Group"):  # scenes and groups are sources too
            stage.obs.ws.create_source_filter(name, FILTER, helpers.FILTER_ID, matting_filter()["settings"])
        apart = stage.held("Apart")
        stage.go_to("Outer")
        for name in ("Deep", "Twice", "In group", "Inner", "Outer", "Group"):
            stage.wait_look(name, "Soft")
        stage.stays("Apart", apart)


def test_a_scene_of_more_sources_than_there_was_room_for(staged: Callable[..., Any]) -> None:
    items = [f"Bare {number}" for number in range(40)] * 30  # 1200
    bare = [camera(f"Bare {number}", filters=False) for number in range(40)]
    with staged({"A": [], "B": [*items, "Cam"]}, {"B": "Soft"}, [*bare, camera("Cam")]) as stage:
        stage.wait_look("Cam", "Soft")
    assert stage.obs.leaks() == 1, "OBS's own"


def test_studio_mode_prepares_what_is_previewed_and_leaves_what_is_live(staged: Callable[..., Any]) -> None:
    scenes = {"A": ["Live", "Cam"], "B": ["Cam"], "C": ["Cam"], "None": ["Live", "Cam"]}
    with staged({"Start": ["Live"], **scenes}, {"B": "Grün", "C": "Soft"}) as stage:
        stage.obs.ws.set_studio_mode_enabled(True)
        for name, look in (("B", "Grün"), ("C", "Soft"), ("B", "Grün")):
            stage.obs.ws.set_current_preview_scene(name)
            stage.wait_look("Cam", look)
        stage.change("Cam", mode="matte")
        stage.obs.ws.set_current_preview_scene("None")  # which leaves it as it is
        stage.stays("Cam", stage.held("Cam"))
        assert stage.held("Cam")["mode"] == "matte"
        stage.obs.ws.set_current_preview_scene("A")
        stage.obs.ws.trigger_studio_mode_transition()
        live = stage.held("Cam")
        stage.stays("Cam", live)  # after which OBS previews what was live
        stage.obs.ws.set_current_preview_scene("C")
        stage.stays("Cam", live)
        stage.obs.ws.trigger_studio_mode_transition()
        stage.wait_look("Cam", "Soft")


def test_a_fade_has_the_look_from_its_start(staged: Callable[..., Any]) -> None:
    with staged({"A": ["First"], "B": ["Second"]}, {"B": "Grün"}) as stage:
        stage.obs.ws.set_current_scene_transition("Fade")
        stage.obs.ws.set_current_scene_transition_duration(2000)
        stage.wait_look("Second", "Grün")
        stage.go_to("B")
        time.sleep(0.5)
        assert stage.held("Second").items() >= LOOKS["Grün"].items()
        stage.change("Second", mode="matte")
        helpers.eventually(lambda: stage.held("Second")["mode"] == "color", "the end of the fade brings it")


def test_a_choice_in_the_window_is_there_at_once(staged: Callable[..., Any]) -> None:
    with staged({"A": ["Cam"], "B": ["Cam"]}, {}) as stage:
        stage.choose(A="Plain", B="Soft")
        stage.wait_look("Cam", "Plain")
        stage.change("Cam", light_wrap=0.1)
        changed = stage.held("Cam")
        stage.choose(B="Grün")  # which is not live
        stage.choose(A="Plain")  # as it was
        stage.choose(A="")
        stage.stays("Cam", changed)
        stage.go_to("B")
        stage.wait_look("Cam", "Grün")


def test_a_preset_that_is_gone_is_said_once_and_changes_nothing(staged: Callable[..., Any]) -> None:
    with staged({"A": [], "B": ["Cam"]}, {"A": "Soft", "B": "Nowhere"}) as stage:
        held = stage.held("Cam")
        for name in ("B", "A", "B", "A"):
            stage.go_to(name)
        stage.stays("Cam", held)
        (line,) = stage.obs.log_lines("The scene “B” leaves its filters as they are.")
        assert "There is no preset “Nowhere”." in line
        _, choices = stage.probe.call("lists", module=SCRIPT.stem)[PREFIX + "B"]
        assert choices["Nowhere"] == "Nowhere (missing)"


# -- the map -----------------------------------------------------------------------------------------


def test_the_map_follows_scenes_that_are_renamed(staged: Callable[..., Any]) -> None:
    scenes = {"A": ["Cam"], "B": ["Cam"], "C": ["Cam"]}
    with staged(scenes, {"A": "Soft", "B": "Grün"}) as stage:
        stage.obs.ws.set_scene_name("B", "Büro: 2")
        stage.wait_map({"A": "Soft", "Büro: 2": "Grün"})
        helpers.eventually(lambda: stage.saved() == {"A": "Soft", "Büro: 2": "Grün"}, "it is saved")
        stage.go_to("Büro: 2")
        stage.wait_look("Cam", "Grün")
        for before, after in (("A", "x"), ("Büro: 2", "A"), ("x", "B")):
            stage.obs.ws.set_scene_name(before, after)
        stage.wait_map({"A": "Grün", "B": "Soft"})  # they have changed names
        for names, wanted in (
            ((("A", "x"), ("B", "A"), ("x", "B")), {"A": "Soft", "B": "Grün"}),
            ((("C", "x"), ("A", "C"), ("x", "A")), {"C": "Soft", "B": "Grün"}),
            ((("C", "x"), ("B", "C"), ("A", "B"), ("x", "A")), {"C": "Grün", "A": "Soft"}),
            ((("C", "x"), ("A", "B2"), ("x", "A"), ("B", "C"), ("B2", "B")), {"A": "Grün", "B": "Soft"}),
        ):
            stage.probe.call("rename", names=names)
            stage.wait_map(wanted)
        assert stage.probe.reload()
        stage.obs.ws.set_scene_name("A", "after the reload")
        stage.wait_map({"after the reload": "Grün", "B": "Soft"})
        stage.obs.ws.set_scene_name("C", "A")  # a name that had a preset is another scene's
        stage.go_to("A")
        stage.stays("Cam", stage.held("Cam"))
        assert stage.map() == {"after the reload": "Grün", "B": "Soft"}


def test_the_map_follows_a_preset_that_is_renamed(staged: Callable[..., Any]) -> None:
    with staged({"A": [], "B": ["Cam"], "C": []}, {"A": "Before", "B": "Before", "C": "Plain"}) as stage:
        stage.probe.call("rename_preset", old="Before", new="Soft")
        assert stage.map() == {"A": "Soft", "B": "Soft", "C": "Plain"}
        stage.go_to("B")
        stage.wait_look("Cam", "Soft")


def test_an_entry_goes_with_its_scene(staged: Callable[..., Any]) -> None:
    with staged({"A": ["Cam"], "B": ["Cam"], "C": []}, {"A": "Soft", "B": "Grün", "C": ""}) as stage:
        stage.wait_look("Cam", "Soft")
        stage.obs.ws.remove_scene("B")
        helpers.eventually(lambda: stage.saved() == {"A": "Soft"}, "the entry goes")
        stage.obs.ws.create_scene("B")
        stage.obs.ws.create_scene_item("B", "Cam")
        stage.go_to("B")
        stage.stays("Cam", stage.held("Cam"))
        assert stage.held("Cam")["preset"] == "Soft"


def test_a_reload_of_the_script_keeps_the_map_and_touches_nothing_that_is_live(
    staged: Callable[..., Any],
) -> None:
    with staged({"A": ["Cam"], "B": ["Cam"]}, {"A": "Soft", "B": "Grün"}) as stage:
        stage.wait_look("Cam", "Soft")
        stage.change("Cam", blur_strength=0.75)
        changed = stage.held("Cam")
        for _ in range(3):
            assert stage.probe.reload()
        stage.stays("Cam", changed)
        assert stage.map() == {"A": "Soft", "B": "Grün"}
        stage.go_to("B")
        stage.wait_look("Cam", "Grün")
        assert stage.probe.reload()
        stage.go_to("A")
        stage.wait_look("Cam", "Soft")
    assert stage.obs.leaks() == 1, "OBS's own"


def test_each_scene_collection_has_its_own_map(staged: Callable[..., Any]) -> None:
    presets = {"A": "Soft", "B": "Grün"}
    with staged({"A": ["Cam"], "B": ["Cam"]}, presets) as stage:
        stage.wait_look("Cam", "Soft")
        stage.obs.ws.create_scene_collection("Other")  # without scripts
        wait_collection(stage.obs, "Other")
        stage.obs.ws.create_scene("A")
        stage.obs.ws.set_scene_name("A", "B")
        stage.obs.ws.set_current_scene_collection(NAME)
        wait_collection(stage.obs, NAME)
        stage.change("Cam", mode="matte")
        assert stage.saved() == presets
        for name, look in (("B", "Grün"), ("A", "Soft")):
            stage.go_to(name)
            stage.wait_look("Cam", look)
        stage.obs.ws.set_scene_name("A", "A again")
        stage.wait_map({"A again": "Soft", "B": "Grün"})


def test_the_map_comes_back_after_a_restart_of_obs(staged: Callable[..., Any], tmp_path: Path) -> None:
    home = tmp_path / "home"
    with staged({"A": ["Cam"], "B": ["Cam"]}, {"A": "Soft"}, home=home) as stage:
        stage.choose(B="Grün")
        stage.obs.ws.set_scene_name("A", "Ä")
        stage.go_to("B")
        stage.wait_look("Cam", "Grün")
    with staged({"Unused": []}, {}, [], home=home, keeps_collection=True) as stage:
        # the probe of before is the one that the collection names
        stage.wait_look("Cam", "Grün")
        assert stage.saved() == {"Ä": "Soft", "B": "Grün"}
        stage.go_to("Ä")
        stage.wait_look("Cam", "Soft")


def wait_collection(obs: Sandbox, name: str) -> None:
    """Until OBS has loaded it: while it does, requests may fail."""

    def is_there() -> bool:
        try:
            found = obs.ws.get_scene_collection_list()
            return bool(found.current_scene_collection_name == name and obs.ws.get_scene_list().scenes)
        except Exception:  # obs-websocket says "not ready" in a class of its own
            return False

    helpers.eventually(is_there, f"scene collection {name}")


# -- the window --------------------------------------------------------------------------------------


def test_the_script_lists_every_scene_with_every_preset(staged: Callable[..., Any]) -> None:
    scenes = {"Zuerst": ["Cam"], "A": [], "Inner": []}
    with staged(scenes, {"A": "Soft"}) as stage:
        lists = stage.probe.call("lists", module=SCRIPT.stem)
        assert list(lists) == [PREFIX + name for name in scenes], "in the order of the scenes"
        assert [label for label, _ in lists.values()] == list(scenes)
        for _, choices in lists.values():
            assert next(iter(choices.items())) == ("", "Leave as it is")
            assert list(choices)[-3:] == sorted(LOOKS)
            assert "Facecam over game" in choices
            assert all(label == value for value, label in choices.items() if value)
        stage.obs.ws.create_scene("New")
        assert PREFIX + "New" in stage.probe.call("lists", module=SCRIPT.stem)
