"""The filter's life: made, reloaded, switched away and back, taken off, ended with OBS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from installer.layout import SCRIPT
from installer.obs_config import NAME
from installer.sandbox import Sandbox, color_source, image_source, scene
from tests.obs import helpers
from tests.obs.helpers import FILTER, FILTER_ID, HEIGHT, LEFT, RIGHT, SOURCE, WIDTH, matting_filter
from tests.obs.patience import limit_s
from tests.obs.picture_helpers import Inside

Make = Callable[..., Sandbox]
Act = Callable[[Sandbox], None]

SWITCHES_PER_S = 5
SHUTTING_DOWN = "==== Shutting down"
# What is allocated is counted, not what is resident: allocators give memory back when they like.
ONE_HEAP = {"MALLOC_ARENA_MAX": "1", "PYTHONMALLOC": "malloc"}
MOST_GROWTH_KIB = 512  # over 200 short lives; their records alone would be 12 MB


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return helpers.graph_environment(tmp_path_factory.mktemp("graphs"))


@pytest.fixture
def make(sandbox: Make, graphs: dict[str, str]) -> Make:
    def made(env: dict[str, str] | None = None, **arguments: Any) -> Sandbox:
        return sandbox(width=WIDTH, height=HEIGHT, env=graphs | (env or {}), **arguments)

    return made


@pytest.fixture
def image(tmp_path: Path, write_picture: Callable[[Path, Any], Path]) -> Path:
    return write_picture(tmp_path / "picture.png", helpers.picture(LEFT, RIGHT))


@pytest.fixture(scope="module")
def known_leaks() -> dict[str, int]:
    return {}


@pytest.fixture
def leaks_without_us(sandbox: Make, image: Path, known_leaks: dict[str, int]) -> Callable[..., int]:
    """OBS's own leaks, with the same picture and the same acts but without our script and filter."""
    alone = {"scripts": [helpers.CLEARING], "sources": [image_source(SOURCE, image)]}

    def measure(act: Act = _do_nothing) -> int:
        if act.__name__ not in known_leaks:
            with sandbox(width=WIDTH, height=HEIGHT, **alone) as obs:
                act(obs)
                assert helpers.quit_obs(obs) == 0
            known_leaks[act.__name__] = obs.leaks()
        return known_leaks[act.__name__]

    return measure


def test_quits_with_a_living_filter(make: Make, image: Path, leaks_without_us: Callable[..., int]) -> None:
    with make(sources=[image_source(SOURCE, image, [matting_filter()])]) as obs:
        helpers.wait_mattes(obs)
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us()
    assert not helpers.instances(obs)


def test_quits_during_an_inference(make: Make, image: Path, leaks_without_us: Callable[..., int]) -> None:
    slow = matting_filter(model="graph_slow", quality="fine")
    with make(sources=[image_source(SOURCE, image, [slow])]) as obs:
        status = helpers.wait_mattes(obs, more=3)
        assert status["frames_dropped"] > 0, "the network rested between two pictures"
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us()


def test_quits_while_the_model_is_loaded(
    make: Make, image: Path, tmp_path: Path, leaks_without_us: Callable[..., int]
) -> None:
    inside = Inside(tmp_path / "calls")
    sources = [image_source(SOURCE, image)]
    with make(sources=sources, scripts=[(SCRIPT, {}), inside.script]) as obs:
        inside.call("load_as_obs_ends", log=str(obs.home.log), line=SHUTTING_DOWN)
        _add_filter(obs, model="graph_slow", quality="auto")
        assert helpers.only(obs)["state"] == "loading"
        assert obs.quit(timeout_s=limit_s(30)) == 0
    assert "ready in" not in obs.log().split(SHUTTING_DOWN)[0], "the model had been loaded before"
    assert obs.leaks() == leaks_without_us()


@pytest.mark.parametrize("ends", [True, False], ids=["at the end", "at a switch of scene collections"])
def test_no_scene_is_freed_while_obs_removes_them(
    make: Make, tmp_path: Path, ends: bool, leaks_without_us: Callable[..., int]
) -> None:
    probe, told = helpers.Probe(tmp_path / "probe"), tmp_path / "held.json"
    names = [f"Scene {number}" for number in range(5)]
    scenes = [scene(name, [SOURCE], WIDTH, HEIGHT) for name in names]
    sources = [color_source(SOURCE, 0xFF336699, WIDTH, HEIGHT, [matting_filter()])]
    with make(sources=sources, scenes=scenes, scripts=[(SCRIPT, {}), probe.script]) as obs:
        helpers.wait_mattes(obs)
        probe.call("watch_clearing", names=names, file=str(told))
        if not ends:
            _away_and_back(obs)
        assert helpers.quit_obs(obs) == 0
    assert json.loads(told.read_text()) == names
    assert not obs.log_lines("Not all sources were cleared")
    assert obs.leaks() == leaks_without_us(_do_nothing if ends else _away_and_back)


