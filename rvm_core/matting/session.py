"""The only importer of onnxruntime: sessions that several filters share, and what may run them."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from rvm_core.errors import InferenceError, ModelContract, ProviderError, RvmError

PROVIDERS: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
}
"""Provider names of the settings and those of onnxruntime; ``auto`` is ``cpu``."""

STATE_INPUTS = ("r1i", "r2i", "r3i", "r4i")
STATE_OUTPUTS = ("r1o", "r2o", "r3o", "r4o")
SPECIALISED_INPUTS = ("src", *STATE_INPUTS)
INPUTS = (*SPECIALISED_INPUTS, "downsample_ratio")
OUTPUTS = ("fgr", "pha", *STATE_OUTPUTS)

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(float16)": np.dtype(np.float16),
}
_FATAL_ONLY = 4
# A provider that computes something else differs by tenths; half precision by thousandths.
_PROOF_TOLERANCE = 0.01
_PROOF_SIZE = (256, 144)


class Session:
    """A model opened on one provider.  ``run`` may be called from several threads at once.

    model, provider, threads: what really runs.  dtype: of the picture and the state (float32 or float16).
    takes_ratio: whether the graph is official, with ``downsample_ratio`` among its inputs; otherwise it is
    a specialised one, whose states have `state_channels` from the start.
    size: (w, h) of the only pictures it takes, multiples of 16; None: it takes any.
    level: the quality that ``auto`` means here, once an engine has measured it; guarded by level_lock.
    """

    def __init__(self, path: Path, provider: str, threads: int, size: tuple[int, int] | None = None) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL_ONLY
        # Spinning threads would take the processor from OBS between two frames.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if size is not None:
            for level in range(len(STATE_INPUTS) + 1):
                for side, letter in zip(size, "wh", strict=True):
                    options.add_free_dimension_override_by_name(f"{letter}{level}", side >> level)
        wanted = PROVIDERS[provider]
        try:
            self._session = ort.InferenceSession(str(path), options, providers=[wanted])
        except Exception as fault:  # onnxruntime's own classes share no base below Exception
            if provider == "cpu":
                raise ModelContract(
                    f"{path.name} is not a model that onnxruntime can open: {_one_line(fault)}",
                    "Choose another model, or fetch this one again.",
                ) from fault
            raise ProviderError(
                f"{path.name} does not run on {provider}: {_one_line(fault)}", _USE_CPU
            ) from fault
        running = self._session.get_providers()
        if running[0] != wanted:
            raise ProviderError(
                f"onnxruntime runs {path.name} on {running[0]} instead of {provider}; "
                "its driver or libraries are missing.",
                _USE_CPU,
            )
        self.path = path
        self.provider = provider
        self.threads = threads
        self.dtype = _check_contract(self._session, path)
        inputs = {node.name: node for node in self._session.get_inputs()}
        self.takes_ratio = "downsample_ratio" in inputs
        self.size = None if self.takes_ratio else size
        self.state_channels = None if self.takes_ratio else [inputs[n].shape[1] for n in STATE_INPUTS]
        self.level: str | None = None
        self.level_lock = threading.Lock()

    def zero_state(self, width: int, height: int) -> list[NDArray[Any]]:
        """r1..r4 at the start, for pictures of `width` x `height`: multiples of 16 pixels.

        The official graph broadcasts single zeros; a specialised one wants them whole.
        """
        if self.state_channels is None:
            return [np.zeros((1, 1, 1, 1), self.dtype)] * len(STATE_INPUTS)
        return [
            np.zeros((1, channels, height >> level, width >> level), self.dtype)
            for level, channels in enumerate(self.state_channels, start=1)
        ]

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """Every output by name, as OrtValues, from those of picture and state; the ratio is 1.

        Raises InferenceError.  No GIL inside.
        """
        ratio = {"downsample_ratio": _RATIO} if self.takes_ratio else {}
        try:
            values = self._session.run_with_ort_values(list(OUTPUTS), {**feeds, **ratio})
        except Exception as fault:  # as above
            raise InferenceError(
                f"The network failed: {_one_line(fault)}", "Choose another model or provider."
            ) from fault
        return dict(zip(OUTPUTS, values, strict=True))


_RATIO = ort.OrtValue.ortvalue_from_numpy(np.ones(1, np.float32))
_USE_CPU = "Choose Automatic or Processor in Runs on."


def bare_session(graph: bytes | Path, threads: int = 0) -> Any:
    """onnxruntime's own session of any graph on the processor, for comparisons."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(
        graph if isinstance(graph, bytes) else str(graph), options, providers=[PROVIDERS["cpu"]]
    )


def value(array: NDArray[Any]) -> Any:
    """An OrtValue over the memory of `array` (C-contiguous, kept alive by the caller): no copy."""
    return ort.OrtValue.ortvalue_from_numpy(array)


