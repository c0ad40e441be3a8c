"""Filters take turns: who is next, how much each gets, and that nobody holds the others up."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from rvm_core.obs_filter.turns import Seat, Turns

CPU = "cpu"


class Clock:
    """Stands still unless told otherwise."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """A seat that knows who woke it, and how long its mattes take."""

    def __init__(self, turns: Turns, *, in_program: bool = True, matte_s: float = 0.1) -> None:
        self.seat = Seat(self._wake, turns)
        self.in_program = in_program
        self.matte_s = matte_s
        self.woken = 0

    def _wake(self) -> None:
        self.woken += 1

    def asks(self, provider: str = CPU) -> bool:
        return self.seat.may_matte(provider, in_program=self.in_program)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock: Clock) -> Turns:
    return Turns(clock)


def run(clock: Clock, workers: list[Worker], mattes: int) -> Counter[Worker]:
    """Everybody always has a picture, until the end: how many of the next `mattes` were whose."""
    done: Counter[Worker] = Counter()
    for _ in range(mattes):
        for worker in workers:
            worker.asks()
        at_turn = [worker for worker in workers if worker.asks()]
        assert len(at_turn) == 1, "one at a time, and nobody when somebody waits is a loss"
        clock.now += at_turn[0].matte_s
        at_turn[0].seat.leave()
        done[at_turn[0]] += 1
    for worker in sorted(workers, key=lambda worker: worker.asks()):
        worker.seat.leave()
    return done


# -- whose turn it is ------------------------------------------------------------------------------------


def test_one_alone_never_waits_and_is_never_woken(turns: Turns, clock: Clock) -> None:
    worker = Worker(turns)
    for _ in range(3):
        assert worker.asks()
        clock.now += 0.1
        worker.seat.leave()
    assert worker.woken == 0
    assert worker.seat.sharing == 1
    assert worker.seat.period_s == pytest.approx(0.1)


def test_whoever_waits_is_woken_once_when_the_turn_has_come(turns: Turns) -> None:
    first, second = Worker(turns), Worker(turns)
    assert first.asks()
    assert not second.asks()
    assert not second.asks(), "he asks again at every picture"
    assert second.woken == 0
    first.seat.leave()
    assert second.woken == 1
    assert not first.asks()
    assert second.asks()
    assert (first.woken, second.woken) == (0, 1)


def test_the_one_served_longest_ago_goes_first(turns: Turns, clock: Clock) -> None:
    workers = [Worker(turns) for _ in range(3)]
    for worker in workers:
        assert worker.asks()
        clock.now += 0.1
        worker.seat.leave()
    holder = Worker(turns)
    assert holder.asks()
    for worker in reversed(workers):
        assert not worker.asks()
    holder.seat.leave()
    assert [worker.woken for worker in workers] == [1, 0, 0], "the last to ask was the first to matte"


def test_three_have_as_many_turns_whatever_each_needs(turns: Turns, clock: Clock) -> None:
    workers = [Worker(turns, matte_s=matte_s) for matte_s in (0.01, 0.03, 0.1)]
    assert set(run(clock, workers, 300).values()) == {100}


def test_each_provider_has_turns_of_its_own(turns: Turns) -> None:
    here, there, also_there = (Worker(turns) for _ in range(3))
    assert here.asks()
    assert there.asks("webgpu")
    assert not also_there.asks("webgpu")
    here.seat.leave()
    assert also_there.woken == 0
    there.seat.leave()
    assert also_there.woken == 1


def test_a_move_to_another_provider_gives_the_turn_back(turns: Turns) -> None:
    mover, waiting = Worker(turns), Worker(turns)
    assert mover.asks()
    assert not waiting.asks()
    assert mover.asks("webgpu")
    assert waiting.woken == 1
    assert waiting.asks()


def test_a_picture_that_came_to_nothing_does_not_take_a_turn(turns: Turns) -> None:
    holder, gone, waiting = Worker(turns), Worker(turns), Worker(turns)
    assert holder.asks()
    assert not gone.asks()
    assert not waiting.asks()
    gone.seat.leave()
    holder.seat.leave()
    assert (gone.woken, waiting.woken) == (0, 1)


# -- the program first -------------------------------------------------------------------------------------


def test_the_program_comes_before_a_preview(turns: Turns) -> None:
    holder, preview, live = Worker(turns), Worker(turns, in_program=False), Worker(turns)
    for worker in (preview, live):
        assert worker.asks()
        worker.seat.leave()
    assert holder.asks()
    assert not preview.asks()
    assert not live.asks()
    holder.seat.leave()
    assert (preview.woken, live.woken) == (0, 1), "though the preview was served longer ago"


def test_a_busy_program_leaves_a_preview_two_turns_a_second(turns: Turns, clock: Clock) -> None:
    live, preview = Worker(turns), Worker(turns, in_program=False)
    run(clock, [live, preview], 30)
    done = run(clock, [live, preview], 100)
    assert 15 <= done[preview] <= 20, "of the turns of 10 seconds"


@pytest.mark.parametrize(("matte_s", "least", "most"), [(0.015, 95, 100), (0.05, 6, 9)])
def test_a_preview_has_the_time_until_the_next_picture_of_the_program(
    turns: Turns, clock: Clock, matte_s: float, least: int, most: int
) -> None:
    """Two pictures for the program every 40 ms, mattes of 10 each; the preview's fits in or not."""
    live = [Worker(turns, matte_s=0.01) for _ in range(2)]
    preview = Worker(turns, in_program=False, matte_s=matte_s)
    run(clock, [preview], 10)
    done: Counter[Worker] = Counter()
    for picture in range(1, 111):
        next_at = clock.now + 0.04
        pictures = list(live)
        while pictures or preview.asks():
            asked = [worker.asks() for worker in 3 * pictures]
            at_turn = pictures.pop(asked.index(True)) if any(asked) else preview
            clock.now += at_turn.matte_s
            at_turn.seat.leave()
            done[at_turn] += 1
        if picture == 10:
            done[preview] = 0  # by now it is known how often the program needs a turn
        clock.now = max(clock.now, next_at)
    assert least <= done[preview] <= most


