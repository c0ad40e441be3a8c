"""Background Matting V2's side of the network, on a graph of its interface and on plain functions."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from rvm_core.errors import PictureError, PlateError, SettingsError
from rvm_core.matting.bgmv2 import BUDGET_PX, SAMPLED_PATCHES, BackgroundMatting, internal_size
from tests import graphs

WIDTH, HEIGHT = 512, 288
LEAST_PX = 80_000
PICTURES = [(1920, 1080), (640, 480), (1080, 1920), (1000, 1000), (641, 359), (3840, 2160), (17, 33),
            (2560, 1080), (854, 480), (176, 144), (720, 577), (16, 16), (378, 212), (1, 1)]  # fmt: skip
Planes = NDArray[np.float32]


class Network:
    """The test graph, computed by numpy; remembers what it was given."""

    def __init__(self) -> None:
        self._graph = ReferenceEvaluator(graphs.plate())
        self.seen: list[tuple[Planes, Planes]] = []

    def __call__(self, src: Planes, bgr: Planes) -> tuple[NDArray[Any], NDArray[Any]]:
        self.seen.append((src, bgr))
        pha, fgr = self._graph.run(["pha", "fgr"], {"src": src, "bgr": bgr})
        return pha, fgr


def room(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(1).integers(20, 120, (9, 16, 3), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def with_person(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bright, in the middle fifth."""
    height, width = picture.shape[:2]
    seen = picture.copy()
    seen[height // 4 :, 2 * width // 5 : 3 * width // 5] = (250, 200, 160)
    return seen


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def matting(network: Network) -> BackgroundMatting:
    made = BackgroundMatting(network)
    made.set_plate(room())
    return made


def test_the_person_is_what_differs_from_the_plate(matting: BackgroundMatting) -> None:
    picture = with_person(room())
    alpha, foreground = matting.see(picture)
    assert alpha.dtype == foreground.dtype == np.float32
    assert foreground.shape == (3, HEIGHT, WIDTH)
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[HEIGHT // 4 :, 2 * WIDTH // 5 : 3 * WIDTH // 5] = True
    assert (alpha == expected).all()
    assert np.abs(foreground.transpose(1, 2, 0) * 255 - picture).max() < 0.01
    assert (matting.see(room())[0] == 0).all()


def test_planes_are_rgb_and_the_plates_are_made_once(matting: BackgroundMatting, network: Network) -> None:
    for picture in (room(), np.dstack([room(), np.zeros((HEIGHT, WIDTH), np.uint8)])):
        matting.see(picture)
    for src, bgr in network.seen:
        assert src.shape == bgr.shape == (1, 3, HEIGHT, WIDTH)
        assert np.abs(src[0].transpose(1, 2, 0) * 255 - room()).max() < 0.01
        assert (src == bgr).all()
    assert network.seen[0][1] is network.seen[1][1]


@pytest.mark.parametrize("size", [(1024, 576), (1280, 720), (320, 180)])
def test_a_plate_of_another_size_is_fitted(matting: BackgroundMatting, size: tuple[int, int]) -> None:
    matting.set_plate(room(*size))
    assert (matting.see(room())[0] < 0.1).all()
    assert matting.see(with_person(room()))[0].max() == 1.0


def test_a_larger_plate_is_shrunk_by_area_means(matting: BackgroundMatting, network: Network) -> None:
    lines = np.zeros((4 * HEIGHT, 4 * WIDTH, 3), np.uint8)
    lines[:, ::4] = 240
    matting.set_plate(lines)
    matting.see(room())
    assert np.abs(network.seen[0][1] * 255 - 60).max() < 1e-3


def test_pictures_of_another_size_and_another_plate(matting: BackgroundMatting, network: Network) -> None:
    matting.see(room())
    assert matting.see(room(768, 432))[0].shape == (432, 768)
    assert network.seen[1][1].shape == (1, 3, 432, 768)
    matting.set_plate(np.zeros_like(room()))
    assert (matting.see(np.zeros_like(room(768, 432)))[0] == 0).all()


def test_without_a_plate(matting: BackgroundMatting) -> None:
    matting.set_plate(None)
    assert matting.problem == ""
    for each in (matting, BackgroundMatting(Network())):
        with pytest.raises(PlateError, match="There is no clean plate"):
            each.see(room())


@pytest.mark.parametrize("size", [(640, 480), (720, 720), (288, 512), (512, 320)])
def test_a_plate_of_another_shape_is_refused(matting: BackgroundMatting, size: tuple[int, int]) -> None:
    matting.set_plate(room(*size))
    with pytest.raises(PlateError, match="shape"):
        matting.see(room())


@pytest.mark.parametrize("level", BUDGET_PX)
@pytest.mark.parametrize(("width", "height"), [size for size in PICTURES if min(size) > 16])
def test_a_plate_of_the_whole_picture_fits_every_internal_size(width: int, height: int, level: str) -> None:
    matting = BackgroundMatting(lambda src, bgr: (src[:, :1] - bgr[:, :1], src))
    matting.set_plate(room(width, height))
    matting.see(np.zeros((*internal_size(width, height, level)[::-1], 3), np.uint8))


@pytest.mark.parametrize("size", [(376, 212), (510, 288), (512, 290)])
def test_pictures_that_the_network_cannot_see(matting: BackgroundMatting, size: tuple[int, int]) -> None:
    with pytest.raises(PictureError):
        matting.see(room(*size))


def test_wrong_pictures_and_plates(matting: BackgroundMatting) -> None:
    with pytest.raises(PictureError):
        matting.see(np.zeros((HEIGHT, WIDTH), np.uint8))
    with pytest.raises(PictureError):
        matting.set_plate(np.zeros((HEIGHT, WIDTH, 3), np.float32))  # type: ignore[arg-type]


def test_the_results_are_within_bounds_and_the_callers_own() -> None:
    kept = np.array([[-0.5, 1.5]], np.float16).repeat(HEIGHT, axis=0).repeat(WIDTH // 2, axis=1)
    alpha_out, colour_out = kept[None, None], np.stack([kept] * 3)[None]
    matting = BackgroundMatting(lambda _src, _bgr: (alpha_out, colour_out))
    matting.set_plate(room())
    for part in matting.see(room()):
        assert part.dtype == np.float32
        assert (part.min(), part.max()) == (0, 1)
        part[...] = 7
    assert kept.max() == 1.5


def test_a_moved_camera_is_doubted_at_once_and_said_until_there_is_another_plate(
    matting: BackgroundMatting,
) -> None:
    assert (matting.problem, matting.is_doubtful) == ("", False)
    for number in range(30):
        matting.see(np.roll(room(), 40, axis=1))
        assert matting.is_doubtful
        assert number > 0 or matting.problem == ""
    assert "moved" in matting.problem
    matting.set_plate(room())
    assert (matting.problem, matting.is_doubtful) == ("", False)


# Sizes


@pytest.mark.parametrize(
    ("level", "size"), [("fast", (512, 288)), ("balanced", (768, 432)), ("fine", (1280, 720))]
)
def test_the_levels_of_full_hd(level: str, size: tuple[int, int]) -> None:
    assert internal_size(1920, 1080, level) == size
    assert internal_size(1080, 1920, level) == size[::-1]


def test_small_pictures_are_seen_as_they_are_or_enlarged() -> None:
    assert internal_size(640, 360, "fine") == (640, 360)
    assert internal_size(320, 180, "fast") == internal_size(320, 180, "fine") == (380, 216)


@pytest.mark.parametrize("level", BUDGET_PX)
@pytest.mark.parametrize(("width", "height"), PICTURES)
def test_sizes_keep_their_promises(width: int, height: int, level: str) -> None:
    w, h = internal_size(width, height, level)
    assert w % 4 == h % 4 == 0
    assert LEAST_PX <= w * h <= BUDGET_PX[level]
    assert (w <= width and h <= height) or w * h < 1.05 * LEAST_PX
    assert abs(w - h * width / height) <= 0.02 * w + 4


def test_unknown_levels_and_impossible_pictures() -> None:
    with pytest.raises(SettingsError):
        internal_size(640, 360, "auto")
    with pytest.raises(PictureError):
        internal_size(0, 360, "fast")


# The graph


def test_the_graph_has_the_tensors_of_the_real_export() -> None:
    graph = graphs.plate().graph
    sides = ["batch", "height", "width"]
    for tensors, names in (
        (graph.input, ["src", "bgr"]),
        (graph.output, ["pha", "fgr", "pha_sm", "fgr_sm", "err_sm", "ref_sm"]),
    ):
        assert [tensor.name for tensor in tensors] == names
        for tensor in tensors:
            dimensions = tensor.type.tensor_type.shape.dim
            assert [dimension.dim_param for dimension in dimensions if dimension.dim_param] == sides


def test_the_graph_refines_its_patches_and_needs_as_many() -> None:
    graph = ReferenceEvaluator(graphs.plate())
    src = np.random.default_rng(0).random((1, 3, HEIGHT, WIDTH), np.float32)
    outputs = graph.run(None, {"src": src, "bgr": src * 0.9})
    assert [output.shape[1:] for output in outputs] == [
        (1, HEIGHT, WIDTH), (3, HEIGHT, WIDTH), *((c, HEIGHT // 4, WIDTH // 4) for c in (1, 3, 1, 1))
    ]  # fmt: skip
    chosen = outputs[5] == 1
    assert 0 < chosen.sum() <= SAMPLED_PATCHES == graphs.SAMPLED_PATCHES
    assert outputs[4][chosen].min() >= outputs[4][~chosen].max()
    assert SAMPLED_PATCHES * 16 == LEAST_PX
