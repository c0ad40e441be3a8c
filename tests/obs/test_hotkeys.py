"""The filter's hotkeys in OBS: listed, pressed in its window, saved, and gone with the filter.

Keys are bound as OBS saves them, with the source; they are pressed on the screen's keyboard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from installer.sandbox import image_source
from rvm_core import presets
from tests.obs.helpers import CLEARING, Probe
from tests.obs.picture_helpers import FILTER, FILTER_KIND, GOOD, Lab, matting, room, wait_until, write_png

WIDTH, HEIGHT = 320, 180
CAMERA, OTHER = "Camera", "Other"
# By name, xdotool holds Alt with F5: newer keyboard maps have the name on the level of Alt, too.
KEY_CODES = {f"F{number}": str(66 + number) for number in range(1, 11)} | {"F11": "95", "F12": "96"}
KEY_HELD_S = 0.3  # OBS looks at the keyboard 40 times a second, when it gets to it
ACTIONS = ("toggle", "blur_more", "blur_less", "next_preset", "capture_plate", "start_anew")
KEYS = dict(zip(ACTIONS, ("F5", "F6", "F7", "F8", "F9", "F11"), strict=True))
OTHER_KEYS = {"toggle": "F12", "blur_more": "F2"}
LABELS = ("on or off", "blur more", "blur less", "next preset", "capture clean plate", "start anew")

Source = dict[str, Any]


def bound(source: Source, keys: dict[str, str], filter_name: str = FILTER) -> Source:
    """The saved `source` with a key for each action in `keys`."""
    hotkeys = {f"obs-rvm.{action}.{filter_name}": [{"key": f"OBS_KEY_{key}"}] for action, key in keys.items()}
    return {**source, "hotkeys": hotkeys}


def sources(lab: Lab, **values: Any) -> list[Source]:
    """Two sources with a filter of the same name each, and other keys."""
    file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    chain = [matting(mode="blur", **values)]
    return [
        bound(image_source(CAMERA, file, chain), KEYS),
        bound(image_source(OTHER, file, chain), OTHER_KEYS),
    ]


def press(lab: Lab, key: str) -> None:
    """Press and release a key in OBS's window."""
    lab.obs._tool(["xdotool", "keydown", KEY_CODES[key]])
    time.sleep(KEY_HELD_S)
    lab.obs._tool(["xdotool", "keyup", KEY_CODES[key]])
    time.sleep(KEY_HELD_S)


def wait_ready(lab: Lab, source: str = CAMERA, name: str = FILTER) -> None:
    wait_until(
        lambda: listed(lab, source, name) == expected(name), lambda: f"{lab.call('hotkeys', source=source)}"
    )


def listed(lab: Lab, source: str, name: str = FILTER) -> list[list[str]]:
    """Our hotkeys under the heading `source`, of the filter `name`."""
    found: list[list[str]] = lab.call("hotkeys", source=source)
    return [one for one in found if one[0].startswith("obs-rvm.") and one[0].endswith(f".{name}")]


def expected(name: str = FILTER) -> list[list[str]]:
    """What OBS lists for a filter `name`, in order."""
    return [
        [f"obs-rvm.{action}.{name}", f"{name}: {label}"]
        for action, label in zip(ACTIONS, LABELS, strict=True)
    ]


def values(lab: Lab, source: str = CAMERA, name: str = FILTER) -> dict[str, Any]:
    """The filter's settings, and `enabled`."""
    found = lab.obs.ws.get_source_filter(source, name)
    return {"preset": "", "blur_strength": 0.5, **found.filter_settings, "enabled": found.filter_enabled}


def wait_value(lab: Lab, key: str, value: Any, source: str = CAMERA, name: str = FILTER) -> None:
    wait_until(
        lambda: values(lab, source, name)[key] == value,
        lambda: f"{key} of {name} on {source} is not {value!r}: {values(lab, source, name)}",
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("hotkeys"))
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources(lab)):
        wait_ready(lab, CAMERA)
        wait_ready(lab, OTHER)
        yield lab


@pytest.fixture
def fresh(lab: Lab) -> Lab:
    """The module's OBS with both filters as they were in the beginning."""
    for source in (CAMERA, OTHER):
        lab.reset_filter(source, mode="blur")
        lab.obs.ws.set_source_filter_enabled(source, FILTER, True)
        lab.wait_status(source, lambda s: (s["state"], s["model"]) == ("running", "graph_good"), "runs")
    return lab