def test_previews_have_all_the_time_when_nobody_is_in_the_program(turns: Turns, clock: Clock) -> None:
    live = Worker(turns)
    previews = [Worker(turns, in_program=False) for _ in range(2)]
    run(clock, [live, *previews], 50)
    clock.now += 2
    assert set(run(clock, previews, 100).values()) == {50}


# -- how much each gets ------------------------------------------------------------------------------------


def test_each_hears_that_three_share_the_time_and_that_they_do_not_any_more(
    turns: Turns, clock: Clock
) -> None:
    workers = [Worker(turns) for _ in range(3)]
    run(clock, workers, 30)
    assert [worker.seat.sharing for worker in workers] == pytest.approx([3] * 3)
    assert [worker.seat.period_s for worker in workers] == pytest.approx([0.3] * 3)
    run(clock, workers[:1], 60)
    assert workers[0].seat.sharing == pytest.approx(1, abs=0.05)
    assert workers[0].seat.period_s == pytest.approx(0.1)


def test_who_needs_little_counts_little_and_who_needs_much_no_more_than_oneself(
    turns: Turns, clock: Clock
) -> None:
    small, large = Worker(turns, matte_s=0.02), Worker(turns, matte_s=0.1)
    run(clock, [small, large], 100)
    assert small.seat.sharing == pytest.approx(2)
    assert large.seat.sharing == pytest.approx(1.2, abs=0.05)


def test_the_period_is_what_it_could_have_been(turns: Turns, clock: Clock) -> None:
    """Or who once came late would be given pictures late from then on."""
    late, other = Worker(turns), Worker(turns)
    for _ in range(5):
        assert late.asks()
        assert not other.asks()
        clock.now += 0.1
        late.seat.leave()
        clock.now += 0.1
        other.seat.leave()
        clock.now += 0.5
    assert late.seat.period_s == pytest.approx(0.2)
    assert other.seat.period_s == pytest.approx(0.1), "nobody waited while it was his"


# -- nobody holds the others up ----------------------------------------------------------------------------


