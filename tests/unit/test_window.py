"""Where the network looks, and that its memory moves along."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import Matting, paths
from rvm_core.matting.recurrent import _moved
from rvm_core.matting.size import WHITE
from rvm_core.matting.window import PersonWindow, Window
from tests import graphs

WIDTH, HEIGHT = 256, 144
WHOLE = Window(0, 0, 256, 144)
HOLD = 8
PERSON = (slice(40, 100), slice(96, 130))  # rows, columns


def ground(level: int = 40) -> NDArray[np.uint8]:
    return np.full((HEIGHT, WIDTH, 3), level, np.uint8)


def matte(*people: tuple[slice, slice]) -> NDArray[np.float32]:
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    for person in people:
        alpha[person] = 1.0
    return alpha


def settle(window: PersonWindow, picture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> Window:
    for _ in range(HOLD + 1):
        window.look(picture)
        window.learn(alpha)
    return window.look(picture)


def test_it_closes_around_the_person_after_a_while() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    for _ in range(HOLD):
        assert window.look(ground()) == WHOLE
        window.learn(matte(PERSON))
    closed = window.look(ground())
    assert closed == (80, 16, 160, 128)  # the person, 16 px, whole cells
    assert closed.area == closed.size[0] * closed.size[1]


def test_nobody_means_everywhere() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    assert settle(window, ground(), matte()) == WHOLE
    settle(window, ground(), matte(PERSON))
    window.look(ground())
    window.learn(matte())
    assert window.look(ground()) == WHOLE


def test_it_covers_every_arm_of_the_last_while() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    arm = (slice(60, 70), slice(130, 190))
    looked_at = []
    for n in range(6 * HOLD):
        looked_at.append(window.look(ground()))
        window.learn(matte(PERSON, arm) if n % 6 == 5 else matte(PERSON))
    assert set(looked_at[2 * HOLD :]) == {(80, 16, 208, 128)}


def test_a_person_near_its_edge_widens_it_at_once() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    settle(window, ground(), matte(PERSON))
    window.learn(matte((slice(40, 100), slice(96, 158))))
    assert window.look(ground()).right == 176


def test_a_change_outside_is_looked_at_in_the_same_picture() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    closed = settle(window, ground(), matte(PERSON))
    entering = ground()
    entering[10:60, 230:] = 200
    assert window.look(entering) == closed.hull(Window(224, 0, 256, 64))
    # Once looked at and found empty, it is background like the rest.
    assert settle(window, entering, matte(PERSON)) == closed
    # And what leaves is a change, too.
    assert window.look(ground()) != closed


def test_noise_and_slow_light_leave_it_alone_and_a_lamp_does_not() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    closed = settle(window, ground(), matte(PERSON))
    random = np.random.default_rng(0)
    for _ in range(50):
        noisy = np.clip(ground() + random.normal(0, 12, (HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
        assert window.look(noisy) == closed
        window.learn(matte(PERSON))
    assert window.look(ground(60)) == WHOLE


def test_what_changes_inside_is_known() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    settle(window, ground(), matte(PERSON))
    moved = ground()
    moved[PERSON] = 200
    closed = settle(window, moved, matte(PERSON))
    assert closed != WHOLE
    far = (slice(40, 100), slice(10, 40))
    window.learn(matte(far))
    settled = settle(window, moved, matte(far))
    assert settled.right < 96, "it follows the person"
    assert window.look(moved) == settled, "the picture that was looked at last is the one compared"


@pytest.mark.parametrize(("width", "height"), [(16, 16), (20, 36), (320, 180), (100, 16), (176, 144)])
def test_it_stays_in_cells_around_the_picture(width: int, height: int) -> None:
    random = np.random.default_rng(1)
    window = PersonWindow(width, height)
    whole = Window(0, 0, -(-width // 16) * 16, -(-height // 16) * 16)
    for n in range(200):
        picture = random.integers(0, 256, (height, width, 3), np.uint8) if n % 40 == 39 else None
        now = window.look(np.zeros((height, width, 3), np.uint8) if picture is None else picture)
        assert all(side % 16 == 0 for side in now)
        assert whole.hull(now) == whole
        assert now.size[0] >= min(64, whole.right)
        assert now.size[1] >= min(64, whole.bottom)
        alpha = np.zeros((height, width), np.float32)
        alpha[random.integers(height), random.integers(width)] = 1.0
        window.learn(alpha)


def test_a_still_window() -> None:
    window = PersonWindow(WIDTH, HEIGHT, moves=False)
    assert settle(window, ground(), matte(PERSON)) == WHOLE


def test_reset_looks_everywhere_again() -> None:
    window = PersonWindow(WIDTH, HEIGHT)
    assert settle(window, ground(), matte(PERSON)) != WHOLE
    window.reset()
    assert window.look(ground(200)) == WHOLE


def test_the_state_moves_with_the_window() -> None:
    before, after = Window(32, 16, 96, 80), Window(0, 32, 80, 144)
    state = np.random.default_rng(0).random((1, 2, 64 // 4, 64 // 4), np.float32)
    moved = _moved(state, before, after)
    assert moved.shape == (1, 2, 112 // 4, 80 // 4)
    # the corner that both windows show, seen from each
    np.testing.assert_array_equal(moved[..., 0:12, 8:20], state[..., 4:16, 0:12])
    moved[..., 0:12, 8:20] = 0
    assert (moved == 0).all()
    np.testing.assert_array_equal(_moved(state, before, before), state)
    far = Window(96, 80, 160, 144)
    assert (_moved(state, before, far) == 0).all()
    nothing = np.zeros((1, 1, 1, 1), np.float32)
    assert _moved(nothing, before, after).shape == nothing.shape


def test_the_engine_remembers_in_the_window_and_finds_what_enters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the graph whose memory is a ghost of known strength."""
    graphs.build_all(tmp_path)
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    with Matting("graph_good", "fast") as engine:
        picture = ground(0)
        picture[PERSON] = 255
        for _ in range(HOLD + 2):
            engine.step_internal(picture)
        assert engine._network._window.look(picture).area < WHOLE.area / 2
        both = picture.copy()
        both[10:60, 230:] = 255
        np.testing.assert_array_equal(engine.step_internal(both)[0], both[..., 0] / 255)
        alpha = engine.step_internal(ground(0))[0]
        np.testing.assert_allclose(alpha, both[..., 0] / 255 * graphs.GHOST / WHITE["fast"], atol=1e-6)
