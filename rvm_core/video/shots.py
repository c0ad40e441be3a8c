"""Mattes of consecutive pictures of an edited film: each shot starts anew."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.cuts import Cuts
from rvm_core.matting import Matting
from rvm_core.matting.size import resized
from rvm_core.video.depth import in_8_bits
from rvm_core.video.source import Passed, Picture

WARM_UP_FRAMES = 12
"""How many pictures of a shot the network sees, last to first, before its first matte."""


class Shrunk(NamedTuple):
    """A picture, and as the network sees it: uint8 [h, w, 3] sRGB."""

    picture: Picture
    small: NDArray[np.uint8]


class Matted(NamedTuple):
    """A picture with what the engine gives for it: alpha, float32 [h, w], foreground, float32 [3, h, w]."""

    picture: Picture
    small: NDArray[np.uint8]
    alpha: NDArray[np.float32]
    foreground: NDArray[np.float32]


class Shots:
    """Runs the network over a film.  One thread at a time in each method."""

    def __init__(self, engine: Matting, size: tuple[int, int], *, two_pass: bool) -> None:
        """size: (w, h) that the network sees.  two_pass: warm up at the start of each shot."""
        self._engine = engine
        self._size = size
        self._two_pass = two_pass
        self.mattes = 0
        self.matte_s = 0.0
        """Seconds that all mattes took together, warm-ups aside."""
        self._problems: dict[str, float] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What hindered right mattes though nothing failed, and since when."""
        return tuple(f"From {seconds:.1f} s on: {problem}" for problem, seconds in self._problems.items())

    def shrunk(self, items: Iterable[Picture | Passed]) -> Iterator[Shrunk | Passed]:
        """Pictures with what the network will see of them; the rest as it comes."""
        for item in items:
            yield (
                Shrunk(item, in_8_bits(resized(item.rgb, self._size))) if isinstance(item, Picture) else item
            )

    def matted(self, items: Iterable[Shrunk | Passed]) -> Iterator[Matted | Passed]:
        """Pictures with their mattes; the rest as it comes."""
        cuts = Cuts()
        gathered: list[Shrunk | Passed] = []
        is_gathering = self._two_pass
        for item in items:
            if isinstance(item, Shrunk) and cuts.is_cut(item.small, 0):
                yield from self._from_the_back(gathered)
                self._engine.reset("cut")
                is_gathering = self._two_pass
            if not is_gathering:
                yield self._matte(item)
                continue
            gathered.append(item)
            if sum(isinstance(one, Shrunk) for one in gathered) > WARM_UP_FRAMES:
                yield from self._from_the_back(gathered)
                is_gathering = False
        yield from self._from_the_back(gathered)

    def _from_the_back(self, gathered: list[Shrunk | Passed]) -> Iterator[Matted | Passed]:
        """What was gathered, its mattes made after a run from its end to its start; it is empty then."""
        for shrunk in [one for one in gathered if isinstance(one, Shrunk)][:0:-1]:
            self._engine.step_internal(shrunk.small)
        while gathered:
            yield self._matte(gathered.pop(0))

    def _matte(self, item: Shrunk | Passed) -> Matted | Passed:
        if isinstance(item, Passed):
            return item
        started = time.perf_counter()
        alpha, foreground = self._engine.step_internal(item.small)
        self.matte_s += time.perf_counter() - started
        self.mattes += 1
        if self._engine.problem:
            self._problems.setdefault(self._engine.problem, float(item.picture.time))
        return Matted(*item, alpha, foreground)
