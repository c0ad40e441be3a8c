"""Whose matte it is now: filters take turns, so that they do not fight for one processor.

One matte at a time for each provider.  A worker asks when a picture waits for it, and takes the newest one
only once its turn has come.  Nobody waits in here: who must wait goes back to an event of his own, which
is signalled when it is his turn.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

_PATIENCE_S = 1.0
"""Whose turn takes longer hangs, or is so slow that little is lost if another one goes on beside him."""
_LONGEST_WAIT_S = 0.5
"""So long after its last turn, a source outside the program counts as one within."""
_GONE_S = 1.0
"""Who has not asked for so long is not expected to."""
_MEMORY_S = 1.0
"""A turn counts for 1 / e after so long."""
_LEAST_S = 1e-9


class Turns:
    """Who sits here, and whose turn it is.  Any thread; no call takes long.

    The turn goes to the one who waits and had his last one longest ago, those in the program first.  A
    source that only a preview or another window shows gets what the program leaves: the time until the next
    picture from there is expected.  Where that is never enough, it comes after half a second.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seats: list[Seat] = []
        self._at_turn: dict[str, Seat] = {}

    def ask(self, seat: Seat, provider: str, in_program: bool) -> bool:
        """See ``Seat.may_matte``."""
        with self._lock:
            now = self._clock()
            if seat not in self._seats:
                self._seats.append(seat)
            if seat.provider != provider:
                self._let_go(seat, now)
            seat.provider, seat.in_program = provider, in_program
            at_turn = self._at_turn.get(provider)
            if at_turn is seat:
                return True
            seat.want(now)
            if at_turn is not None and now - at_turn.began_at > _PATIENCE_S:
                at_turn = None
            if at_turn is None:
                self._pass_on(provider, now, asking=seat)
            return self._at_turn.get(provider) is seat

    def let_go(self, seat: Seat, *, for_good: bool) -> None:
        """See ``Seat.leave`` and ``Seat.close``."""
        with self._lock:
            self._let_go(seat, self._clock())
            if for_good and seat in self._seats:
                self._seats.remove(seat)

    def _let_go(self, seat: Seat, now: float) -> None:
        seat.end(now)
        if self._at_turn.get(seat.provider) is seat:
            self._pass_on(seat.provider, now)

    def _pass_on(self, provider: str, now: float, asking: Seat | None = None) -> None:
        """The turn is the first one's who waits; those who come before him could have had it."""
        self._at_turn.pop(provider, None)
        seats = [seat for seat in self._seats if seat.provider == provider and not seat.is_at_work]
        soon = min((seat.expected_at(now) for seat in seats if seat.in_program), default=math.inf)
        for seat in sorted(seats, key=lambda seat: seat.rank(now)):
            if seat.rank(now)[0] and now + seat.turn_s > soon:
                continue
            seat.could_begin(now)
            if seat.waits:
                self._at_turn[provider] = seat
                others = [one for one in self._seats if one.provider == provider and one is not seat]
                seat.begin(now, [one.used_s(now) for one in others])
                if seat is not asking:
                    seat.wake()  # under the lock, or the seat could be closed before, and its event be gone
                return


class Seat:
    """One worker's place among those who take turns, called by that worker; the rest is for ``Turns``.

    wake: called on any thread when the turn has come, never after ``close``; must not wait, or call this.
    sharing: how many mattes share the time from turn to turn, this worker's own among them.  Another one's
    counts in part where it used less time than this one's, of late.
    period_s: from the beginning of the last turn to the first moment at which this one could have begun; 0
    for the first one.
    """

    def __init__(self, wake: Callable[[], None], turns: Turns | None = None) -> None:
        self.wake = wake
        self.sharing = 1.0
        self.period_s = 0.0
        self.provider = ""
        self.in_program = True
        self.waits = False
        self.is_at_work = False
        self.began_at = -math.inf
        self.turn_s = 0.0
        self._turns = turns or _turns
        self._due_at: float | None = None
        self._asked_at = -math.inf
        self._asks_every_s = 0.0
        self._used_s = 0.0
        self._used_at = 0.0

    def may_matte(self, provider: str, *, in_program: bool) -> bool:
        """Whether it is this worker's turn on `provider`, for whose source a picture waits.

        If not, ``wake`` is called when it is.  To be asked anew after every wait, whatever ended it: that is
        how a turn goes on that somebody keeps too long.
        """
        return self._turns.ask(self, provider, in_program)

    def leave(self) -> None:
        """Give the turn back, or wait for none."""
        self._turns.let_go(self, for_good=False)

    def close(self) -> None:
        """Leave for good; until somebody asks again."""
        self._turns.let_go(self, for_good=True)

    # -- under the lock of Turns ---------------------------------------------------------------------

    def want(self, now: float) -> None:
        """A picture waits from here on, if none did."""
        self.is_at_work = False  # its turn, if it had one, was passed on before this worker woke
        if self.waits:
            return
        self.waits = True
        since_s, self._asked_at = now - self._asked_at, now
        if since_s < _GONE_S:
            self._asks_every_s = (7 * (self._asks_every_s or since_s) + since_s) / 8

    def begin(self, now: float, others_used_s: list[float]) -> None:
        """The turn begins; the others used so much time."""
        if self.began_at > -math.inf and self._due_at is not None:
            self.period_s = self._due_at - self.began_at
        used_s = max(self.used_s(now), _LEAST_S)
        self.sharing = 1.0 + sum(min(other_s / used_s, 1.0) for other_s in others_used_s)
        self.waits, self.is_at_work, self.began_at, self._due_at = False, True, now, None

    def end(self, now: float) -> None:
        """Neither at work nor waiting any more."""
        if self.is_at_work:
            took_s = now - self.began_at
            self.turn_s = (7 * (self.turn_s or took_s) + took_s) / 8
            self._used_s, self._used_at = self.used_s(now) + took_s, now
        self.waits = self.is_at_work = False

    def used_s(self, now: float) -> float:
        """The time that the turns took, the older the less."""
        return self._used_s * math.exp((self._used_at - now) / _MEMORY_S)

    def could_begin(self, now: float) -> None:
        """It would be this seat's turn now, if a picture waited."""
        if self._due_at is None:
            self._due_at = now

    def expected_at(self, now: float) -> float:
        """When a picture will wait, as far as one can know."""
        return math.inf if now - self._asked_at > _GONE_S else self._asked_at + self._asks_every_s

    def rank(self, now: float) -> tuple[bool, float]:
        """The lowest comes first; whether it has no right to before the program is served, the last turn."""
        return not self.in_program and now - self.began_at <= _LONGEST_WAIT_S, self.began_at


_turns = Turns()