def test_goes_on_over_reloads_of_the_script(
    make: Make, image: Path, tmp_path: Path, leaks_without_us: Callable[..., int]
) -> None:
    probe = helpers.Probe(tmp_path / "probe")
    sources = [image_source(SOURCE, image, [matting_filter()])]
    with make(sources=sources, scripts=[(SCRIPT, {}), probe.script]) as obs:
        status = helpers.wait_mattes(obs)
        names = set(helpers.instances(obs))
        for _ in range(10):
            assert probe.reload()
            status = helpers.wait_mattes(obs, since=status)
        assert set(helpers.instances(obs)) == names, "the instance was replaced"
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us()
    assert not obs.log_lines("already exists")
    assert not obs.log_lines("Traceback")


def test_goes_on_when_the_script_is_removed_and_added_again(
    make: Make, image: Path, tmp_path: Path, leaks_without_us: Callable[..., int]
) -> None:
    probe = helpers.Probe(tmp_path / "probe")
    with make(sources=[image_source(SOURCE, image)], scripts=[probe.script]) as obs:
        assert probe.call("add", path=str(SCRIPT))
        _add_filter(obs)
        status = helpers.wait_mattes(obs)
        for _ in range(3):
            probe.call("remove", path=str(SCRIPT))
            status = helpers.wait_mattes(obs, since=status)
            assert probe.call("add", path=str(SCRIPT))
            status = helpers.wait_mattes(obs, since=status)
        obs.ws.remove_source_filter(SOURCE, FILTER)
        helpers.eventually(lambda: not helpers.instances(obs), "the filter ends")
        _add_filter(obs)
        helpers.wait_mattes(obs)
        probe.call("remove", path=str(SCRIPT))
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us()
    assert not obs.log_lines("already exists")


def test_comes_back_with_its_scene_collection(
    make: Make, image: Path, leaks_without_us: Callable[..., int]
) -> None:
    wanted = matting_filter(mode="color", background_color=0xFF112233, threads=1)
    seen: set[str] = set()
    with make(sources=[image_source(SOURCE, image, [wanted])]) as obs:
        helpers.wait_mattes(obs)
        for _ in range(5):
            seen |= set(helpers.instances(obs))
            _away_and_back(obs)
            assert _filter_settings(obs).items() >= wanted["settings"].items()
            helpers.wait_mattes(obs)
            assert not seen & set(helpers.instances(obs)), "the filter of before lives on"
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us(_away_and_back_5_times)


