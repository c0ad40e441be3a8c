"""Stages side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from rvm_core.video.overlap import Stages, ahead
from tests.files.conftest import threads


def test_everything_comes_in_order_from_another_thread() -> None:
    where = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            where.append(threading.current_thread())
            yield number

    assert list(ahead(ahead(numbers(), 2), 3)) == list(range(100))
    assert threading.current_thread() not in where
    assert threads() == 0


def test_it_runs_ahead_but_not_far() -> None:
    made = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    items = ahead(numbers(), 3)
    assert next(items) == 0
    deadline = time.monotonic() + 10
    while len(made) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(made) == 5, "one taken, three waiting, one in the making"
    items.close()


def test_a_fault_comes_after_what_was_before_it() -> None:
    def breaking() -> Iterator[int]:
        yield 1
        yield 2
        raise KeyError("broken")

    items = ahead(ahead(breaking(), 5), 5)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(KeyError, match="broken"):
        next(items)
    assert threads() == 0


def endless(closed: threading.Event) -> Iterator[int]:
    try:
        while True:
            yield 0
    finally:
        closed.set()


def test_closing_closes_the_source() -> None:
    closed = threading.Event()
    source = endless(closed)  # nobody else may have let go of it
    items = ahead(source, 1)
    next(items)
    items.close()
    assert closed.is_set()
    assert threads() == 0


@pytest.mark.parametrize("breaking", range(4), ids=["first", "second", "third", "reader"])
def test_wherever_it_breaks_all_stages_have_ended(breaking: int) -> None:
    closed = threading.Event()

    def passing(items: Iterator[int], number: int) -> Iterator[int]:
        for count, item in enumerate(items):
            if number == breaking and count == 3:
                raise KeyError(number)
            yield item

    def work() -> None:
        with Stages(1) as stages:
            items = stages.ahead(passing(endless(closed), 0))
            for number in (1, 2):
                items = stages.ahead(passing(items, number))
            for _ in passing(items, 3):
                pass

    with pytest.raises(KeyError) as fault:
        work()
    assert fault.value.args == (breaking,)
    assert threads() == 0, "although the fault keeps their generators alive"
    assert closed.is_set() or breaking == 0
