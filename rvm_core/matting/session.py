"""Sessions of onnxruntime that several filters share."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import InferenceError, ModelContract, ProviderError
from rvm_core.interruption import acquired, ending_by
from rvm_core.matting import providers
from rvm_core.matting.contract import RATIO, RVM, Contract, Tensor
from rvm_core.own_packages import own

with own("onnxruntime"):
    import onnxruntime as ort

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
}
_FATAL_ONLY = 4


class Session:
    """A model opened on one provider.  ``run`` may be called from several threads at once.

    model, provider, threads: what really runs.  dtype: of pictures and states (float32 or float16).
    inputs: each one's shape, a number where it is fixed and a name or None where it is not.
    size: (w, h) of the only pictures it takes; None: it takes any, or what the graph itself says.
    level: the quality that ``auto`` means here, once an engine has measured it; guarded by level_lock.
    """

    def __init__(
        self,
        path: Path,
        provider: str,
        threads: int,
        size: tuple[int, int] | None = None,
        contract: Contract = RVM,
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL_ONLY
        # Spinning threads would take the processor from OBS between two frames.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if size is not None:
            for name, side in contract.dimensions(size).items():
                options.add_free_dimension_override_by_name(name, side)
        wanted = providers.available()[provider]
        named = [wanted.theirs] if wanted.device is None else None
        try:
            if wanted.device is not None:
                options.add_provider_for_devices([wanted.device], providers.options(wanted, threads))
            with ending_by(partial(_cancel_loading, options)):
                self._session = ort.InferenceSession(str(path), options, providers=named)
        except Exception as fault:  # onnxruntime's own classes share no base below Exception
            if provider == "cpu":
                raise ModelContract(
                    f"{path.name} is not a model that onnxruntime can open: {one_line(fault)}",
                    "Choose another model, or fetch this one again.",
                ) from fault
            raise ProviderError(
                f"{path.name} does not run on {provider}: {one_line(fault)}", USE_CPU
            ) from fault
        running = self._session.get_providers()
        if running[0] != wanted.theirs:
            raise ProviderError(
                f"onnxruntime runs {path.name} on {running[0]} instead of {provider}; "
                "its driver or libraries are missing.",
                USE_CPU,
            )
        self.path = path
        self.provider = provider
        self.threads = threads
        self.contract = contract
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        fault_found = contract.fault(
            *({n.name: Tensor(n.type, len(n.shape)) for n in nodes} for nodes in (inputs, outputs))
        )
        if fault_found:
            raise ModelContract(
                f"{path.name} is not {contract.title}: {fault_found}.", "Choose another model."
            )
        self.inputs: Mapping[str, tuple[Any, ...]] = {node.name: tuple(node.shape) for node in inputs}
        first = contract.pictures[0]
        self.dtype = _DTYPES[next(node.type for node in inputs if node.name == first)]
        self.size = size if all(isinstance(side, int) for side in self.inputs[first]) else None
        self.level: str | None = None
        self.level_lock = threading.Lock()

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """Every output of the contract by name, as OrtValues, from those of the inputs; a ratio is 1.

        Raises InferenceError, and Interrupted: on the processor after the node that is being computed.
        No GIL inside.
        """
        names = self.contract.outputs
        ratio = {RATIO: _WHOLE} if RATIO in self.inputs else {}
        options = ort.RunOptions()
        try:
            with ending_by(partial(setattr, options, "terminate", True)):
                values = self._session.run_with_ort_values(list(names), {**feeds, **ratio}, options)
        except Exception as fault:  # as above
            raise InferenceError(
                f"The network failed: {one_line(fault)}", "Choose another model or provider."
            ) from fault
        return dict(zip(names, values, strict=True))


_WHOLE = ort.OrtValue.ortvalue_from_numpy(np.ones(1, np.float32))
USE_CPU = "Choose Automatic or Processor in Runs on."


def _cancel_loading(options: Any) -> None:
    if hasattr(options, "set_load_cancellation_flag"):  # onnxruntime 1.21
        options.set_load_cancellation_flag(True)


def bare_session(graph: bytes | Path, threads: int = 0) -> Any:
    """onnxruntime's own session of any graph on the processor, for comparisons."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(
        graph if isinstance(graph, bytes) else str(graph), options, providers=[providers.BUILT_IN["cpu"]]
    )


def value(array: NDArray[Any]) -> Any:
    """An OrtValue over the memory of `array` (C-contiguous, kept alive by the caller): no copy."""
    return ort.OrtValue.ortvalue_from_numpy(array)


def resolve_threads(threads: int) -> int:
    """`threads`, or for 0 our choice: half of the processors, at most 4; the rest is OBS's."""
    if threads > 0:
        return threads
    processors = os.cpu_count() or 1
    return min(4, max(1, processors // 2))


class _Turn:
    """Held by who opens a session; lives as long as somebody waits for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_lock = threading.Lock()
_Key = tuple[str, str, int, tuple[int, int] | None]
_open: weakref.WeakValueDictionary[_Key, Session] = weakref.WeakValueDictionary()
_opening: weakref.WeakValueDictionary[_Key, _Turn] = weakref.WeakValueDictionary()


def open_session(
    path: Path,
    provider: str,
    threads: int,
    size: tuple[int, int] | None = None,
    contract: Contract = RVM,
) -> Session:
    """The session of `path` on `provider` with `threads` (0: automatic), opened once for all who hold it.

    size: (w, h), multiples of 16, of the only pictures that it must take.  Compilers of graphics cards and
    neural processors want every size fixed; on the processor it makes no difference and is left open, as
    it is in an official graph.

    It closes when the last holder lets go.  Any thread; another session's making is not waited for.  A
    provider other than the processor first proves itself against it (:mod:`rvm_core.matting.trials`).
    Raises ProviderError (not available, falls back, left out), ModelContract (not a graph of `contract`),
    Interrupted.
    """
    reason = providers.why_not(provider)
    if reason:
        raise ProviderError(f"{provider} cannot be used: {reason}.", USE_CPU)
    count = resolve_threads(threads)
    key = (str(path.resolve()), provider, count, None if provider == "cpu" else size)
    with _lock:
        turn = _opening.setdefault(key, _Turn())
    with acquired(turn.lock):
        session = _open.get(key)
        if session is None:
            if provider == "cpu":
                session = Session(path, provider, count, None, contract)
            else:
                from rvm_core.matting.trials import admitted

                session = admitted(path, provider, count, size, contract)
            _open[key] = session
        return session


def one_line(fault: Exception) -> str:
    """What `fault` says, without line breaks, at most 300 characters."""
    return " ".join(str(fault).split())[:300]