def test_after_a_second_somebody_goes_on_beside_one_who_hangs(turns: Turns, clock: Clock) -> None:
    hung, first, second = (Worker(turns) for _ in range(3))
    assert hung.asks()
    assert not first.asks()
    assert not second.asks()
    clock.now += 0.9
    assert not second.asks(), "a matte may take its time"
    clock.now += 0.2
    assert not second.asks(), "the other one comes first"
    assert first.woken == 1
    assert first.asks()
    clock.now += 0.1
    first.seat.leave()
    assert second.asks()
    hung.seat.leave()
    assert not hung.asks(), "back again, it is no longer his turn"
    assert second.asks()
    second.seat.leave()
    assert hung.woken == 1


def test_one_whose_every_matte_takes_seconds_hinders_nobody_for_long(turns: Turns, clock: Clock) -> None:
    slow, others = Worker(turns), [Worker(turns) for _ in range(2)]
    for n in range(10):
        assert slow.asks()
        assert not n or slow.seat.period_s > 3, "its own time is part of it"
        began = clock.now
        assert not any(other.asks() for other in others)
        clock.now += 1.1
        others[1].asks()
        done = run(clock, others, 20)
        assert set(done.values()) == {10}
        slow.seat.leave()
        assert clock.now - began < 4
        clock.now += 1


def test_one_that_wakes_too_late_for_its_turn_has_another(turns: Turns, clock: Clock) -> None:
    late, other = Worker(turns), Worker(turns)
    assert other.asks()
    assert not late.asks()
    other.seat.leave()
    assert late.woken == 1
    clock.now += 1.1  # the computer is busy: nothing of `late` runs yet
    assert other.asks(), "the turn goes on"
    assert not late.asks()
    other.seat.leave()
    assert late.woken == 2
    assert late.asks()


def test_a_turn_that_was_lost_counts_as_no_time(turns: Turns, clock: Clock) -> None:
    late, other = Worker(turns), Worker(turns)
    assert other.asks()
    assert not late.asks()
    other.seat.leave()
    clock.now += 5
    assert other.asks()
    assert not late.asks()
    assert late.seat.turn_s == 0
    assert late.seat.used_s(clock.now) == 0


def test_who_stops_while_he_waits_or_mattes_is_not_waited_for(turns: Turns) -> None:
    holder, waiting, last = (Worker(turns) for _ in range(3))
    assert holder.asks()
    assert not waiting.asks()
    assert not last.asks()
    waiting.seat.close()
    holder.seat.close()
    assert (waiting.woken, last.woken) == (0, 1)
    assert last.asks()
    last.seat.close()
    last.seat.close()
    assert not turns._seats, "a seat is kept for nobody"


def test_no_thread_waits_for_ever_and_never_two_matte_at_a_time() -> None:
    """As the workers do it: each with an event of its own, of which all stop while they wait."""
    turns = Turns()
    at_once, most, mattes = [0], [0], [0]
    guard, enough = threading.Lock(), threading.Event()

    class Thread(threading.Thread):
        def __init__(self) -> None:
            super().__init__(daemon=True)
            self.event = threading.Event()
            self.seat = Seat(self.event.set, turns)
            self.stops = False
            self.own = 0

        def run(self) -> None:
            while not self.stops:
                if self.seat.may_matte(CPU, in_program=True):
                    with guard:
                        at_once[0] += 1
                        most[0] = max(most[0], at_once[0])
                        mattes[0] += 1
                        self.own += 1
                        if mattes[0] > 3000:
                            enough.set()
                    with guard:
                        at_once[0] -= 1
                    self.seat.leave()
                else:
                    self.event.wait(30)
                    self.event.clear()
            self.seat.close()

    threads = [Thread() for _ in range(8)]
    for thread in threads:
        thread.start()
    assert enough.wait(60), "the turn got lost"
    for thread in threads:
        thread.stops = True
        thread.event.set()
        thread.join(30)
        assert not thread.is_alive()
    assert most[0] == 1
    assert all(thread.own for thread in threads)
    assert not turns._seats
    assert not turns._at_turn
