"""A provider that does not prove itself is left out, with the reason; the processor goes on without a gap."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installer.layout import DATA_DIR_VARIABLE
from installer.sandbox import image_source, scene
from tests.obs.picture_helpers import (
    FILTER,
    Lab,
    expected_screenshot,
    marker_share,
    matting,
    off_share,
    room,
    wait_until,
    write_png,
)

WIDTH, HEIGHT = 320, 180
CANVAS = (WIDTH, HEIGHT)
NAME = "Room"
FAULTS = {
    "wrong": "its result is wrong: pha differs by",
    "not a number": "its result is wrong: pha differs by nan",
    "raising": "it failed. The network failed: the card is gone",
    "slow": "it is slow: 2",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("providers"))
    file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    sources = [image_source(NAME, file, [matting()])]
    scenes = [scene("Air", [NAME], WIDTH, HEIGHT)]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes):
        yield lab


def doctor(lab: Lab) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "rvm_core", "doctor", "--model", "graph_good", "--json"],
        env={**os.environ, DATA_DIR_VARIABLE: str(lab.data)},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
    )
    return done.stdout  # it has problems: nothing is installed here


def record(lab: Lab, during: Any) -> list[Any]:
    """Every picture of the recording made while `during` is called, RGB."""
    import av

    ws = lab.obs.ws
    ws.start_record()
    wait_until(lambda: ws.get_record_status().output_active, "the recording starts")
    during()
    time.sleep(0.5)
    file = Path(ws.stop_record().output_path)
    wait_until(lambda: not ws.get_record_status().output_active, "the recording ends")
    with av.open(str(file)) as recording:
        return [frame.to_ndarray(format="rgb24") for frame in recording.decode(video=0)]


def is_matted(picture: Any) -> bool:
    """The person is there, and nothing of the room; as H.264 leaves them."""
    return bool(picture[60:90, 80:120].min() > 150 and marker_share(picture, reach=40) < 0.001)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_processor_goes_on_without_a_gap(lab: Lab, fault: str) -> None:
    lab.call("spoil_provider", fault=fault)
    lab.reset_filter(NAME)
    expected = expected_screenshot(room(WIDTH, HEIGHT))
    lab.wait_picture(NAME, CANVAS, lambda seen: off_share(seen, expected) <= 0.002)
    lab.wait_status(NAME, lambda s: not s["problem"] and s["state"] == "running", "does not run")

    def choose() -> None:
        before = lab.status(NAME)["mattes"]
        lab.change(NAME, provider="webgpu")
        lab.wait_status(NAME, lambda s: FAULTS[fault] in s["problem"], "does not say why")
        lab.wait_status(NAME, lambda s: s["mattes"] > before + 10, "mattes no more")

    pictures = record(lab, choose)
    assert len(pictures) > 15
    assert all(is_matted(picture) for picture in pictures[1:])
    status = lab.status(NAME)
    assert (status["state"], status["provider"], status["model"]) == ("running", "cpu", "graph_good")
    assert "Processor" in status["remedy"]
    shown = lab.call("properties", source=NAME, filter=FILTER)
    assert FAULTS[fault] in shown[0]["text"]
    assert "graph_good on cpu" in shown[0]["text"]
    said = [line for line in lab.filter_log() if line.startswith("error") and FAULTS[fault] in line]
    assert len(said) == 1
    assert any(
        f"with a card that is {fault})" in line for line in lab.obs.log_lines("[obs-rvm] webgpu is left")
    )
    # doctor runs elsewhere, without this card; what is known of it lies in the same folder
    assert FAULTS[fault] in (lab.data / "providers.json").read_text()
    assert "webgpu" in doctor(lab)


def test_auto_takes_what_is_faster_and_leaves_it_when_it_fails(lab: Lab) -> None:
    lab.reset_filter(NAME)
    lab.wait_status(NAME, lambda s: not s["problem"] and s["provider"] == "cpu", "does not run")
    lab.call("spoil_provider", fault="faster")

    def choose() -> None:
        lab.change(NAME, threads=2)
        lab.wait_status(NAME, lambda s: s["provider"] == "webgpu" and not s["problem"], "takes no card")

    assert all(is_matted(picture) for picture in record(lab, choose)[1:])
    assert lab.status(NAME)["left_out"] == []

    def lose() -> None:
        lab.call("spoil_provider", fault="raising")
        lab.wait_status(NAME, lambda s: s["provider"] == "cpu" and s["state"] == "running", "does not go on")

    pictures = record(lab, lose)[1:]
    assert all(is_matted(picture) or picture.max() < 20 for picture in pictures), "shows the room"
    assert is_matted(pictures[-1])
    assert "the card is gone" in lab.status(NAME)["problem"]


def test_somebody_may_ask_once_more_for_what_was_left_out(lab: Lab) -> None:
    lab.call("spoil_provider", fault="faster")
    lab.reset_filter(NAME)
    lab.change(NAME, provider="webgpu")
    lab.wait_status(NAME, lambda s: s["provider"] == "webgpu" and not s["problem"], "takes no card")
    file = lab.data / "providers.json"
    file.write_text(file.read_text().replace('"reason": ""', '"reason": "it was tired"'))
    lab.change(NAME, threads=2)
    lab.wait_status(NAME, lambda s: s["provider"] == "cpu" and "it was tired" in s["problem"], "takes it")
    assert lab.call("click", source=NAME, filter=FILTER, button="try_again")
    lab.wait_status(NAME, lambda s: s["provider"] == "webgpu" and not s["problem"], "takes no card")


def test_a_card_that_fails_after_a_wish_that_failed_leaves_the_model_at_work(lab: Lab) -> None:
    lab.call("spoil_provider", fault="faster")
    lab.reset_filter(NAME)
    lab.change(NAME, provider="webgpu")
    lab.wait_status(NAME, lambda s: s["provider"] == "webgpu" and s["state"] == "running", "takes no card")
    lab.change(NAME, model="graph_contract")
    lab.wait_status(NAME, lambda s: "graph_contract" in s["problem"], "does not refuse the model")
    lab.call("spoil_provider", fault="raising")
    lab.wait_status(NAME, lambda s: s["provider"] == "cpu" and s["state"] == "running", "does not go on")
    shown = lab.call("properties", source=NAME, filter=FILTER)
    assert "the card is gone" in shown[0]["text"]
    assert "graph_contract" in shown[0]["text"]