def test_comes_back_after_a_restart_of_obs(make: Make, image: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    wanted = {"model": "graph_half", "quality": "fast", "mode": "blur", "blur_strength": 0.75, "threads": 1}
    with make(home=home, sources=[image_source(SOURCE, image)]) as obs:
        _add_filter(obs, **wanted)
        helpers.wait_mattes(obs)
        assert helpers.quit_obs(obs) == 0
    with make(home=home, keeps_collection=True) as obs:
        status = helpers.wait_mattes(obs)
        assert status["model"] == "graph_half"
        assert _filter_settings(obs).items() >= wanted.items()
        assert helpers.quit_obs(obs) == 0


def test_500_short_lives_leave_no_memory(
    make: Make, image: Path, tmp_path: Path, leaks_without_us: Callable[..., int]
) -> None:
    probe, inside = helpers.Probe(tmp_path / "probe"), Inside(tmp_path / "calls")
    used_kib: list[int] = []
    scripts = [(SCRIPT, {}), probe.script, inside.script]
    with make(sources=[image_source(SOURCE, image)], scripts=scripts, env=ONE_HEAP) as obs:
        # What is imported late must not be so in the middle of the count.
        _add_filter(obs)
        helpers.wait_mattes(obs)
        obs.ws.remove_source_filter(SOURCE, FILTER)
        for cycle in range(1, 501):
            _add_filter(obs)
            obs.ws.remove_source_filter(SOURCE, FILTER)
            if cycle >= 200 and cycle % 10 == 0:
                helpers.eventually(lambda: inside.call("of_filters") == [0, 0], "the filters end")
                used_kib.append(probe.call("memory"))
        third = len(used_kib) // 3
        growth_kib = min(used_kib[-third:]) - min(used_kib[:third])
        assert growth_kib < MOST_GROWTH_KIB, used_kib
        _add_filter(obs)
        helpers.wait_mattes(obs)
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us()


@pytest.mark.parametrize("step", ["Event", "SettingsBlock", "Worker", "look over"])
def test_creates_that_fail_leave_nothing(make: Make, image: Path, tmp_path: Path, step: str) -> None:
    inside = Inside(tmp_path / "inside")
    scripts = [(SCRIPT, {}), inside.script]

    def fail(times: int) -> list[int]:
        for _ in range(times):
            _add_filter(obs)
            obs.ws.remove_source_filter(SOURCE, FILTER)
        time.sleep(helpers.SETTLE_S)
        allocations: list[int] = inside.call("allocations")
        return allocations

    with make(sources=[image_source(SOURCE, image)], scripts=scripts) as obs:
        time.sleep(helpers.SETTLE_S)
        assert inside.call("fail_to_create", step=step)
        before, instances_before = fail(20)
        after, instances_after = fail(200)
        assert after - before < 20, "each of 200 would leave one at least"
        assert (instances_before, instances_after) == (0, 0)
        assert len(obs.log_lines("A filter could not be made")) == 220
        assert inside.call("fail_to_create", step="")
        _add_filter(obs)
        helpers.wait_mattes(obs)
        assert helpers.quit_obs(obs) == 0


def test_lives_end_in_the_middle_of_matting(
    make: Make, image: Path, leaks_without_us: Callable[..., int]
) -> None:
    with make(sources=[image_source(SOURCE, image)]) as obs:
        for _ in range(10):
            _add_filter(obs)
            helpers.wait_mattes(obs, more=1)
            obs.ws.remove_source_filter(SOURCE, FILTER)
            helpers.eventually(lambda: not helpers.instances(obs), "the filter ends")
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us()


def test_goes_on_over_200_scene_switches(
    make: Make, image: Path, leaks_without_us: Callable[..., int]
) -> None:
    scenes = [scene(name, [SOURCE], WIDTH, HEIGHT) for name in ("Main", "Second")]
    with make(sources=[image_source(SOURCE, image, [matting_filter()])], scenes=scenes) as obs:
        before = helpers.wait_mattes(obs)
        began = time.monotonic()
        for number in range(200):
            obs.ws.set_current_program_scene("Main" if number % 2 else "Second")
            time.sleep(max(0.0, began + (number + 1) / SWITCHES_PER_S - time.monotonic()))
        after = helpers.wait_mattes(obs, more=50, since=before)
        assert after["epoch"] >= before["epoch"] + 100
        helpers.wait_mattes(obs, since=after)
        assert helpers.quit_obs(obs) == 0
    assert obs.leaks() == leaks_without_us()


def _do_nothing(_: Sandbox) -> None:
    """What OBS leaks by itself."""


def _add_filter(obs: Sandbox, **settings: Any) -> None:
    obs.ws.create_source_filter(SOURCE, FILTER, FILTER_ID, matting_filter(**settings)["settings"])


def _filter_settings(obs: Sandbox) -> dict[str, Any]:
    settings: dict[str, Any] = obs.ws.get_source_filter(SOURCE, FILTER).filter_settings
    return settings


def _away_and_back(obs: Sandbox) -> None:
    if "Other" in obs.ws.get_scene_collection_list().scene_collections:
        obs.ws.set_current_scene_collection("Other")
    else:
        obs.ws.create_scene_collection("Other")
    _wait_collection(obs, "Other")
    obs.ws.set_current_scene_collection(NAME)
    _wait_collection(obs, NAME)


def _away_and_back_5_times(obs: Sandbox) -> None:
    for _ in range(5):
        _away_and_back(obs)


def _wait_collection(obs: Sandbox, name: str) -> None:
    """Until OBS has loaded it: while it does, requests may fail."""

    def is_there() -> bool:
        try:
            found = obs.ws.get_scene_collection_list()
            return bool(found.current_scene_collection_name == name and obs.ws.get_scene_list().scenes)
        except Exception:  # obs-websocket says "not ready" in a class of its own
            return False

    helpers.eventually(is_there, f"scene collection {name}")
