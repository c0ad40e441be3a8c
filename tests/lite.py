"""Small .tflite files, made here: one convolution of 1 x 1 from three channels to one, then one operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
