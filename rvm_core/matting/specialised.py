"""RVM's specialised graphs, proved against the official one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import ModelContract
from rvm_core.matting import session as sessions
from rvm_core.matting.contract import RATIO, STATE_INPUTS, STATE_OUTPUTS
from rvm_core.matting.derived import derived
from rvm_core.matting.recurrent import zero_state
from rvm_core.own_packages import own

_log = logging.getLogger(__name__)

_FORM = 1
"""Raised with every change of ``rewrite`` that changes its result."""
_PROOF_SIZE = (128, 96)
_PROOF_PICTURES = 3
_TOLERANCE = {"float32": 1e-3, "float16": 2e-2}


@dataclass(frozen=True)
class Graph:
    """The file to open, and why it is the official one: empty when it is the specialised one."""

    path: Path
    why_official: str = ""


def specialised(official: Path) -> Graph:
    """The specialised graph of the verified model file `official`, made now if it is not there yet.

    Making takes a second or two.  Whatever hinders it, the official graph is the answer, with the reason.
    Any thread.
    """
    try:
        return Graph(derived(official, _FORM, _make, _prove))
    except Exception as cause:  # a missing package, an unfamiliar graph, a full disk: none may stop us
        reason = " ".join(str(cause).split()) or type(cause).__name__
        _log.info("%s is used as it is: %s", official.name, reason)
        return Graph(official, reason)


def _make(official: Path) -> bytes:
    with own():
        import onnx

    from rvm_core.matting.rewrite import specialise

    content: bytes = specialise(onnx.load(official)).SerializeToString()
    return content


def _prove(candidate: Path, official: Path) -> Mapping[str, float]:
    """The largest difference of alpha and of the states, over a few pictures with memory.

    The official graph is asked for its result before the refiner, which is what we use.
    Raises ModelContract when the difference is too large.
    """
    with own():
        import onnx

    from rvm_core.matting.rewrite import projection

    asked = onnx.load(official)
    raw = projection(asked)
    asked.graph.output.add().CopyFrom(next(one for one in asked.graph.output if one.name == "pha"))
    asked.graph.output[-1].name = raw
    asked.graph.output[-1].type.tensor_type.shape.dim[1].dim_value = 4
    ours, theirs = sessions.Session(candidate, "cpu", 1), sessions.bare_session(asked.SerializeToString())
    our_state = zero_state(ours, *_PROOF_SIZE)
    their_state = [np.zeros((1, 1, 1, 1), ours.dtype)] * len(STATE_OUTPUTS)
    largest = 0.0
    for picture in _pictures(*_PROOF_SIZE, ours.dtype):
        outputs = ours.run({"src": sessions.value(picture), **our_state})
        our_state = {into: outputs[out] for into, out in ours.contract.states}
        projected, *their_state = theirs.run(
            [raw, *STATE_OUTPUTS],
            {
                "src": picture,
                RATIO: np.ones(1, np.float32),
                **dict(zip(STATE_INPUTS, their_state, strict=True)),
            },
        )
        given = [outputs[name].numpy() for name in ("pha", *STATE_OUTPUTS)]
        expected = [np.clip(projected[:, 3:], 0, 1), *their_state]
        largest = max(largest, *map(_difference, given, expected))
    if not largest <= _TOLERANCE[ours.dtype.name]:
        raise ModelContract(
            f"The specialised graph differs by {largest:.2g} from {official.name}.", "Report this model."
        )
    return {"largest_difference": largest}


def _difference(given: NDArray[Any], expected: NDArray[Any]) -> float:
    """The largest, infinite for other shapes and for what is no number."""
    if given.shape != expected.shape:
        return np.inf
    largest = float(np.abs(given.astype(np.float64) - expected).max())
    return largest if np.isfinite(largest) else np.inf


def _pictures(width: int, height: int, dtype: np.dtype[Any]) -> list[NDArray[Any]]:
    """A coarse pattern that moves: [1, 3, height, width], 0..1."""
    pattern = np.random.default_rng(0).random((1, 3, height // 8, width // 8), np.float32)
    large = np.repeat(np.repeat(pattern, 8, axis=2), 8, axis=3)
    return [np.ascontiguousarray(np.roll(large, 8 * n, axis=3), dtype) for n in range(_PROOF_PICTURES)]
