"""What looks at the person, learns the place and steadies a network without memory; here bright is person."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import PictureError, SettingsError
from rvm_core.matting.segmenter import LOOKS, Segmenter, internal_size

WIDTH, HEIGHT = 320, 180
INPUT = (64, 48)
ROOM, PERSON = 40, 250


class Bright:
    """A network: alpha is the red plane, which is the person's.  Keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[NDArray[np.float32]] = []

    def __call__(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        assert planes.shape == (1, 3, INPUT[1], INPUT[0])
        assert planes.flags.c_contiguous
        self.shown.append(planes.copy())
        return np.clip((planes[0, 0] - 0.3) * 2, 0, 1).astype(np.float32)

    def looks(self) -> int:
        """How many since last asked."""
        count, self.shown = len(self.shown), []
        return count

    def share(self) -> float:
        """Of the last look, what the person fills."""
        return float((self.shown[-1][0, 0] > 0.6).mean())


def scene(*people: tuple[int, int, int, int], channels: int = 3) -> NDArray[np.uint8]:
    """A textured room with bright rectangles: left, top, right, bottom."""
    picture = np.full((HEIGHT, WIDTH, channels), ROOM, np.uint8)
    picture[..., 1] += (np.indices((HEIGHT, WIDTH)).sum(axis=0) % 40).astype(np.uint8)
    for left, top, right, bottom in people:
        picture[top:bottom, left:right] = PERSON
    return picture


def begun(network: Any, level: str = "fast") -> Segmenter:
    segmenter = Segmenter(network, INPUT)
    segmenter.begin(WIDTH, HEIGHT, level)
    return segmenter


STANDING = (100, 40, 150, 170)


def truth(person: tuple[int, int, int, int]) -> NDArray[np.bool_]:
    left, top, right, bottom = person
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize("level", LOOKS)
def test_each_level_costs_its_looks(level: str) -> None:
    network = Bright()
    segmenter = begun(network, level)
    segmenter.see(scene(STANDING))
    assert network.looks() == 1 + len(LOOKS[level]), "the whole, then the person from near"
    for _ in range(3):
        segmenter.see(scene(STANDING))
        assert network.looks() == len(LOOKS[level])


def test_levels_cost_more_from_first_to_last() -> None:
    counts = [len(looks) for looks in LOOKS.values()]
    assert list(LOOKS) == ["fast", "balanced", "fine"]
    assert counts == sorted(set(counts))


@pytest.mark.parametrize("level", LOOKS)
@pytest.mark.parametrize("channels", [3, 4])
def test_the_alpha_lies_where_the_person_is(level: str, channels: int) -> None:
    segmenter = begun(Bright(), level)
    for _ in range(6):
        alpha = segmenter.see(scene(STANDING, channels=channels))
    assert alpha.shape == (HEIGHT, WIDTH)
    assert alpha.dtype == np.float32
    assert alpha.min() >= 0.0
    assert alpha.max() <= 1.0
    assert np.abs(alpha - truth(STANDING)).mean() < 0.02


def test_it_looks_from_near() -> None:
    network = Bright()
    segmenter = begun(network)
    segmenter.see(scene(STANDING))
    assert network.share() > 0.35, "the person is a ninth of the picture"


def test_it_follows_a_person_that_moves() -> None:
    network = Bright()
    segmenter = begun(network)
    for step in range(30):
        person = (20 + 8 * step, 40, 70 + 8 * step, 170)
        alpha = segmenter.see(scene(person))
        assert np.abs(alpha - truth(person)).mean() < 0.02, step
    for _ in range(8):
        segmenter.see(scene(person))
    assert network.share() > 0.35, "it did not close in"


def test_a_second_person_is_seen_at_once() -> None:
    segmenter = begun(Bright())
    for _ in range(12):
        segmenter.see(scene(STANDING))
    newcomer = (280, 60, 310, 170)
    alpha = segmenter.see(scene(STANDING, newcomer))
    assert alpha[truth(newcomer)].mean() > 0.9


def test_a_small_loose_island_is_dropped() -> None:
    segmenter = begun(Bright())
    island = (160, 50, 167, 57)
    alpha = segmenter.see(scene(STANDING, island))
    assert alpha[truth(island)].max() == 0.0
    assert alpha[truth(STANDING)].mean() > 0.9


def test_a_network_that_is_sure_of_nothing_sees_nobody() -> None:
    def unsure(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.where(planes[0, 0] > 0.6, np.float32(0.6), np.float32(0.0))

    assert begun(unsure).see(scene(STANDING)).max() == 0.0


def test_what_it_learnt_of_the_place_settles_doubt() -> None:
    doubt = (100, 40, 200, 170)

    def doubting(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        seen = np.clip((planes[0, 0] - 0.3) * 2, 0, 1)
        return np.maximum(seen, np.float32(0.5 * is_doubting) * (planes[0, 2] > 0.3))

    def picture(person: tuple[int, int, int, int] | None) -> NDArray[np.uint8]:
        made = scene()
        left, top, right, bottom = doubt
        made[top:bottom, left:right, 2] = 100  # what the network will take for a person
        if person is not None:
            made[person[1] : person[3], person[0] : person[2]] = PERSON
        return made

    is_doubting = False
    segmenter = begun(doubting)
    for _ in range(12):
        segmenter.see(picture(None))
    is_doubting = True
    alpha = segmenter.see(picture(STANDING))
    beside = truth(doubt) & ~truth((90, 30, 160, 180))
    assert alpha[beside].max() < 0.1
    segmenter.reset()
    assert segmenter.see(picture(STANDING))[beside].mean() > 0.3, "there was no doubt"


def test_mirrored_looks_are_turned_back() -> None:
    network = Bright()
    segmenter = begun(network, "balanced")
    lopsided = (60, 20, 90, 170), (90, 130, 150, 170)
    segmenter.see(scene(*lopsided))
    plain, mirrored = network.shown[-2:]
    np.testing.assert_array_equal(plain[..., ::-1], mirrored)
    alpha = segmenter.see(scene(*lopsided))
    assert np.abs(alpha - (truth(lopsided[0]) | truth(lopsided[1]))).mean() < 0.02


def test_after_a_reset_it_looks_at_everything() -> None:
    network = Bright()
    segmenter = begun(network)
    for _ in range(3):
        segmenter.see(scene(STANDING))
    network.looks()
    segmenter.reset()
    segmenter.see(scene(STANDING))
    assert network.looks() == 2


def test_nobody_is_looked_for_each_time() -> None:
    network = Bright()
    segmenter = begun(network, "fine")
    for _ in range(3):
        assert segmenter.see(scene()).max() == 0.0
        assert network.looks() == 1


def test_while_the_camera_moves_it_glances_at_everything_now_and_then() -> None:
    network = Bright()
    segmenter = begun(network)
    segmenter.see(scene(STANDING))
    network.looks()
    counts = []
    for turn in range(40):
        moving = scene(STANDING)
        moving[moving[..., 0] == ROOM] = ROOM + 30 * (turn % 2)
        segmenter.see(moving)
        counts.append(network.looks())
    assert counts.count(2) == 2
    assert counts.count(1) == 38


@pytest.mark.parametrize(("width", "height"), [(640, 360), (1920, 1080), (1080, 1920), (37, 500), (8, 8)])
@pytest.mark.parametrize("level", LOOKS)
def test_the_internal_size_keeps_shape_and_budget(width: int, height: int, level: str) -> None:
    w, h = internal_size(width, height, level)
    assert w % 4 == h % 4 == 0
    assert min(w, h) >= 16
    if min(width, height) > 200:
        assert w / h == pytest.approx(width / height, rel=0.02)
        assert w <= width
        assert w * h <= internal_size(1920, 1080, level)[0] * internal_size(1920, 1080, level)[1] * 1.05
    segmenter = Segmenter(Bright(), INPUT)
    segmenter.begin(w, h, level)
    assert segmenter.see(np.full((h, w, 3), PERSON, np.uint8)).shape == (h, w)


def test_finer_levels_see_more() -> None:
    sizes = [internal_size(1920, 1080, level) for level in LOOKS]
    assert sizes == sorted(set(sizes))


def test_wrong_uses_are_refused() -> None:
    with pytest.raises(SettingsError):
        internal_size(640, 360, "auto")
    with pytest.raises(PictureError):
        internal_size(0, 360, "fast")
    segmenter = begun(Bright())
    with pytest.raises(SettingsError):
        segmenter.begin(WIDTH, HEIGHT, "best")
    with pytest.raises(PictureError):
        segmenter.see(scene()[1:])
