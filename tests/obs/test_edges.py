"""Edges, spill, light wrap and zones look in OBS as they do in files: the shader and the kernels agree."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from installer.sandbox import image_source
from rvm_core import Matting, paths
from rvm_core.settings import Settings
from rvm_core.video.background import open_background
from rvm_core.video.render import Renderer
from rvm_core.video.shots import Matted
from tests.obs.picture_helpers import GOOD, Lab, Picture, matting, wait_until, write_png
from tests.obs.test_agreement import ENLARGED, soft_picture

SIZE = ENLARGED[3]
FEW = 0.002
"""Of the values, where half floats fall on the other side of a step."""
ZONES = {
    "zone_1_use": "keep", "zone_1_left": 60.0, "zone_1_top": 50.0, "zone_1_width": 30.0,
    "zone_2_use": "remove", "zone_2_left": 0.0, "zone_2_top": 20.0, "zone_2_height": 40.0,
    "zone_softness": 10.0,
}  # fmt: skip
CONTROLS: dict[str, dict[str, Any]] = {
    "contrast": {"mode": "matte", "edge_contrast": 0.7},
    "shift out": {"mode": "matte", "edge_shift_px": 7.0},
    "shift in": {"mode": "matte", "edge_shift_px": -7.0},
    "feather out": {"mode": "matte", "edge_feather_px": 20.0},
    "feather in": {"mode": "matte", "edge_feather_px": -20.0},
    "zones": {"mode": "color", **ZONES},
    "spill": {"mode": "color", "spill_removal": 1.0},
    "wrap of a colour": {"mode": "color", "light_wrap": 1.0},
    "wrap of an image": {"mode": "image", "light_wrap": 1.0},
    "wrap of what is blurred": {"mode": "blur", "light_wrap": 1.0, "blur_strength": 0.8},
    "all at once": {
        "mode": "image", "edge_shift_px": -3.0, "edge_feather_px": 12.0, "edge_contrast": 0.3,
        "spill_removal": 0.6, "light_wrap": 0.7, **ZONES,
    },
}  # fmt: skip


GREEN = np.array([-30, 14, -30])
"""A cast that leaves a picture about as bright."""


def soft_pictures() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A soft picture and its area means, a person in a room of green light."""
    full, small = (part.astype(int) for part in soft_picture(3))
    cast = np.where(small.mean(axis=2, keepdims=True) < 132, GREEN, 0)
    full += np.kron(cast, np.ones((3, 3, 1), int))
    small += cast
    return full.clip(0, 255).astype(np.uint8), small.astype(np.uint8)


def backdrop() -> NDArray[np.uint8]:
    """Three patches of colour, as large as the picture: no fit changes it."""
    width, height = SIZE
    image = np.full((height, width, 3), (30, 60, 200), np.uint8)
    image[:, width // 2 :] = (240, 160, 20)
    image[height // 2 :, : width // 3] = (255, 255, 255)
    return image


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One OBS with a picture in which much is half transparent."""
    lab = Lab(tmp_path_factory.mktemp("edges"))
    write_png(lab.folder / "backdrop.png", backdrop())
    file = write_png(lab.folder / "soft.png", soft_pictures()[0])
    with lab.running(width=SIZE[0], height=SIZE[1], sources=[image_source("Soft", file, [matting()])]):
        yield lab


@pytest.fixture(scope="module")
def matted(edges: Lab) -> Matted:
    """What the engine gives for that picture once it has stood for a while."""
    full, small = soft_pictures()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.DATA_DIR_VARIABLE, str(edges.data))
        with Matting(**GOOD) as engine:
            for _ in range(30):
                alpha, foreground = engine.step_internal(small)
    picture: Any = SimpleNamespace(rgb=full, time=Fraction(0))
    return Matted(picture, small, alpha.copy(), foreground.copy())


def rendered(matted: Matted, values: dict[str, Any]) -> NDArray[np.uint8]:
    settings = Settings.for_file(values)
    background = open_background(settings, *SIZE, Fraction(1))
    return np.asarray(Renderer(settings, background).render(matted), np.uint8)


def differs(expected: NDArray[np.uint8], seen: Picture) -> float:
    """The share of the values that differ by more than a step."""
    return float((np.abs(seen[..., :3].astype(int) - expected) > 1).mean())


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_looks_as_it_does_in_a_file(edges: Lab, matted: Matted, name: str) -> None:
    values = dict(CONTROLS[name])
    if values["mode"] == "image":
        values["background_file"] = str(edges.folder / "backdrop.png")
    neutral = {key: values[key] for key in ("mode", "background_file", "blur_strength") if key in values}
    expected = rendered(matted, values)
    assert differs(rendered(matted, neutral), expected) > 0.01, "it does nothing"

    edges.reset_filter("Soft", **values)
    seen = edges.wait_picture("Soft", SIZE, lambda picture: differs(expected, picture) <= FEW)
    assert differs(expected, seen) <= FEW
    edges.reset_filter("Soft", **neutral)
    plain = rendered(matted, neutral)
    seen = edges.wait_picture("Soft", SIZE, lambda picture: differs(plain, picture) <= FEW)
    assert differs(plain, seen) <= FEW


def test_a_slider_that_is_dragged_loads_nothing_anew(edges: Lab) -> None:
    edges.reset_filter("Soft", mode="color")
    before = edges.wait_status("Soft", lambda s: s["mattes"] > 5, "mattes")
    log = len(edges.filter_log())
    for step in range(60):
        edges.change("Soft", edge_shift_px=step / 4, edge_feather_px=-step / 2, spill_removal=step / 60)
    wait_until(lambda: edges.status("Soft")["mattes"] > before["mattes"] + 10, "it mattes on")
    after = edges.status("Soft")
    assert after["epoch"] == before["epoch"], "the recurrent state began anew"
    assert len(edges.filter_log()) == log, edges.filter_log()[log:]
