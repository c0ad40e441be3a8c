"""Whether a provider computes what the processor computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rvm_core.errors import ProviderError, RvmError
from rvm_core.matting.recurrent import zero_state
from rvm_core.matting.session import USE_CPU, Session, value

_TOLERANCE = 0.01
"""In the mean: what computes something else differs by tenths, half precision by thousandths."""
_SIZE = (256, 144)


def prove(candidate: Session, reference: Session) -> None:
    """Raise ProviderError unless `candidate` agrees with `reference` on a picture and on its successor.

    Every output is compared, the states too: on a picture without a person alpha alone says nothing.
    """
    width, height = candidate.size or _SIZE
    noise = np.random.default_rng(0).random((1, 3, height // 4, width // 4), np.float32)
    picture = np.ascontiguousarray(np.repeat(np.repeat(noise, 4, axis=2), 4, axis=3), candidate.dtype)
    feeds = [zero_state(session, width, height) for session in (candidate, reference)]
    for _ in range(2):
        results: list[dict[str, Any]] = []
        for session, state in zip((candidate, reference), feeds, strict=True):
            try:
                results.append(session.run({"src": value(picture), **state}))
            except RvmError as fault:
                raise ProviderError(f"{session.provider} failed. {fault.problem}", USE_CPU) from fault
            state.update((into, results[-1][out]) for into, out in session.contract.states)
        for name in candidate.contract.outputs:
            given, expected = (np.asarray(result[name].numpy(), np.float64) for result in results)
            difference = np.abs(given - expected).mean() if given.shape == expected.shape else np.inf
            if not difference <= _TOLERANCE:
                raise ProviderError(
                    f"{candidate.provider} gives a wrong result ({name} differs by {difference:.3g}).",
                    USE_CPU,
                )
