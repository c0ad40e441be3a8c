"""What the engine asks of every method, and what the methods share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import InferenceError, ProviderError
from rvm_core.matting import trials
from rvm_core.matting.contract import Contract
from rvm_core.matting.session import Session, open_session

Lane = Callable[[Callable[[], dict[str, Any]]], dict[str, Any]]
"""Runs the call of a network that it is given, if need be on another thread or twice at a time."""


class Network(Protocol):
    """One method of matting a stream of pictures.  One thread at a time.

    costs: what a matte costs at each level, cheapest first; only their ratios mean something.
    why_official: why a model's own graph runs and not the faster one made from it; empty if that does.
    call: its session, and the time that the last picture took.
    needs_plate: whether it mattes only with a clean plate.
    problem: what hinders a right matte though nothing failed, in a sentence; empty when nothing does.
    is_doubtful: whether the last matte may be wrong for such a reason, though it is not certain yet.
    """

    costs: Mapping[str, float]
    why_official: str
    call: Caller
    needs_plate: bool

    @property
    def problem(self) -> str:
        """See above."""

    @property
    def is_doubtful(self) -> bool:
        """See above."""

    def internal_size(self, width: int, height: int, level: str) -> tuple[int, int]:
        """(w, h) at which it sees a `width` x `height` picture.  Raises PictureError, SettingsError."""

    def begin(self, size: tuple[int, int], level: str, *, goes_on: bool) -> None:
        """Pictures have `size` (w, h) from here on; `goes_on`: the same pictures, only larger or smaller.

        Raises ProviderError when it cannot be prepared for them.
        """

    def use_plate(self, plate: NDArray[np.uint8] | None) -> None:
        """The room without the person, uint8 [H, W, 3] sRGB, from here on; None: there is none."""

    def reset(self) -> None:
        """Forget the pictures before."""

    def see(
        self, picture: NDArray[np.uint8], before: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Alpha [h, w] and the person's own colour [3, h, w], 0..1, of the next picture, the caller's own.

        picture: uint8 [h, w, 3|4] of the size begun with.  before: the last one, if there is one.
        Raises InferenceError.
        """

    def probe(self) -> None:
        """The work of one matte at the cheapest level, for its time; it may spoil what is remembered."""

    def close(self) -> None:
        """Let go of the session; nothing else is called afterwards."""


class Caller:
    """Calls a session on the lane, if there is one.

    ms: milliseconds that all calls took since it was last set; 0 at first.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lane: Lane | None = None
        self.ms = 0.0

    def __call__(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """All outputs as OrtValues.  Raises InferenceError."""
        run = partial(self.session.run, feeds)
        started = time.perf_counter()
        try:
            # another processor's network leaves this one to the host anyway
            return self.lane(run) if self.lane and self.session.provider == "cpu" else run()
        finally:
            self.ms += (time.perf_counter() - started) * 1000.0


def first_session(path: Path, provider: str, threads: int, contract: Contract) -> Session:
    """The session of `path` on `provider` for pictures of a typical size, where ``auto`` is the fastest.

    Raises ModelContract, and ProviderError for a provider that was asked for by its name.
    """
    size = contract.typical_size
    if provider == "auto":
        try:
            return open_session(path, trials.best(path), threads, size, contract)
        except ProviderError:
            provider = "cpu"  # the log says why
    return open_session(path, provider, threads, size, contract)


def checked(output: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array of an OrtValue, [1, ...] without the first axis, of `shape`; raises InferenceError."""
    array = np.asarray(output.numpy()[0])
    if array.shape != shape:
        raise InferenceError(
            f"The network gave a result of {array.shape} instead of {shape}.", "Choose another model."
        )
    # A sum is finite only when every summand is.
    if not np.isfinite(array.sum(dtype=np.float32)):
        raise InferenceError(
            "The network gave values that are not finite.", "Choose another model or provider."
        )
    return array
