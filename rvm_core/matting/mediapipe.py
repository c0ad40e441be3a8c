"""MediaPipe's selfie segmentation: small networks without memory, made steady and sharp by ``segmenter``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import ModelContract, ModelError, RvmError
from rvm_core.kernels.multilevel import multilevel_foreground
from rvm_core.matting.contract import MEDIAPIPE
from rvm_core.matting.derived import derived
from rvm_core.matting.network import Caller, checked, first_session
from rvm_core.matting.segmenter import LOOKS, ONE_LOOK, Segmenter, internal_size
from rvm_core.matting.session import Session, value

_FORM = 1
_LARGE_BYTES = 1_000_000
"""A larger file is a network that gains nothing by a second look."""


class MediaPipeNetwork:
    """A ``Network`` of a .tflite file, which is converted to ONNX at its first use."""

    why_official = ""
    problem = ""
    is_doubtful = False
    needs_plate = False

    def __init__(self, model: Path, provider: str, threads: int) -> None:
        self.call = Caller(first_session(converted(model), provider, threads, MEDIAPIPE))
        _, _, height, width = self.call.session.inputs["src"]
        looks = LOOKS if model.stat().st_size < _LARGE_BYTES else ONE_LOOK
        self.costs: Mapping[str, float] = {level: len(looks[level]) for level in looks}
        self._planes_of_a_look = np.full((1, 3, height, width), 0.5, np.float32)
        self._segmenter = Segmenter(self._look, (width, height), looks)

    def internal_size(self, width: int, height: int, level: str) -> tuple[int, int]:
        """See ``segmenter.internal_size``."""
        return internal_size(width, height, level)

    def use_plate(self, plate: NDArray[np.uint8] | None) -> None:
        """It needs none."""

    def begin(self, size: tuple[int, int], level: str, *, goes_on: bool) -> None:
        """What it knows of the place is of the size before, and forgotten."""
        del goes_on
        self._segmenter.begin(*size, level)

    def reset(self) -> None:
        """Forget the person and the place."""
        self._segmenter.reset()

    def see(
        self, picture: NDArray[np.uint8], before: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Some looks of the network; the colour is found from picture and alpha."""
        del before
        self.call.ms = 0.0
        alpha = self._segmenter.see(picture)
        foreground = np.empty((3, *alpha.shape), np.float32)
        multilevel_foreground(picture, alpha, foreground)
        return alpha, foreground

    def probe(self) -> None:
        """One look."""
        self._look(self._planes_of_a_look)

    def close(self) -> None:
        """Let go of the session."""
        self.__dict__.clear()

    def _look(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs = self.call({"src": value(planes)})
        return np.asarray(checked(outputs["pha"], (1, *planes.shape[2:]))[0], np.float32)


def converted(model: Path) -> Path:
    """The ONNX graph of the verified .tflite file `model`, made at its first use.  Raises ModelError."""
    try:
        return derived(model, _FORM, _make, _prove)
    except RvmError:
        raise
    except ImportError as missing:
        raise ModelError(f"{model.name} cannot be converted ({missing}).", "Run the installer.") from missing
    except OSError as fault:
        raise ModelError(
            f"What {model.name} is converted to cannot be kept ({fault.strerror}).",
            "Make room on the disk, or choose another model.",
        ) from fault


def _make(model: Path) -> bytes:
    from rvm_core.matting.rewrite import UnfamiliarGraph
    from rvm_core.matting.tflite import to_onnx

    try:
        content: bytes = to_onnx(model.read_bytes()).SerializeToString()
    except UnfamiliarGraph as cause:
        raise ModelContract(
            f"{model.name} is not one of MediaPipe's selfie models, or it is damaged ({cause}).",
            "Choose another model.",
        ) from cause
    return content


def _prove(graph: Path, model: Path) -> Mapping[str, Any]:
    """It opens, and grey is nobody.  That the numbers are right is what the tests prove, with LiteRT."""
    session = Session(graph, "cpu", 1, None, MEDIAPIPE)
    _, _, height, width = session.inputs["src"]
    seen = session.run({"src": value(np.full((1, 3, height, width), 0.5, np.float32))})["pha"].numpy()
    mean = float(seen.mean(dtype=np.float64))  # of any numbers, for any model may be tried
    if not mean < 0.5:
        raise ModelContract(f"{model.name} converted finds {mean:.3g} in grey.", "Report this model.")
    return {"mean_in_grey": round(mean, 4)}
