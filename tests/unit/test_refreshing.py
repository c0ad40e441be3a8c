"""When an open settings window is built anew."""

from __future__ import annotations

import pytest

from rvm_core.obs_filter.refreshing import Refresher


class Window:
    """What is shown, and how often it was built; a clock that goes when it is told."""

    def __init__(self) -> None:
        self.now, self.built, self.looks = 50.0, 0, 0
        self.text = "a"
        self.refresher = Refresher(self._build, lambda: self.now)

    def _build(self) -> None:
        self.built += 1

    def _shown(self) -> str:
        self.looks += 1
        return self.text

    def turn(self, seconds: float, *, wanted: bool = True, changed: bool = False) -> int:
        """How often it was built after so many seconds in turns of a fifth."""
        before = self.built
        for _ in range(round(seconds * 5)):
            self.now += 0.2
            self.refresher.turn(self._shown, is_wanted=wanted, settings_changed=changed)
        return self.built - before


@pytest.fixture
def window() -> Window:
    return Window()


def test_nothing_is_looked_at_while_nobody_wants_it(window: Window) -> None:
    assert window.turn(10, wanted=False) == 0
    assert window.looks == 0


def test_it_is_built_as_soon_as_somebody_wants_it_and_when_the_text_changes(window: Window) -> None:
    assert window.turn(0.2, changed=True) == 1
    assert window.turn(5) == 0
    window.text = "b"
    assert window.turn(1.2) == 1
    assert window.turn(5) == 0


def test_it_is_built_once_a_second_at_most(window: Window) -> None:
    window.turn(0.2)
    built = []
    for number in range(50):  # ten seconds
        window.text = str(number)
        built.append(window.turn(0.2))
    assert 8 <= sum(built) <= 10
    assert window.looks <= 12


def test_a_hand_on_a_slider_is_left_alone(window: Window) -> None:
    window.turn(5)
    window.text = "b"
    assert window.turn(6, changed=True) == 0
    assert window.turn(1.6) == 0, "it has only just let go"
    assert window.turn(1) == 1


def test_it_is_built_anew_when_it_is_wanted_again(window: Window) -> None:
    window.turn(3)
    assert window.turn(3, wanted=False) == 0
    assert window.turn(0.2) == 1
