"""Whether a provider computes what the processor computes, and how fast.

``reference.jpg``: part of the portrait of the astronaut Eileen Collins, NASA, public domain.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import ProviderError, RvmError
from rvm_core.matting.recurrent import zero_state
from rvm_core.matting.session import USE_CPU, Session, value
from rvm_core.matting.size import BUDGET_MS

_REFERENCE = Path(__file__).with_name("reference.jpg")
_PICTURES, _TIMED = 3, 5
_STEP_SHARE = 0.02
"""Of the width: how far the picture moves from one to the next."""

_MEAN = 0.01
"""Of each output: what computes something else differs by tenths, half precision by thousandths."""
_STRAY, _STRAY_SHARE = 0.1, 0.01
"""So much of alpha may be off in so much of the picture: the sharpest edges, in half precision."""
_SLOW = 2.0
"""Times the processor's time: it may be wanted for leaving the processor to the game, not at any price."""
_HOPELESS_S = 1.0
"""A provider that takes longer for a picture, the first one aside, is not asked for the others."""


class Timing(NamedTuple):
    """Milliseconds of one picture, on the provider and on the processor, in turns."""

    ms: float
    cpu_ms: float


def prove(candidate: Session, reference: Session) -> None:
    """Raise ProviderError unless `candidate` agrees with `reference` on a clip of a few pictures.

    Every output is compared, the states too, which go on from picture to picture.  The error's problem says
    why.  Any thread; it takes as long as the candidate needs for some pictures.
    """
    sessions = candidate, reference
    width, height = _size(candidate)
    states = [zero_state(session, width, height) for session in sessions]
    for number, pictures in enumerate(_clip(candidate, width, height)):
        results: list[Mapping[str, Any]] = []
        for session, state in zip(sessions, states, strict=True):
            started = time.perf_counter()
            results.append(_run(session, {**pictures, **state}))
            if session is candidate and number and time.perf_counter() - started > _HOPELESS_S:
                raise _refused(f"a picture takes it {time.perf_counter() - started:.1f} s")
            state.update((into, results[-1][out]) for into, out in session.contract.states)
        for name in candidate.contract.outputs:
            _compare(name, *(np.asarray(result[name].numpy()) for result in results))


def timed(candidate: Session, reference: Session) -> Timing:
    """How long a picture takes on each, in turns.

    Raises ProviderError when the candidate is much slower than the reference, and than a picture may take.
    """
    width, height = _size(candidate)
    pictures = next(_clip(candidate, width, height))
    states = {session: zero_state(session, width, height) for session in (candidate, reference)}
    times: dict[Session, list[float]] = {session: [] for session in states}
    for _ in range(_TIMED):
        for session, state in states.items():
            started = time.perf_counter()
            _run(session, {**pictures, **state})
            times[session].append((time.perf_counter() - started) * 1000.0)
    timing = Timing(*(statistics.median(times[session]) for session in states))
    if timing.ms > max(_SLOW * timing.cpu_ms, BUDGET_MS):
        raise _refused(f"it is slow: {timing.ms:.0f} ms a picture, the processor {timing.cpu_ms:.0f}")
    return timing


def _refused(why: str) -> ProviderError:
    return ProviderError(why, USE_CPU)


def _size(session: Session) -> tuple[int, int]:
    *_, height, width = session.inputs[session.contract.pictures[0]]
    return (
        (width, height)
        if isinstance(width, int) and isinstance(height, int)
        else session.contract.typical_size
    )


def _clip(session: Session, width: int, height: int) -> Iterator[Mapping[str, Any]]:
    """The inputs of each picture: a portrait that moves; its mirror image stands in for a clean plate."""
    from rvm_core.opencv import cv2

    code = np.frombuffer(_REFERENCE.read_bytes(), np.uint8)
    read: Any = cv2.imdecode(code, cv2.IMREAD_COLOR)
    picture: NDArray[Any] = cv2.resize(read, (width, height), interpolation=cv2.INTER_AREA)[..., ::-1]
    for number in range(_PICTURES):
        moved = np.roll(picture, round(number * _STEP_SHARE * width), axis=1)
        planes = [_planes(one, session.dtype) for one in (moved, picture[:, ::-1])]
        yield dict(zip(session.contract.pictures, planes, strict=False))


def _planes(picture: NDArray[Any], dtype: np.dtype[Any]) -> Any:
    return value(np.ascontiguousarray(picture.transpose(2, 0, 1)[None] / 255, dtype))


def _run(session: Session, feeds: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        outputs: Mapping[str, Any] = session.run(feeds)
    except RvmError as fault:
        raise _refused(f"it failed. {fault.problem}") from fault
    return outputs


def _compare(name: str, given: NDArray[Any], expected: NDArray[Any]) -> None:
    if given.shape != expected.shape:
        raise _refused(f"its result is wrong: {name} is {given.shape} instead of {expected.shape}")
    difference = np.abs(given.astype(np.float64) - expected)
    if not difference.mean() <= _MEAN:  # NaN is not
        raise _refused(f"its result is wrong: {name} differs by {difference.mean():.2g} in the mean")
    if name == "pha" and (difference > _STRAY).mean() > _STRAY_SHARE:
        raise _refused(
            f"its result is wrong: alpha is off in {(difference > _STRAY).mean():.0%} of the picture"
        )