def available_providers() -> tuple[str, ...]:
    """Provider names of the settings that this onnxruntime has, ``auto`` first."""
    present = set(ort.get_available_providers())
    return ("auto", *(name for name, theirs in PROVIDERS.items() if theirs in present))


def resolve_threads(threads: int) -> int:
    """`threads`, or for 0 our choice: half of the processors, at most 4; the rest is OBS's."""
    if threads > 0:
        return threads
    processors = os.cpu_count() or 1
    return min(4, max(1, processors // 2))


_lock = threading.Lock()
_Key = tuple[str, str, int, tuple[int, int] | None]
_open: weakref.WeakValueDictionary[_Key, Session] = weakref.WeakValueDictionary()


def open_session(path: Path, provider: str, threads: int, size: tuple[int, int] | None = None) -> Session:
    """The session of `path` on `provider` with `threads` (0: automatic), opened once for all who hold it.

    size: (w, h), multiples of 16, of the only pictures that it must take.  Compilers of graphics cards and
    neural processors want every size fixed; on the processor it makes no difference and is left open, as
    it is in an official graph.

    It closes when the last holder lets go.  Any thread.  A provider other than the processor first proves
    itself against it on one picture.  Raises ProviderError (unknown, not installed, falls back, wrong
    result), ModelContract (not an RVM graph).
    """
    provider = "cpu" if provider == "auto" else provider
    if provider not in available_providers():
        raise ProviderError(
            f"This onnxruntime ({ort.__version__}) has no provider {provider!r}; "
            f"it has: {', '.join(available_providers()[1:])}.",
            _USE_CPU,
        )
    count = resolve_threads(threads)
    key = (str(path.resolve()), provider, count, None if provider == "cpu" else size)
    with _lock:
        session = _open.get(key)
        if session is None:
            session = Session(path, provider, count, key[3])
            if provider != "cpu":
                prove(session, Session(path, "cpu", count))
            _open[key] = session
        return session


def prove(candidate: Session, reference: Session) -> None:
    """Raise ProviderError unless `candidate` agrees with `reference` on a picture and on its successor.

    Every output is compared, the states too: on a picture without a person alpha alone says nothing.
    """
    width, height = candidate.size or _PROOF_SIZE
    noise = np.random.default_rng(0).random((1, 3, height // 4, width // 4), np.float32)
    picture = np.ascontiguousarray(np.repeat(np.repeat(noise, 4, axis=2), 4, axis=3), candidate.dtype)
    zeros = [value(zero) for zero in candidate.zero_state(width, height)]
    feeds = [dict(zip(STATE_INPUTS, zeros, strict=True)) for _ in range(2)]
    for _ in range(2):
        results: list[dict[str, Any]] = []
        for session, state in zip((candidate, reference), feeds, strict=True):
            try:
                results.append(session.run({"src": value(picture), **state}))
            except RvmError as fault:
                raise ProviderError(f"{session.provider} failed. {fault.problem}", _USE_CPU) from fault
            state.update(zip(STATE_INPUTS, (results[-1][name] for name in STATE_OUTPUTS), strict=True))
        for name in OUTPUTS:
            given, expected = (np.asarray(result[name].numpy(), np.float64) for result in results)
            difference = np.abs(given - expected).mean() if given.shape == expected.shape else np.inf
            if not difference <= _PROOF_TOLERANCE:
                raise ProviderError(
                    f"{candidate.provider} gives a wrong result ({name} differs by {difference:.3g}).",
                    _USE_CPU,
                )


def _check_contract(session: Any, path: Path) -> np.dtype[Any]:
    """The dtype of picture and state; raises ModelContract where the tensors are not RVM's."""
    inputs = {node.name: node for node in session.get_inputs()}
    outputs = {node.name: node for node in session.get_outputs()}
    wanted_inputs = INPUTS if "downsample_ratio" in inputs else SPECIALISED_INPUTS
    wrong = _difference("inputs", inputs, wanted_inputs) or _difference("outputs", outputs, OUTPUTS)
    if not wrong:
        kind = inputs["src"].type
        if kind not in _DTYPES:
            wrong = f"src is {kind}"
        for node in [*inputs.values(), *outputs.values()]:
            is_ratio = node.name == "downsample_ratio"
            rank, wanted = (1, "tensor(float)") if is_ratio else (4, kind)
            if node.type != wanted or len(node.shape) != rank:
                wrong = wrong or f"{node.name} is {node.type} of rank {len(node.shape)}"
    if wrong:
        raise ModelContract(f"{path.name} is not an RVM model: {wrong}.", "Choose another model.")
    return _DTYPES[kind]


def _difference(what: str, found: Mapping[str, Any], wanted: Sequence[str]) -> str | None:
    if set(found) == set(wanted):
        return None
    return f"its {what} are {', '.join(sorted(found))}"


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:300]
