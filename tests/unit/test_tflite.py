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


# Files made here: one convolution of 1 x 1 from three channels to one, then one operator.

SIDES = (4, 6)
WEIGHTS, BIAS = np.array([0.5, -1.0, 2.0], np.float32), np.array([0.25], np.float32)


def lite_file(last: str, *, weights: NDArray[Any] = WEIGHTS, outputs: int = 1, custom: str = "") -> bytes:
    """The bytes of a .tflite file whose second operator is `last`."""
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(1024)

    def vector(start: Callable[..., Any], offsets: list[Any]) -> Any:
        start(builder, len(offsets))
        for one in reversed(offsets):
            builder.PrependUOffsetTRelative(one)
        return builder.EndVector()

    def buffer(array: NDArray[Any] | None) -> Any:
        data = None if array is None else builder.CreateByteVector(array.tobytes())
        tflite.BufferStart(builder)
        if data is not None:
            tflite.BufferAddData(builder, data)
        return tflite.BufferEnd(builder)

    def tensor(shape: tuple[int, ...], kind: int, index: int) -> Any:
        sides = builder.CreateNumpyVector(np.array(shape, np.int32))
        tflite.TensorStart(builder)
        tflite.TensorAddShape(builder, sides)
        tflite.TensorAddType(builder, kind)
        tflite.TensorAddBuffer(builder, index)
        return tflite.TensorEnd(builder)

    def code(kind: str, custom: str = "") -> Any:
        text = builder.CreateString(custom) if custom else None
        tflite.OperatorCodeStart(builder)
        number = getattr(tflite.BuiltinOperator, kind)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, number)
        tflite.OperatorCodeAddBuiltinCode(builder, number)
        if text is not None:
            tflite.OperatorCodeAddCustomCode(builder, text)
        return tflite.OperatorCodeEnd(builder)

    def operator(index: int, inputs: list[int], output: int, options: Any = None) -> Any:
        takes = builder.CreateNumpyVector(np.array(inputs, np.int32))
        gives = builder.CreateNumpyVector(np.array([output], np.int32))
        tflite.OperatorStart(builder)
        tflite.OperatorAddOpcodeIndex(builder, index)
        tflite.OperatorAddInputs(builder, takes)
        tflite.OperatorAddOutputs(builder, gives)
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(builder, tflite.BuiltinOptions.Conv2DOptions)
            tflite.OperatorAddBuiltinOptions(builder, options)
        return tflite.OperatorEnd(builder)

    kinds = tflite.TensorType
    kind = {"float32": kinds.FLOAT32, "float16": kinds.FLOAT16, "int8": kinds.INT8}[weights.dtype.name]
    place = (1, *SIDES)
    tensors = [
        tensor((*place, 3), kinds.FLOAT32, 0),
        tensor((1, 1, 1, 3), kind, 1),
        tensor((1,), kinds.FLOAT32, 2),
        tensor((*place, 1), kinds.FLOAT32, 0),
        tensor((*place, outputs), kinds.FLOAT32, 0),
        tensor((1, 1, 1, 3), kinds.FLOAT32, 0),
    ]
    is_wide = weights.dtype == np.float32
    tflite.Conv2DOptionsStart(builder)
    tflite.Conv2DOptionsAddStrideH(builder, 1)
    tflite.Conv2DOptionsAddStrideW(builder, 1)
    convolution = tflite.Conv2DOptionsEnd(builder)
    operators = [] if is_wide else [operator(2, [1], 5)]
    operators += [operator(0, [0, 1 if is_wide else 5, 2], 3, convolution), operator(1, [3], 4)]
    inputs, results = (builder.CreateNumpyVector(np.array([one], np.int32)) for one in (0, 4))
    all_tensors = vector(tflite.SubGraphStartTensorsVector, tensors)
    all_operators = vector(tflite.SubGraphStartOperatorsVector, operators)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, all_tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, results)
    tflite.SubGraphAddOperators(builder, all_operators)
    graph = tflite.SubGraphEnd(builder)
    codes = [code("CONV_2D"), code(last, custom), code("DEQUANTIZE")]
    all_codes = vector(tflite.ModelStartOperatorCodesVector, codes)
    graphs = vector(tflite.ModelStartSubgraphsVector, [graph])
    buffers = vector(tflite.ModelStartBuffersVector, [buffer(one) for one in (None, weights, BIAS)])
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, all_codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


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
