"""OBS ends when it is told to, whatever the filter is doing and however busy the computer is.

Each test quits OBS a few times; ``OBS_RVM_QUITS=50`` makes that 50.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from installer.layout import SCRIPT
from installer.obs_config import NAME
from installer.sandbox import Sandbox, image_source, scene
from tests.obs import helpers
from tests.obs.busy import busy_cores
from tests.obs.helpers import FILTER, HEIGHT, LEFT, RIGHT, SOURCE, WIDTH, matting_filter
from tests.obs.patience import limit_s
from tests.obs.picture_helpers import Inside

Make = Callable[..., Sandbox]

QUITS = int(os.environ.get("OBS_RVM_QUITS", "2"))
LONGEST_S = 5.0
"""From the moment at which OBS begins to shut down to the end of its process, where only the test's own
loops take the processor."""
OWN_LEAKS = 1
"""What OBS 29 counts at its end without any script."""


@pytest.fixture
def image(tmp_path: Path, write_picture: Callable[[Path, Any], Path]) -> Path:
    return write_picture(tmp_path / "picture.png", helpers.picture(LEFT, RIGHT))


@pytest.fixture(scope="module")
def unprivileged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which ``obs`` may not raise priorities, as for any user but root."""
    found, setpriv = shutil.which("obs"), shutil.which("setpriv")
    if found is None or setpriv is None or os.getuid() != 0:
        return {}
    folder = tmp_path_factory.mktemp("bin")
    starter = folder / "obs"
    starter.write_text(f'#!/bin/sh\nexec {setpriv} --bounding-set -sys_nice {found} "$@"\n')
    starter.chmod(0o755)
    return {"PATH": os.pathsep.join((str(folder), os.environ["PATH"]))}


@pytest.fixture
def make(sandbox: Make, tmp_path: Path, unprivileged: dict[str, str]) -> Make:
    """Makes an OBS with the test graphs and a data folder of its own."""

    def made(**arguments: Any) -> Sandbox:
        data = tmp_path / "data"
        environment = helpers.graph_environment(data) | unprivileged
        return sandbox(width=WIDTH, height=HEIGHT, env=environment, **arguments)

    return made


def quit_and_time(obs: Sandbox) -> tuple[int, float]:
    """The exit code of an OBS that is told to quit, and the seconds from its shutdown's begin to its end."""
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(obs.quit, "window", 60.0)
        began = None
        while not ended.done():
            if began is None and obs.log_lines("==== Shutting down"):
                began = time.monotonic()
            time.sleep(0.01)
        code = ended.result()
    assert began is not None, "OBS ended before it was told to"
    return code, time.monotonic() - began


def check_end(obs: Sandbox, leaks: int = OWN_LEAKS) -> None:
    """Quit `obs`: it ends in time, in order, and leaves what OBS leaves by itself."""
    code, took_s = quit_and_time(obs)
    is_late = bool(obs.log_lines("did not end within"))
    print(f"ended with {code} after {took_s:.2f} s, {obs.leaks()} leaks, {is_late=}")
    assert code == 0
    assert took_s < limit_s(LONGEST_S)
    assert obs.leaks() == leaks
    assert not obs.log_lines("Traceback")
    assert not obs.log_lines("remove_event_callback")


def wait_mattes(obs: Sandbox, count: int = 1) -> None:
    def has_begun() -> bool:
        return sum(one["mattes"] > 5 for one in helpers.instances(obs).values()) == count

    helpers.eventually(has_begun, f"mattes of {count}")


def notes(data: Path) -> list[dict[str, Any]]:
    """What the ledger of the data folder holds."""
    file = data / "providers.json"
    return list(json.loads(file.read_text())["verdicts"]) if file.is_file() else []


@pytest.mark.parametrize("count", [1, 3])
def test_quits_on_a_saturated_computer(make: Make, image: Path, count: int) -> None:
    names = [f"{SOURCE} {number}" for number in range(count)]
    sources = [image_source(name, image, [matting_filter()]) for name in names]
    scenes = [scene("Main", names, WIDTH, HEIGHT)]
    for _ in range(QUITS):
        with make(sources=sources, scenes=scenes) as obs:
            wait_mattes(obs, count)
            with busy_cores():
                time.sleep(1.0)
                check_end(obs)


