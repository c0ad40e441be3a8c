"""Whatever goes wrong, viewers see what `until_ready` says and never the room, and mending it helps at once.

The room is a checkerboard of colours that nothing else in the pictures has (MARKERS).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer.sandbox import color_source, image_source, scene
from tests import graphs
from tests.obs.helpers import let_frames_pass
from tests.obs.picture_helpers import (
    FILTER,
    GOOD,
    Lab,
    Picture,
    expected_front,
    expected_screenshot,
    marker_share,
    matting,
    off_share,
    over,
    room,
    sharpness,
    wait_until,
    write_png,
)

WIDTH, HEIGHT = 320, 180
CANVAS = (WIDTH, HEIGHT)
BEHIND = (0x80, 0x60, 0x30)
STRAY = 0.002
LOOKS = 4


@dataclass(frozen=True)
class Cause:
    """One way to fail: the settings that bring it about, and the way back."""

    settings: dict[str, Any]
    problem: str
    mend: Callable[[Lab, str], None]


def _press_try_again(lab: Lab, name: str) -> None:
    assert lab.call("click", source=name, filter=FILTER, button="try_again"), "there is no button Try again"


def _put_model(graph: str) -> Callable[[Lab, str], None]:
    """The right file in the models folder, then Try again."""

    def mend(lab: Lab, name: str) -> None:
        (lab.data / "models" / f"{graph}.onnx").write_bytes(lab.files["graph_good"].read_bytes())
        _press_try_again(lab, name)

    return mend


def _choose(**values: Any) -> Callable[[Lab, str], None]:
    """Other settings."""
    return lambda lab, name: lab.change(name, **values)


def _put_background(file: str) -> Callable[[Lab, str], None]:
    """An image where there was none, then Try again."""

    def mend(lab: Lab, name: str) -> None:
        path = lab.folder / file
        if path.is_dir():
            path.rmdir()
        _write_background(path)
        _press_try_again(lab, name)

    return mend


def _write_background(path: Path) -> None:
    staged = write_png(path.with_name(f"staged-{path.stem}.png"), np.full((20, 30, 3), BEHIND, np.uint8))
    staged.replace(path)


def _background(file: str, problem: str) -> Cause:
    return Cause({"mode": "image", "background_file": file}, problem, _put_background(file))


CAUSES = {
    "missing model": Cause(
        {"model": "graph_missing"}, "graph_missing is not on", _put_model("graph_missing")
    ),
    "fetchable model": Cause({"model": "graph_fetchable"}, "graph_fetchable is not on", _press_try_again),
    "corrupt model": Cause({"model": "graph_corrupt"}, "is damaged", _put_model("graph_corrupt")),
    "other contract": Cause({"model": "graph_contract"}, "is not an RVM model", _choose(model="graph_good")),
    "network raises": Cause({"model": "graph_raises"}, "The network failed", _choose(model="graph_good")),
    "not a number": Cause({"model": "graph_nan"}, "not finite", _choose(model="graph_good")),
    "no background": _background("absent.png", "cannot be read"),
    "background is text": _background("text.png", "is not an image"),
    "background is empty": _background("empty.png", "is not an image"),
    "background is a folder": _background("folder.png", "is not a file"),
}


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a source for each cause, each over a colour in a scene of its own."""
    lab = Lab(tmp_path_factory.mktemp("failing"))
    _spoil_models(lab)
    (lab.folder / "text.png").write_text("This is no picture.")
    (lab.folder / "empty.png").touch()
    (lab.folder / "folder.png").mkdir()
    room_file = write_png(lab.folder / "room.png", room(WIDTH, HEIGHT))
    sources = [color_source("Behind", 0xFF306080, WIDTH, HEIGHT)]
    for name in (*CAUSES, "Well", "Content", "Doomed"):
        values = dict(CAUSES[name].settings) if name in CAUSES else {}
        if "background_file" in values:
            values["background_file"] = str(lab.folder / values["background_file"])
        sources.append({**image_source(name, room_file, [matting(**values)])})
    sources.append(image_source("Sizeless", lab.folder / "later.png", [matting()]))
    scenes = [scene("Empty", [], WIDTH, HEIGHT)]
    scenes += [scene(f"{one['name']} on air", ["Behind", one["name"]], WIDTH, HEIGHT) for one in sources[1:]]
    with lab.running(width=WIDTH, height=HEIGHT, sources=sources, scenes=scenes):
        yield lab


