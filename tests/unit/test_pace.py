"""`auto`: which level is held, and that a move is not seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import Matting
from rvm_core.errors import ModelMissing
from rvm_core.matting.pace import Pace
from rvm_core.matting.recurrent import _rescaled
from rvm_core.matting.size import BUDGET_PX
from rvm_core.matting.window import Window
from rvm_core.models import ensure
from rvm_core.obs_filter.turns import Seat, Turns

COST = {level: pixels / BUDGET_PX["fast"] for level, pixels in BUDGET_PX.items()}


class Computer:
    """Takes `ms_at_fast` for a matte at ``fast``, in proportion for others; 30 mattes a second."""

    def __init__(self, ms_at_fast: float, level: str = "fast") -> None:
        self.ms_at_fast = ms_at_fast
        self.now = 0.0
        self.pace = Pace(level, budget_ms=33.0, clock=lambda: self.now)
        self.visited = [level]

    def run(self, seconds: float) -> str:
        for _ in range(int(seconds * 30)):
            self.now += 1 / 30
            self.pace.note(self.ms_at_fast * COST[self.pace.level])
            if self.pace.level != self.visited[-1]:
                self.visited.append(self.pace.level)
        return self.pace.level


def test_a_fast_computer_goes_up_step_by_step_and_stays() -> None:
    computer = Computer(8.0)
    assert computer.run(9) == "fast", "not at once"
    assert computer.run(120) == "fine"
    assert computer.visited == ["fast", "balanced", "fine"]


def test_a_slow_computer_goes_down_at_once() -> None:
    computer = Computer(60.0, "fine")
    assert computer.run(2.1) == "fast"
    computer.run(300)
    assert computer.visited == ["fine", "balanced", "fast"], "there is nothing below"


def test_it_does_not_swing_on_the_border() -> None:
    computer = Computer(16.0)  # balanced takes 25 ms, fine 42
    computer.run(3600)
    assert computer.visited == ["fast", "balanced"]
    for _ in range(60):  # a load comes and goes every minute
        computer.ms_at_fast = 30.0
        computer.run(30)
        computer.ms_at_fast = 16.0
        computer.run(30)
    assert len(computer.visited) < 2 + 2 * 20, "each way up waits longer than the last"


def test_a_host_that_starves_gets_more_time() -> None:
    computer = Computer(8.0, "fine")
    computer.pace.note(8.0, 2)
    assert computer.run(9) == "fine", "two frames are no starving"
    computer.pace.note(8.0, 3)
    assert computer.run(1.1) == "balanced"
    assert computer.run(18) == "balanced", "the wait has doubled"
    assert computer.run(5) == "fine"


def test_no_way_up_while_the_host_misses_frames() -> None:
    computer = Computer(8.0)
    for _ in range(30):
        computer.run(0.9)
        computer.pace.note(8.0, 1)
    assert computer.visited == ["fast"]


def test_three_that_take_turns_settle_at_a_level_for_three_and_the_one_left_rises_again() -> None:
    """Of a computer that holds ``fine`` for one, and for three together no more than ``balanced``."""
    now = [0.0]
    turns = Turns(lambda: now[0])
    filters = [
        (Seat(lambda: None, turns), Pace("fine", budget_ms=33.0, clock=lambda: now[0])) for _ in range(3)
    ]

    def run(seconds: float, shown: int) -> list[str]:
        last = now[0] + seconds
        while now[0] < last:
            for seat, pace in filters[:shown]:
                assert seat.may_matte("cpu", in_program=True)
                ms = 8.0 * COST[pace.level]
                now[0] += ms / 1000
                seat.leave()
                pace.note(ms * seat.sharing)
            now[0] += 0.01
        return [pace.level for _, pace in filters]

    assert run(10, 3) == ["balanced"] * 3
    assert run(300, 3) == ["balanced"] * 3, "it swings"
    assert run(30, 1)[0] == "fine"
    assert run(10, 3) == ["balanced"] * 3


def test_single_slow_mattes_move_nothing() -> None:
    pace = Pace("balanced", budget_ms=33.0, clock=lambda: 0.0)
    for n in range(300):
        pace.note(200.0 if n % 3 == 0 else 30.0)
    assert pace.level == "balanced"


def test_what_is_remembered_stays_at_its_place() -> None:
    """A ramp over the picture is the same ramp at another size, also where the size is padded to cells."""
    before, after = (256, 144), (320, 180)
    for scale in (2, 16):
        ramp = _ramp(before, scale)
        moved = _rescaled(
            ramp, Window.whole(*before), Window.whole(*after), (before[0] / after[0], before[1] / after[1])
        )
        expected = _ramp(after, scale)
        assert moved.shape == expected.shape
        inner = (..., slice(2, after[1] // scale - 2), slice(2, -2))  # below are the cells' own pixels
        np.testing.assert_allclose(moved[inner], expected[inner], atol=1e-3)


def _ramp(size: tuple[int, int], scale: int) -> NDArray[np.float32]:
    """[1, 2, h, w]: the place in the picture, 0..1, across and down."""
    width, height = Window.whole(*size).size
    across, down = (
        np.arange(0.5, n // scale) * scale / whole for n, whole in zip((width, height), size, strict=True)
    )
    x, y = np.meshgrid(across, down)
    return np.stack([np.minimum(x, 1.0), np.minimum(y, 1.0)])[None].astype(np.float32)


def test_a_move_is_not_seen(reference_data: Path) -> None:
    """Up and down in the middle of a clip: alpha changes there little more than from frame to frame."""
    cv2 = pytest.importorskip("cv2")
    try:
        ensure("rvm_mobilenetv3", download=False)
    except ModelMissing as missing:
        pytest.skip(str(missing))
    capture = cv2.VideoCapture(str(reference_data / "clips" / "pyfeat_single_face.mp4"))
    moves = {20: "balanced", 30: "fast"}
    with Matting(quality="auto") as engine:
        assert engine._pace is not None
        alphas = []
        for n in range(40):
            engine._pace.level = moves.get(n, engine._pace.level) if n else "fast"
            engine._pace._ms.clear()  # this computer's own time moves nothing
            alphas.append(engine.step(np.ascontiguousarray(capture.read()[1][..., ::-1])).alpha)
    changes = np.abs(np.diff(alphas, axis=0)).mean(axis=(1, 2))
    usual = float(np.median(changes[5:]))
    for n in moves:
        assert changes[n] < 4 * usual, (n, changes)
        assert alphas[n].mean() == pytest.approx(alphas[n - 1].mean(), rel=0.02)