def said(lab: Lab, words: str) -> int:
    return len([line for line in lab.filter_log() if words in line])


def test_a_key_switches_its_own_filter_off_and_on_and_no_other(fresh: Lab) -> None:
    before = said(fresh, "switched off")
    press(fresh, KEYS["toggle"])
    wait_value(fresh, "enabled", False)
    assert values(fresh, OTHER)["enabled"]
    press(fresh, KEYS["toggle"])
    wait_value(fresh, "enabled", True)
    press(fresh, OTHER_KEYS["toggle"])
    wait_value(fresh, "enabled", False, OTHER)
    assert values(fresh)["enabled"]
    assert said(fresh, "switched off") == before + 2, "a key that is released does something, too"


def test_keys_blur_more_and_less(fresh: Lab) -> None:
    for strength in (0.6, 0.7):
        press(fresh, KEYS["blur_more"])
        wait_value(fresh, "blur_strength", strength)
    press(fresh, KEYS["blur_less"])
    wait_value(fresh, "blur_strength", 0.6)
    assert values(fresh, OTHER)["blur_strength"] == 0.5
    press(fresh, OTHER_KEYS["blur_more"])
    wait_value(fresh, "blur_strength", 0.6, OTHER)
    assert values(fresh)["blur_strength"] == 0.6


def test_blur_keys_in_another_mode_say_why_once_a_press_and_change_nothing(fresh: Lab) -> None:
    fresh.change(CAMERA, mode="transparent")
    words = "the background is not blurred. Choose the mode that blurs it."
    before = said(fresh, words)
    for number, action in enumerate(("blur_more", "blur_less", "blur_more"), 1):
        press(fresh, KEYS[action])
        wait_until(lambda: said(fresh, words) > before, "says nothing")
        assert said(fresh, words) == before + number
    assert values(fresh)["blur_strength"] == 0.5


def test_a_key_goes_through_the_presets(fresh: Lab) -> None:
    names = presets.names()
    for name in (names[0], names[1]):
        press(fresh, KEYS["next_preset"])
        wait_value(fresh, "preset", name)
        fresh.change(CAMERA, **GOOD)  # presets choose a model, which is not here
    wait_value(fresh, "mode", presets.get(names[1]).values["mode"])
    assert values(fresh, OTHER)["preset"] == ""


def test_a_key_starts_matting_anew(fresh: Lab) -> None:
    def asked(status: dict[str, Any]) -> int:
        return sum("asked by the user" in reset["reason"] for reset in status["resets"])

    before = asked(fresh.status(CAMERA))
    for number in (1, 2):
        press(fresh, KEYS["start_anew"])
        fresh.wait_status(CAMERA, lambda s, wanted=before + number: asked(s) == wanted, "no new epoch")
    assert asked(fresh.status(OTHER)) == 0


def test_a_key_captures_a_clean_plate_where_one_is_needed(fresh: Lab) -> None:
    press(fresh, KEYS["capture_plate"])
    wait_until(
        lambda: said(fresh, "This model needs no clean plate.") == 1, "does not say that none is needed"
    )
    fresh.change(CAMERA, model="graph_plate")
    fresh.wait_status(CAMERA, lambda s: "No clean plate" in s["problem"], "does not miss the plate")
    press(fresh, KEYS["capture_plate"])
    wait_until(lambda: bool(values(fresh).get("plate")), "captures nothing")
    assert Path(values(fresh)["plate"]).is_file()


def test_keys_work_while_the_worker_is_dead(fresh: Lab) -> None:
    assert fresh.call("end_worker", source=OTHER)
    press(fresh, OTHER_KEYS["toggle"])
    wait_value(fresh, "enabled", False, OTHER)
    fresh.call("click", source=OTHER, filter=FILTER, button="try_again")