def _spoil_models(lab: Lab) -> None:
    """Beside the graphs: two models without a file, one of which can be fetched; one with a wrong byte."""
    good = lab.files["graph_good"]
    document = json.loads((lab.data / "manifest.json").read_text())
    for name in ("graph_missing", "graph_missing_too", "graph_corrupt", "graph_fetchable"):
        sources = [{"path": good.name}] if name == "graph_fetchable" else []
        document["models"][name] = {**graphs.entry_for(good, sources=sources), "file": f"{name}.onnx"}
    graphs.write_manifest(lab.data, document["models"])
    content = bytearray(good.read_bytes())
    content[len(content) // 2] ^= 1
    (lab.data / "models" / "graph_corrupt.onnx").write_bytes(content)


def _put_on_air(lab: Lab, name: str) -> None:
    lab.obs.ws.set_current_program_scene(f"{name} on air")


def _looks(lab: Lab, name: str) -> list[Picture]:
    """The source itself and the scene with it, several times within some frames."""
    seen = []
    for _ in range(LOOKS):
        seen += [lab.screenshot(name, *CANVAS), lab.screenshot(f"{name} on air", *CANVAS)]
        time.sleep(0.05)
    return seen


def _assert_hidden(lab: Lab, name: str) -> None:
    for picture in _looks(lab, name):
        assert marker_share(picture) == 0
        visible = picture[picture[..., 3] > 0]
        assert (visible[:, :3] == BEHIND).all(), "something of the source is to be seen"


def _assert_veiled(lab: Lab, name: str) -> None:
    checkered = np.s_[150:, 250:]
    assert sharpness(room(WIDTH, HEIGHT)[checkered]) > 10
    veiled = lab.wait_picture(name, CANVAS, lambda seen: bool(seen[..., 3].any()))
    assert veiled[..., 3].any(), "nothing is to be seen"
    for picture in _looks(lab, name):
        assert sharpness(picture[checkered]) < 1
    # what is left is some 24 x 14 colours: as much as such a picture enlarged
    fine = veiled[..., :3].astype(float)
    coarse = fine.reshape(18, HEIGHT // 18, 32, WIDTH // 32, 3)
    assert coarse.std(axis=(1, 3)).mean() < 8


@pytest.mark.parametrize("name", CAUSES)
def test_a_failure_shows_what_until_ready_says_and_is_mended_without_a_restart(
    failing: Lab, name: str
) -> None:
    cause = CAUSES[name]
    _put_on_air(failing, name)
    _assert_hidden(failing, name)  # before the failure is known, too
    said = failing.wait_status(name, lambda s: s["state"] == "failed", "is not reported as failed")
    assert cause.problem in said["problem"]
    assert said["remedy"].endswith(".") or said["remedy"].startswith("Run: ")
    _assert_hidden(failing, name)

    shown = failing.call("properties", source=name, filter=FILTER)
    assert cause.problem in shown[0]["text"]
    assert shown[1]["name"] == "try_again"

    failing.change(name, until_ready="blur")
    _assert_veiled(failing, name)
    failing.change(name, until_ready="show")
    own = np.dstack([room(WIDTH, HEIGHT), np.full((HEIGHT, WIDTH), 255)]).astype(float)
    picture = failing.wait_picture(name, CANVAS, lambda seen: off_share(seen, own) == 0)
    assert off_share(picture, own) == 0
    failing.change(name, until_ready="hide")
    failing.wait_picture(name, CANVAS, lambda seen: not seen[..., 3].any())
    _assert_hidden(failing, name)
    let_frames_pass(failing.obs, 6)

    cause.mend(failing, name)
    failing.wait_status(name, lambda s: s["state"] == "running", "does not run after it was mended")
    front = expected_front(room(WIDTH, HEIGHT))
    expected = expected_screenshot(room(WIDTH, HEIGHT))
    if cause.settings.get("mode") == "image":
        expected = over(front, np.broadcast_to(BEHIND, (HEIGHT, WIDTH, 3)))
    picture = failing.wait_picture(name, CANVAS, lambda seen: off_share(seen, expected) <= STRAY)
    assert off_share(picture, expected) <= STRAY
    assert marker_share(picture) == 0


@pytest.mark.parametrize("name", CAUSES)
def test_a_problem_is_said_once_in_the_log_and_not_at_every_frame(failing: Lab, name: str) -> None:
    """The tests above have mended it, or it is still there."""
    words = str(CAUSES[name].settings.get("background_file", CAUSES[name].problem))

    def said() -> list[str]:
        return [line for line in failing.filter_log() if line.startswith("error") and words in line]

    _put_on_air(failing, name)
    wait_until(lambda: bool(said()), "the log does not name the problem")
    let_frames_pass(failing.obs, 11)
    assert len(said()) == 1


def test_what_cannot_be_had_leaves_the_matte_on_screen(failing: Lab) -> None:
    """A wish that fails is said, with its remedy; the engine at work goes on."""
    name = "Content"
    expected = expected_screenshot(room(WIDTH, HEIGHT))
    _put_on_air(failing, name)
    for wish, said in (
        ({"provider": "cuda"}, "cuda cannot be used"),
        ({"model": "graph_missing_too"}, "graph_missing_too is not on"),
    ):
        failing.wait_picture(name, CANVAS, lambda seen: off_share(seen, expected) <= STRAY)
        failing.change(name, **wish)
        status = failing.wait_status(name, lambda s, said=said: said in s["problem"], f"does not say {said}")
        assert status["state"] == "running"
        assert (status["model"], status["provider"]) == ("graph_good", "cpu")
        for picture in _looks(failing, name)[::2]:
            assert off_share(picture, expected) <= STRAY
        shown = failing.call("properties", source=name, filter=FILTER)
        assert said in shown[0]["text"]
        assert "graph_good on cpu" in shown[0]["text"]
        assert any(said in line for line in failing.filter_log() if line.startswith("error"))
        failing.reset_filter(name)
        failing.wait_status(name, lambda s: not s["problem"], "still complains")


def test_a_dead_worker_takes_the_picture_off_and_try_again_brings_it_back(failing: Lab) -> None:
    name = "Well"
    expected = expected_screenshot(room(WIDTH, HEIGHT))
    _put_on_air(failing, name)
    picture = failing.wait_picture(name, CANVAS, lambda seen: off_share(seen, expected) <= STRAY)
    assert off_share(picture, expected) <= STRAY
    assert failing.call("end_worker", source=name)
    failing.wait_picture(name, CANVAS, lambda seen: not seen[..., 3].any())
    _assert_hidden(failing, name)
    said = failing.wait_status(name, lambda s: s["state"] == "failed", "is not reported as failed")
    assert "The matting thread ended" in said["problem"]
    assert "Try again" in said["remedy"]
    _press_try_again(failing, name)
    failing.wait_status(name, lambda s: s["state"] == "running", "does not run after Try again")
    picture = failing.wait_picture(name, CANVAS, lambda seen: off_share(seen, expected) <= STRAY)
    assert off_share(picture, expected) <= STRAY


def test_a_source_without_a_size_is_nothing_and_mattes_once_it_has_one(failing: Lab) -> None:
    name, file = "Sizeless", failing.folder / "later.png"
    _put_on_air(failing, name)
    for _ in range(LOOKS):
        picture = failing.screenshot(f"{name} on air", *CANVAS)
        assert (picture[..., :3] == BEHIND).all()
    assert failing.status(name)["state"] == "loading"
    write_png(file, room(WIDTH, HEIGHT))
    failing.obs.ws.set_input_settings(name, {"file": str(file)}, True)
    expected = expected_screenshot(room(WIDTH, HEIGHT))
    picture = failing.wait_picture(name, CANVAS, lambda seen: off_share(seen, expected) <= STRAY)
    assert off_share(picture, expected) <= STRAY
    failing.obs.ws.set_input_settings(name, {"file": ""}, True)
    let_frames_pass(failing.obs, 6)


def test_no_frame_of_a_recording_shows_the_room_when_the_network_fails(failing: Lab) -> None:
    """From the first frame on air, over a running matte, to the failure and the way back."""
    import av

    name, ws = "Doomed", failing.obs.ws
    ws.set_current_program_scene("Empty")
    ws.start_record()
    wait_until(lambda: ws.get_record_status().output_active, "the recording starts")
    _put_on_air(failing, name)
    failing.wait_status(name, lambda s: s["state"] == "running", "runs")
    time.sleep(0.5)
    failing.change(name, model="graph_nan")
    failing.wait_status(name, lambda s: s["state"] == "failed", "has failed")
    time.sleep(0.5)
    failing.change(name, model=GOOD["model"])
    failing.wait_status(name, lambda s: s["state"] == "running", "runs again")
    time.sleep(0.5)
    file = Path(ws.stop_record().output_path)
    wait_until(lambda: not ws.get_record_status().output_active, "the recording ends")
    persons, empties = 0, 0
    with av.open(str(file)) as recording:
        for number, frame in enumerate(recording.decode(video=0)):
            picture = frame.to_ndarray(format="rgb24")
            assert marker_share(picture, reach=40) < 0.001, f"frame {number} shows the room"
            is_person = picture[60:90, 80:120].min() > 150
            persons, empties = persons + is_person, empties + (not is_person)
    assert persons > 10, "the matte was on air"
    assert empties > 10, "the failure was on air"
