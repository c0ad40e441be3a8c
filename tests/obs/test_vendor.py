"""Our requests in obs-websocket, called as any client of it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from installer.sandbox import image_source
from rvm_core import presets
from tests.obs.picture_helpers import FILTER, Lab, matting, room, wait_until, write_png

WIDTH, HEIGHT = 320, 180
CAMERA, OTHER = "Camera", "Other"
HELD_S = 2.0
PRESET = "Just chatting (blur)"

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("vendor"))
    file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    sources = [image_source(name, file, [matting(mode="blur")]) for name in (CAMERA, OTHER)]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources):
        yield lab
        assert lab.obs.quit() == 0
    assert not lab.obs.log_lines("Traceback")


@pytest.fixture
def fresh(lab: Lab) -> Lab:
    """The module's OBS with both filters as they were in the beginning."""
    for source in (CAMERA, OTHER):
        lab.reset_filter(source, mode="blur")
        lab.obs.ws.set_source_filter_enabled(source, FILTER, True)
        lab.wait_status(source, lambda s: (s["state"], s["model"]) == ("running", "graph_good"), "runs")
    return lab


def ask(lab: Lab, request: str, **fields: Any) -> Answer:
    """What our request answers."""
    called = {"vendorName": "obs-rvm", "requestType": request}
    if fields:  # obs-websocket refuses empty ones
        called["requestData"] = fields
    answer: Answer = lab.obs.ws.send("CallVendorRequest", called, raw=True)["responseData"]
    return answer


def report(source: str, **told: Any) -> Answer:
    return {"source": source, "filter": FILTER, **told}


def values(lab: Lab, source: str) -> Answer:
    found = lab.obs.ws.get_source_filter(source, FILTER)
    return {"preset": "", "blur_strength": 0.5, **found.filter_settings, "enabled": found.filter_enabled}


def wait_value(lab: Lab, source: str, key: str, value: Any) -> None:
    wait_until(
        lambda: values(lab, source)[key] == value, lambda: f"{key} is not {value!r}: {values(lab, source)}"
    )


def test_a_named_filter_alone_is_switched(fresh: Lab) -> None:
    off = {"success": True, "filters": [report(CAMERA, done="switched off")]}
    assert ask(fresh, "toggle", source=CAMERA, filter=FILTER) == off
    assert [values(fresh, source)["enabled"] for source in (CAMERA, OTHER)] == [False, True]
    assert ask(fresh, "toggle", source=CAMERA)["filters"][0]["done"] == "switched on"
    assert values(fresh, CAMERA)["enabled"]


@pytest.mark.parametrize("fields", [{}, {"filter": FILTER}])
def test_without_a_source_all_filters_are_meant(fresh: Lab, fields: Answer) -> None:
    answer = ask(fresh, "blur_more", **fields)
    assert answer["success"]
    assert sorted(one["source"] for one in answer["filters"]) == [CAMERA, OTHER]
    for source in (CAMERA, OTHER):
        wait_value(fresh, source, "blur_strength", 0.6)


def test_steps_asked_for_while_obs_is_busy_are_all_made(fresh: Lab) -> None:
    holding = threading.Thread(target=fresh.call, args=("hold",), kwargs={"seconds": HELD_S})
    holding.start()
    time.sleep(HELD_S / 4)
    for strength in ("0.6", "0.7", "0.8", "0.9"):
        answer = ask(fresh, "blur_more", source=CAMERA)
        assert answer["filters"] == [report(CAMERA, done=f"blur strength {strength}")]
    holding.join()
    wait_value(fresh, CAMERA, "blur_strength", 0.9)


def test_what_cannot_be_done_is_said_for_each_filter(fresh: Lab) -> None:
    fresh.change(OTHER, mode="transparent")
    answer = ask(fresh, "blur_more")
    why = "The blur cannot change, because the background is not blurred. Choose the mode that blurs it."
    assert not answer["success"]
    assert answer["error"] == f"{FILTER} on {OTHER}: {why}"
    assert {"error" in one: one["source"] for one in answer["filters"]} == {True: OTHER, False: CAMERA}
    wait_value(fresh, CAMERA, "blur_strength", 0.6)
    assert not ask(fresh, "capture_plate", source=CAMERA)["success"]


def test_presets_are_listed_chosen_and_gone_through(fresh: Lab) -> None:
    listed = ask(fresh, "list_presets")
    assert listed["success"]
    assert [one["name"] for one in listed["presets"]] == presets.names()
    assert all(one["built_in"] is presets.is_built_in(one["name"]) for one in listed["presets"])
    assert ask(fresh, "set_preset", source=OTHER, preset=PRESET)["success"]
    wait_value(fresh, OTHER, "preset", PRESET)
    wait_value(fresh, OTHER, "blur_strength", presets.get(PRESET).values["blur_strength"])
    assert values(fresh, CAMERA)["preset"] == ""
    fresh.change(OTHER, blur_strength=0.11)
    assert ask(fresh, "set_preset", source=OTHER, preset=PRESET)["success"]
    wait_value(fresh, OTHER, "blur_strength", presets.get(PRESET).values["blur_strength"])
    following = presets.names()[presets.names().index(PRESET) + 1]
    assert ask(fresh, "next_preset", source=OTHER)["filters"] == [report(OTHER, done=f"preset “{following}”")]
    wait_value(fresh, OTHER, "preset", following)