@pytest.mark.parametrize("fault", ["asleep", "busy"])
def test_quits_in_the_middle_of_a_trial(make: Make, image: Path, tmp_path: Path, fault: str) -> None:
    """Neither waits for the provider nor counts that against it."""
    for number in range(QUITS):
        inside = Inside(tmp_path / f"inside-{number}")
        sources = [image_source(SOURCE, image, [matting_filter(provider="cpu")])]
        with make(sources=sources, scripts=[(SCRIPT, {}), inside.script]) as obs:
            wait_mattes(obs)
            inside.call("spoil_provider", fault=fault)
            obs.ws.set_source_filter_settings(SOURCE, FILTER, {"provider": "auto"}, True)
            helpers.eventually(
                lambda: any(one["process"] == obs.pid for one in notes(tmp_path / "data")), "a trial"
            )
            check_end(obs)
        assert notes(tmp_path / "data") == []
        assert obs.log_lines("did not end within")


def test_an_obs_that_is_killed_in_a_trial_does_not_blame_the_provider(
    make: Make, image: Path, tmp_path: Path
) -> None:
    sources = [image_source(SOURCE, image, [matting_filter(provider="cpu")])]
    inside = Inside(tmp_path / "inside")
    with make(sources=sources, scripts=[(SCRIPT, {}), inside.script]) as obs:
        wait_mattes(obs)
        inside.call("spoil_provider", fault="asleep")
        obs.ws.set_source_filter_settings(SOURCE, FILTER, {"provider": "auto"}, True)
        helpers.eventually(lambda: notes(tmp_path / "data"), "a trial")
        os.kill(obs.pid, signal.SIGKILL)
        assert obs.wait(10) == -signal.SIGKILL
    inside = Inside(tmp_path / "inside-again")
    with make(sources=sources, scripts=[(SCRIPT, {}), inside.script]) as obs:
        wait_mattes(obs)
        inside.call("spoil_provider", fault="asleep")
        obs.ws.set_source_filter_settings(SOURCE, FILTER, {"provider": "auto"}, True)
        helpers.eventually(
            lambda: any(one["process"] == obs.pid for one in notes(tmp_path / "data")), "a trial"
        )
        check_end(obs)


def test_quits_while_the_first_model_is_loaded_on_a_saturated_computer(make: Make, image: Path) -> None:
    for _ in range(QUITS):
        with make(sources=[image_source(SOURCE, image)]) as obs:
            time.sleep(helpers.SETTLE_S)
            with busy_cores():
                slow = matting_filter(model="graph_slower", quality="auto")["settings"]
                obs.ws.create_source_filter(SOURCE, FILTER, helpers.FILTER_ID, slow)
                check_end(obs)
        assert not obs.log_lines("ready in")


def test_a_filter_is_removed_at_once_though_its_matting_hangs(
    make: Make, image: Path, tmp_path: Path
) -> None:
    """And what it holds is freed when that ends."""
    inside = Inside(tmp_path / "inside")
    names = [f"{SOURCE} {number}" for number in range(2)]
    sources = [image_source(name, image, [matting_filter()]) for name in names]
    with make(sources=sources, scripts=[(SCRIPT, {}), inside.script]) as obs:
        wait_mattes(obs, 2)
        for name in names:
            inside.call("hang", source=name)
        time.sleep(0.5)
        began = time.monotonic()
        for name in names:
            obs.ws.remove_source_filter(name, FILTER)
        said = "its matting still runs after 2 s"
        helpers.eventually(lambda: len(obs.log_lines(said)) == 2, "both are gone", 20)
        assert time.monotonic() - began < limit_s(4), "each waited by itself"
        assert len(helpers.instances(obs)) == 2, "their threads still run"
        inside.call("go_on")
        helpers.eventually(lambda: not helpers.instances(obs), "they end")
        check_end(obs)


def test_a_collection_is_left_and_the_script_reloaded_on_a_saturated_computer(
    make: Make, image: Path, tmp_path: Path
) -> None:
    probe = helpers.Probe(tmp_path / "probe")
    sources = [image_source(SOURCE, image, [matting_filter()])]
    with make(sources=sources, scripts=[(SCRIPT, {}), probe.script]) as obs:
        wait_mattes(obs)
        with busy_cores():
            began = time.monotonic()
            assert probe.reload()
            assert time.monotonic() - began < limit_s(LONGEST_S)
            for name in ("Other", NAME):
                began = time.monotonic()
                if name == "Other":
                    obs.ws.create_scene_collection(name)
                else:
                    obs.ws.set_current_scene_collection(name)
                print(f"collection left after {time.monotonic() - began:.2f} s")
                assert time.monotonic() - began < limit_s(LONGEST_S)
                time.sleep(1.0)
            check_end(obs, leaks=OWN_LEAKS + 1)  # as after any switch of collections
