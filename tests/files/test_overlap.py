"""Stages side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from rvm_core.video.overlap import ahead


def threads() -> int:
    return sum(thread.name == "obs-rvm video" for thread in threading.enumerate())


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


def test_closing_ends_all_stages_and_closes_the_source() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.set()

    items = ahead(ahead(ahead(endless(), 1), 1), 1)
    next(items)
    items.close()
    assert closed.is_set()
    assert threads() == 0