def test_a_plate_is_captured_and_matting_begins_anew(fresh: Lab) -> None:
    fresh.change(CAMERA, model="graph_plate")
    fresh.wait_status(CAMERA, lambda s: "No clean plate" in s["problem"], "does not miss the plate")
    assert ask(fresh, "capture_plate", source=CAMERA)["success"]
    wait_until(lambda: bool(values(fresh, CAMERA).get("plate")), "captures nothing")
    assert ask(fresh, "start_anew", source=OTHER)["success"]
    fresh.wait_status(
        OTHER, lambda s: any("asked by the user" in one["reason"] for one in s["resets"]), "no new epoch"
    )


def test_the_status_is_that_of_the_status_file_and_more(fresh: Lab) -> None:
    ask(fresh, "toggle", source=CAMERA)
    answer = ask(fresh, "status", source=CAMERA)
    (status,) = answer["filters"]
    assert set(status) == {*fresh.status(CAMERA), "enabled", "preset"}
    assert status["model"] == "graph_good"
    assert status["source"] == CAMERA
    assert status["enabled"] is False
    assert len(ask(fresh, "status")["filters"]) == 2


@pytest.mark.parametrize(
    ("request_", "fields", "error"),
    [
        ("toggle", {"source": "Nowhere"}, "There is no such filter. Give the names of the source and"),
        ("toggle", {"source": CAMERA, "filter": "Nothing"}, "There is no such filter."),
        ("status", {"filter": "Nothing"}, "There is no such filter."),
        ("toggle", {"source": ""}, "There is no such filter."),
        ("toggle", {"sourceName": CAMERA}, "A request has no “sourceName”. Use source, filter, preset."),
        ("toggle", {"source": 5}, "“source” is 5. Give a name, as text."),
        ("set_preset", {"source": CAMERA}, 'The request names no preset. Give {"preset": NAME}.'),
        ("set_preset", {"preset": "Unheard of"}, "There is no preset “Unheard of”."),
    ],
)
def test_a_wrong_request_says_what_is_wrong_and_does_nothing(
    fresh: Lab, request_: str, fields: Answer, error: str
) -> None:
    before = [values(fresh, source) for source in (CAMERA, OTHER)]
    answer = ask(fresh, request_, **fields)
    assert not answer["success"]
    assert answer["error"].startswith(error)
    assert "filters" not in answer
    assert [values(fresh, source) for source in (CAMERA, OTHER)] == before


def test_the_same_is_reached_by_the_settings_of_the_filter(fresh: Lab) -> None:
    fresh.obs.ws.set_source_filter_settings(CAMERA, FILTER, {"blur_strength": 0.7}, True)
    assert values(fresh, CAMERA)["blur_strength"] == 0.7
    fresh.obs.ws.send("TriggerHotkeyByName", {"hotkeyName": f"obs-rvm.blur_less.{FILTER}"})

    def blurs() -> set[tuple[str, float]]:
        return {(source, values(fresh, source)["blur_strength"]) for source in (CAMERA, OTHER)}

    # OBS takes the hotkey of that name that was registered first, which may be that of either source.
    wait_until(
        lambda: blurs() in ({(CAMERA, 0.6), (OTHER, 0.5)}, {(CAMERA, 0.7), (OTHER, 0.4)}),
        lambda: f"neither blur is less: {blurs()}",
    )


def test_requests_that_never_stop_do_not_keep_obs_from_ending(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    import obsws_python

    lab = Lab(tmp_path_factory.mktemp("busy"))
    file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    with lab.running(
        width=WIDTH, height=HEIGHT, sources=[image_source(CAMERA, file, [matting(mode="blur")])]
    ):
        client = obsws_python.ReqClient(
            host="127.0.0.1", port=lab.obs.port, password=lab.obs._password, timeout=30
        )
        answered: list[Any] = []

        def go_on() -> None:
            try:
                while True:
                    called = {"vendorName": "obs-rvm", "requestType": "status"}
                    answered.append(client.send("CallVendorRequest", called, raw=True))
            except Exception as end:  # OBS is gone, in whatever words the library has for that
                answered.append(end)

        asking = threading.Thread(target=go_on)
        asking.start()
        wait_until(lambda: len(answered) > 20, "no answers")
        assert lab.obs.quit() == 0
        asking.join(30)
        assert not asking.is_alive()
        client.base_client.ws.shutdown()
    assert not lab.obs.log_lines("Traceback")
