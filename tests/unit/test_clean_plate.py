"""The clean plate of a filter: what the engine gets, what is said, and when nothing may stay on screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import paths, plates
from rvm_core.errors import PlateError, RvmError
from rvm_core.obs_filter.clean_plate import CleanPlate
from rvm_core.obs_filter.plate_taking import COUNTDOWN_S
from rvm_core.obs_filter.state import Reason
from rvm_core.settings import PLATE_KEY, Settings

Picture = NDArray[np.uint8]


class Filter:
    """The instance and the status as far as a plate has to do with them."""

    name = "Matte"

    def __init__(self) -> None:
        self.problems: dict[str, RvmError] = {}
        self.resets: list[Reason] = []
        self.kept: list[tuple[str, str]] = []

    def reset(self, reason: Reason) -> None:
        self.resets.append(reason)

    def keep(self, changes: dict[str, str]) -> None:
        self.kept += changes.items()

    def report(self, part: str, problem: RvmError) -> None:
        self.problems[part] = problem

    def solved(self, part: str) -> None:
        self.problems.pop(part, None)

    def has(self, part: str) -> bool:
        return part in self.problems

    @property
    def says(self) -> dict[str, str]:
        return {part: problem.problem for part, problem in self.problems.items()}


class Engine:
    """plates: all that it was given; None is none."""

    def __init__(self, *, needs_plate: bool = True) -> None:
        self.needs_plate = needs_plate
        self.plates: list[Picture | None] = []

    def use_plate(self, plate: Picture | None) -> None:
        self.plates.append(plate)


@pytest.fixture
def shown() -> Filter:
    return Filter()


@pytest.fixture
def plate(shown: Filter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CleanPlate:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    monkeypatch.setattr("rvm_core.libobs.log.info", lambda _text: None)
    monkeypatch.setattr("rvm_core.libobs.log.warning", lambda _text: None)
    both: Any = shown
    return CleanPlate(both, both)


def file_of(folder: Path, level: int) -> str:
    file = folder / f"{level}.png"
    plates.write(room(level), file)
    return str(file)


def room(level: int) -> Picture:
    return np.full((36, 64, 3), level, np.uint8)


def ensure(plate: CleanPlate, engine: Engine | None, file: str, model: str = "bgmv2_resnet50") -> None:
    given: Any = engine
    plate.ensure(given, replace(Settings.from_values({})[0], model=model, plate=file))


def test_each_engine_gets_each_plate_once(plate: CleanPlate, shown: Filter, tmp_path: Path) -> None:
    files = {level: file_of(tmp_path, level) for level in (40, 80)}
    for levels in ((40, 80), (80, 40)):
        engine = Engine()
        for level in levels:
            shown.resets.clear()
            for _ in range(3):
                ensure(plate, engine, files[level])
            assert shown.resets == [Reason.PLATE], "a matte of the plate before may be shown"
            assert engine.plates[-1] is not None
            assert (engine.plates[-1] == room(level)).all()
        assert len([one for one in engine.plates if one is not None]) == 2
    assert shown.says == {}


def test_what_cannot_be_read_takes_the_plate_away_and_is_said(
    plate: CleanPlate, shown: Filter, tmp_path: Path
) -> None:
    engine = Engine()
    ensure(plate, engine, file_of(tmp_path, 40))
    shown.resets.clear()
    for file, said in (
        (str(tmp_path / "gone.png"), "gone.png cannot be read"),
        ("", "No clean plate was cap"),
    ):
        for _ in range(2):
            ensure(plate, engine, file)
            assert engine.plates[-1] is None, "the plate before goes on"
            plate.is_wrong(PlateError("The engine has none.", ""))  # what the next picture finds
            assert said in shown.says["clean_plate"]
    assert shown.resets == [Reason.FAILURE], "once, since nothing is shown from there on"
    ensure(plate, engine, file_of(tmp_path, 80))
    assert shown.says == {}
    assert shown.resets == [Reason.FAILURE, Reason.PLATE]


def test_a_plate_that_no_longer_fits_hides_until_it_does(plate: CleanPlate, shown: Filter) -> None:
    for _ in range(2):
        shown.resets.clear()
        for _ in range(3):
            plate.is_wrong(PlateError("The camera has moved.", ""))
        assert shown.resets == [Reason.FAILURE]
        assert shown.says == {"clean_plate": "The camera has moved."}
        plate.is_right()
        assert shown.says == {}


def test_an_engine_that_needs_none_has_no_problem_with_it(plate: CleanPlate, shown: Filter) -> None:
    ensure(plate, Engine(), "")
    assert shown.says
    plate.taking.begin()
    other = Engine(needs_plate=False)
    ensure(plate, other, "", "rvm_resnet50")
    assert (shown.says, other.plates, plate.taking.text) == ({}, [], "")


def test_it_may_be_taken_while_the_model_that_needs_it_is_loaded(
    plate: CleanPlate, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(plate, monkeypatch)
    for engine in (None, Engine(needs_plate=False)):
        ensure(plate, engine, "")
        assert plate.taking.text
        assert not plate.wants_pictures, "they are of the engine before"
    ensure(plate, Engine(), "")
    assert plate.wants_pictures
    ensure(plate, None, "")
    assert not plate.wants_pictures


def test_a_plate_that_was_taken_becomes_the_setting(
    plate: CleanPlate, shown: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(plate, monkeypatch)
    plate.take_of(room(90))
    for number in range(1, plates.FRAMES):
        plate.take_of(np.where(np.arange(64)[:, None] < number, room(90), room(200)).astype(np.uint8))
    assert "Something moved" in shown.says["capture"]
    assert shown.kept == []
    begin(plate, monkeypatch)
    for _ in range(plates.FRAMES):
        assert shown.kept == []
        plate.take_of(room(90))
    ((key, file),) = shown.kept
    assert key == PLATE_KEY
    ensure(plate, Engine(), file)
    assert shown.says == {}, "the failure before is over"


def begin(plate: CleanPlate, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(plate.taking, "_clock", lambda: now[0])
    plate.taking.begin()
    now[0] = COUNTDOWN_S
    assert plate.taking.wants_pictures
