"""MediaPipe's files as ONNX graphs: LiteRT is the referee; what is unfamiliar is refused with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.errors import ModelError
from rvm_core.matting.rewrite import UnfamiliarGraph
from rvm_core.matting.session import bare_session
from rvm_core.matting.tflite import to_onnx
from rvm_core.models import ensure
from tests.lite import BIAS, SIDES, WEIGHTS, lite_file

SIZES = {
    "mediapipe_selfie": (256, 256),
    "mediapipe_selfie_landscape": (256, 144),
    "mediapipe_multiclass": (256, 256),
}
CLASSES = 6
CLOSE = 1e-3
HALF = 300


@pytest.fixture(params=SIZES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def content(name: str) -> bytes:
    try:
        return ensure(name, download=False).read_bytes()
    except ModelError as missing:
        pytest.skip(str(missing))


def pictures(folder: Path, size: tuple[int, int]) -> Iterator[NDArray[np.float32]]:
    """[h, w, 3], RGB 0..1: a person who talks, one who juggles, noise, and nothing."""
    import cv2

    for clip in ("pyfeat_single_face.mp4", "sam2_05_default_juggle.mp4"):
        capture = cv2.VideoCapture(str(folder / "clips" / clip))
        for _ in range(3):
            is_read, frame = capture.read()
            assert is_read, clip
            shrunk: Any = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            yield np.ascontiguousarray(shrunk[..., ::-1], np.float32) / np.float32(255)
    yield np.random.default_rng(1).random((size[1], size[0], 3), np.float32)
    yield np.zeros((size[1], size[0], 3), np.float32)


def test_the_graph_agrees_with_the_original(name: str, content: bytes, reference_data: Path) -> None:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    referee = interpreter.Interpreter(model_content=content, num_threads=1)
    referee.allocate_tensors()
    source, result = referee.get_input_details()[0]["index"], referee.get_output_details()[0]["index"]
    ours = bare_session(to_onnx(content).SerializeToString(), threads=1)
    seen = []
    for picture in pictures(reference_data, SIZES[name]):
        is_multiclass = referee.get_output_details()[0]["shape"][-1] == CLASSES
        referee.set_tensor(source, picture[None] * 2 - 1 if is_multiclass else picture[None])
        referee.invoke()
        theirs = referee.get_tensor(result)[0].astype(np.float64)
        if is_multiclass:
            odds = np.exp(theirs - theirs.max(axis=2, keepdims=True))
            theirs = np.clip((1 - odds[..., :1] / odds.sum(axis=2, keepdims=True) - 0.1) / 0.8, 0, 1)
        (given,) = ours.run(["pha"], {"src": picture.transpose(2, 0, 1)[None]})
        assert given.shape == (1, 1, *SIZES[name][::-1])
        assert given.dtype == np.float32
        np.testing.assert_allclose(given[0, 0], theirs[..., 0], atol=CLOSE, rtol=0)
        seen.append(given)
    assert np.ptp(seen[0]) > 0.9, "no person was seen"


def test_the_graph_is_in_the_order_that_onnxruntime_computes_fast(content: bytes) -> None:
    graph = to_onnx(content).graph
    kinds = [node.op_type for node in graph.node]
    assert kinds.count("Conv") > 50
    assert kinds.count("Transpose") <= 16
    if "Softmax" not in kinds:
        assert "Transpose" not in kinds
    assert all(tensor.data_type != 10 for tensor in graph.initializer), "half precision is left"


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_small_file_gives_what_its_operators_say(dtype: type[Any]) -> None:
    made = to_onnx(lite_file("LOGISTIC", weights=WEIGHTS.astype(dtype)))
    picture = np.random.default_rng(0).random((1, 3, *SIDES), np.float32)
    (given,) = bare_session(made.SerializeToString(), threads=1).run(["pha"], {"src": picture})
    expected = 1 / (1 + np.exp(-(np.tensordot(picture[0], WEIGHTS, axes=(0, 0)) + BIAS)))
    np.testing.assert_allclose(given[0, 0], expected, atol=1e-6)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "an operator": (lambda: lite_file("ABS"), "the operator ABS"),
    "a foreign operator": (lambda: lite_file("CUSTOM", custom="Odd"), "the operator Odd"),
    "options missing": (lambda: lite_file("SOFTMAX"), "SOFTMAX without SoftmaxOptions"),
    "another result": (lambda: lite_file("LOGISTIC", outputs=2), "it makes"),
    "whole numbers": (lambda: lite_file("LOGISTIC", weights=WEIGHTS.astype(np.int8)), "tensor 1"),
    "no file": (lambda: b"", "not TensorFlow Lite's"),
    "another file": (lambda: b"\x08\x00" * 100, "not TensorFlow Lite's"),
    "half a file": (lambda: lite_file("LOGISTIC")[:HALF], "cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_unfamiliar_file_is_refused_with_its_reason(case: str) -> None:
    make, reason = REFUSED[case]
    with pytest.raises(UnfamiliarGraph, match=reason):
        to_onnx(make())