def test_keys_follow_other_names_and_come_back_with_them_after_a_restart(
    tmp_path: Path,
) -> None:
    lab, name = Lab(tmp_path / "lab"), "Mine: {now} ÄÖ.x"
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources(lab)):
        wait_ready(lab)
        lab.obs.ws.set_source_filter_name(CAMERA, FILTER, name)
        lab.obs.ws.set_input_name(CAMERA, "Webcam")
        wait_ready(lab, "Webcam", name)
        assert listed(lab, "Webcam") == [], "the old names are there, too"
        press(lab, KEYS["blur_more"])
        wait_value(lab, "blur_strength", 0.6, "Webcam", name)
        assert values(lab, OTHER)["blur_strength"] == 0.5
        assert lab.obs.quit() == 0
    with lab.running(width=WIDTH, height=HEIGHT, keeps_collection=True):
        wait_ready(lab, "Webcam", name)
        press(lab, KEYS["blur_more"])
        wait_value(lab, "blur_strength", 0.7, "Webcam", name)
        press(lab, OTHER_KEYS["blur_more"])
        wait_value(lab, "blur_strength", 0.6, OTHER)
        assert lab.obs.quit() == 0


def test_keys_go_with_the_filter_and_come_with_one_that_is_added(
    tmp_path: Path, leaks_without_us: Callable[[], int]
) -> None:
    lab = Lab(tmp_path / "lab")
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources(lab)):
        ws = lab.obs.ws
        for _ in range(5):
            wait_ready(lab)
            ws.remove_source_filter(CAMERA, FILTER)
            wait_until(lambda: listed(lab, CAMERA) == [], "keys of a filter that is gone")
            press(lab, KEYS["toggle"])
            ws.create_source_filter(CAMERA, FILTER, FILTER_KIND, {**GOOD, "mode": "blur"})
        wait_ready(lab)
        assert values(lab)["enabled"]
        assert said(lab, "switched") == 0
        press(lab, OTHER_KEYS["toggle"])
        wait_value(lab, "enabled", False, OTHER)
        # and where the source goes before its filter
        ws.remove_input(OTHER)
        wait_until(lambda: listed(lab, OTHER) == [], "keys of a source that is gone")
        press(lab, OTHER_KEYS["toggle"])
        assert lab.obs.quit() == 0
    assert lab.obs.leaks() == leaks_without_us()
    assert not lab.obs.log_lines("Traceback")


def test_keys_outlive_reloads_of_the_script(tmp_path: Path, leaks_without_us: Callable[[], int]) -> None:
    lab, probe = Lab(tmp_path / "lab"), Probe(tmp_path / "probe")
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources(lab), scripts=[*lab.scripts, probe.script]):
        wait_ready(lab)
        for strength in (0.6, 0.7, 0.8):
            assert probe.reload()
            assert listed(lab, CAMERA) == expected()
            press(lab, KEYS["blur_more"])
            wait_value(lab, "blur_strength", strength)
        assert lab.obs.quit() == 0
    assert lab.obs.leaks() == leaks_without_us()


@pytest.fixture(scope="module")
def leaks_without_us(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], int]:
    """OBS's own leaks, with the same sources but without our scripts."""
    found: list[int] = []

    def measure() -> int:
        if not found:
            lab = Lab(tmp_path_factory.mktemp("alone"))
            bare = [{**source, "filters": [], "hotkeys": {}} for source in sources(lab)]
            with lab.running(width=WIDTH, height=HEIGHT, sources=bare, scripts=[CLEARING]):
                assert lab.obs.quit() == 0
            found.append(lab.obs.leaks())
        return found[0]

    return measure


def test_what_is_asked_of_a_filter_on_its_way_out_finds_none(tmp_path: Path) -> None:
    """As it begins, it asks the UI thread for its keys: here between its release and its destruction."""
    lab = Lab(tmp_path / "lab")
    # what is freed must not look as if it were still there
    freed = {"GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0"}
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources(lab), env=freed):
        wait_ready(lab)
        for _ in range(4):
            assert lab.call("hold_destruction", seconds=2.5)
            holding = threading.Thread(target=lab.call, args=("hold",), kwargs={"seconds": 1.0})
            holding.start()
            time.sleep(0.3)
            for _ in range(5):
                lab.obs.ws.create_source_filter(CAMERA, "Short", FILTER_KIND, GOOD)
                lab.obs.ws.remove_source_filter(CAMERA, "Short")
            holding.join()
            time.sleep(2.0)
        assert listed(lab, CAMERA, "Short") == []
        assert lab.obs.quit() == 0
