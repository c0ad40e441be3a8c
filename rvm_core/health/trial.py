"""What the doctor lets processes of their own do (:mod:`rvm_core.health.child`): the parts that may crash."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rvm_core.errors import RvmError

Answer = Mapping[str, Any]

_MATTE_S = 1.0
_WARM_RUNS = 3
_SIZE = 1280, 720


def answers(part: str, name: str, model: str) -> Iterator[Answer]:
    """What the trial `part` of `name` finds out, one thing after the other; an RvmError is an answer."""
    try:
        yield from PARTS[part](name, model)
    except RvmError as fault:
        yield {"kind": type(fault).__name__, "problem": fault.problem, "remedy": fault.remedy}


def _list(_name: str, _model: str) -> Iterator[Answer]:
    """Every provider, and those that are installed; nothing is loaded."""
    from rvm_core.matting import ledger, providers

    every = providers.PROVIDERS
    yield {
        "every": every,
        "installed": providers.installed(),
        "packages": {name: plug_in.packages for name, plug_in in providers.PLUG_INS.items()},
        "known": {
            name: [asdict(one) for one in ledger.everything() if one.provider == name] for name in every
        },
    }


def _load(name: str, _model: str) -> Iterator[Answer]:
    """Why the provider `name` cannot be used, and what it is; nothing else is loaded."""
    from rvm_core.matting import providers

    yield {"why_not": providers.why_not(name)}


def _try(name: str, model: str) -> Iterator[Answer]:
    """The provider `name` proves itself, whatever was known of it."""
    from rvm_core.errors import SettingsError
    from rvm_core.matting import Matting, ledger, providers
    from rvm_core.models import entry

    if name not in providers.PROVIDERS:
        names = ", ".join(providers.PROVIDERS)
        raise SettingsError(f"There is no provider {name!r} to try.", f"Use one of: {names}.")
    ledger.forget(name)
    ledger.is_child = True
    Matting(model, "fast", name).close()
    file = entry(model).file
    known = [one for one in ledger.everything() if one.provider == name and file in one.what]
    yield {"verdicts": [asdict(one) for one in known]}


def _matte(_name: str, model: str) -> Iterator[Answer]:
    """A second of mattes of a portrait, as the filter makes them with its settings as they are at first."""
    import cv2
    import numpy as np

    from rvm_core import matting
    from rvm_core.matting import Matting
    from rvm_core.matting.size import resized

    code = np.frombuffer(Path(matting.__file__).with_name("reference.jpg").read_bytes(), np.uint8)
    portrait: Any = cv2.imdecode(code, cv2.IMREAD_COLOR)
    whole = np.ascontiguousarray(cv2.resize(portrait, _SIZE)[..., ::-1])
    with Matting(model) as engine:
        engine.rehearse()
        times: list[float] = []
        begin = time.perf_counter()
        while len(times) <= _WARM_RUNS or time.perf_counter() - begin < _MATTE_S:
            moved = np.roll(whole, 4 * len(times), axis=1)
            picture = np.ascontiguousarray(resized(moved, engine.internal_size(*_SIZE)))
            started = time.perf_counter()
            engine.step_internal(picture)
            times.append((time.perf_counter() - started) * 1000.0)
            if len(times) == _WARM_RUNS:
                begin = time.perf_counter()
        timed, info = times[_WARM_RUNS:], engine.info
    yield {
        "mattes": len(timed),
        "ms": round(statistics.median(timed), 1),
        "what": f"{info.model}, {info.level}, on {info.provider}",
    }


PARTS: Mapping[str, Callable[[str, str], Iterator[Answer]]] = {
    "list": _list,
    "load": _load,
    "try": _try,
    "matte": _matte,
}
