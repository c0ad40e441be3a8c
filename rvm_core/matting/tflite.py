"""MediaPipe's selfie models, which come as .tflite files, as ONNX graphs of one common interface.

TensorFlow Lite keeps its tensors [batch, height, width, channels], onnxruntime computes convolutions faster
on [batch, channels, height, width].  So every tensor is carried in the second order, constants are turned at
conversion time, and only what depends on the order of the elements (a reshape, a transpose) gets the first:
each tensor is turned at most once, and not at all where a side of 1 makes both orders the same.

Half-precision weights become single precision.  What none of the files needs is refused, never guessed.

Sources: TensorFlow Lite's schema.fbs and its reference kernels (padding, resizing); MediaPipe's
util/tflite/operations/transpose_conv_bias.cc; the ONNX operators' documentation.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.matting.rewrite import UnfamiliarGraph
from rvm_core.matting.session import one_line
from rvm_core.own_packages import on_path, own

with own():
    from onnx import ModelProto, TensorProto, checker, helper, numpy_helper

OPSET, IR_VERSION = 17, 9
MOST_NUMBERS = 1 << 26
"""In one tensor; MediaPipe's have up to 4 million.  A damaged file may ask for any amount of memory."""
_TO_OURS, _TO_THEIRS = (0, 3, 1, 2), (0, 2, 3, 1)
"""Turn [n, h, w, c] to [n, c, h, w], and back."""
_CLASSES = 6
"""Of the multiclass model: background first, then hair, body skin, face skin, clothes, others."""
_LEAST, _SPAN = 0.1, 0.8
"""Its certainty that a pixel is no background becomes alpha between these; as it is it is wrong by far."""


def to_onnx(content: bytes) -> ModelProto:
    """The graph of a selfie model from the bytes of its .tflite file.

    Input: src float32 [1, 3, h, w], RGB 0..1, of the file's own size.  Output: pha float32 [1, 1, h, w],
    alpha 0..1.  Files with one output channel give it as it is; the multiclass file takes -1..1 and gives
    six logits, both of which the graph does itself.  Any thread; half a second for the largest.
    Raises UnfamiliarGraph with the reason for everything else.
    """
    try:
        return _Conversion(content).model()
    except (UnfamiliarGraph, ImportError):
        raise
    except Exception as fault:  # flatbuffers checks nothing as it reads: any number may come from anywhere
        reason = one_line(fault) or type(fault).__name__
        raise UnfamiliarGraph(f"the file cannot be read as TensorFlow Lite's: {reason}") from fault


class _Conversion:
    """One file's operators, in its order, into nodes; tensors are named after their numbers."""

    def __init__(self, content: bytes) -> None:
        with own(), on_path():
            import tflite

        self.lite: Any = tflite
        if len(content) < 8 or not tflite.Model.ModelBufferHasIdentifier(content, 0):
            raise UnfamiliarGraph("the file is not TensorFlow Lite's")
        self.file = tflite.Model.GetRootAs(content)
        if self.file.SubgraphsLength() != 1:
            raise UnfamiliarGraph(f"{self.file.SubgraphsLength()} graphs instead of 1")
        self.graph = self.file.Subgraphs(0)
        if (self.graph.InputsLength(), self.graph.OutputsLength()) != (1, 1):
            raise UnfamiliarGraph("more than one input or output")
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.known: dict[int, NDArray[Any]] = {}
        """Constants, in TensorFlow's order."""
        self.ours: dict[int, str] = {}
        """Tensors [n, c, h, w] by number."""
        self.theirs: dict[int, str] = {}
        """Tensors [n, h, w, c] by number."""
        self.operators: Mapping[str, Callable[[Any], None]] = {
            "DEQUANTIZE": self.widen,
            "CONV_2D": self.convolution,
            "DEPTHWISE_CONV_2D": self.depthwise,
            "TRANSPOSE_CONV": self.transposed,
            "Convolution2DTransposeBias": self.transposed_with_bias,
            "AVERAGE_POOL_2D": self.pool,
            "MEAN": self.mean,
            "SUM": self.total,
            "ADD": self.add,
            "MUL": self.multiply,
            "RELU": lambda operator: self.elementwise(operator, "Relu"),
            "LOGISTIC": lambda operator: self.elementwise(operator, "Sigmoid"),
            "HARD_SWISH": lambda operator: self.elementwise(operator, "HardSwish"),
            "SOFTMAX": self.softmax,
            "RESIZE_BILINEAR": self.resize_bilinear,
            "RESIZE_NEAREST_NEIGHBOR": self.resize_nearest,
            "RESHAPE": self.reshape,
            "TRANSPOSE": self.transpose,
        }

    def model(self) -> ModelProto:
        """The whole graph, checked."""
        source, result = self.graph.Inputs(0), self.graph.Outputs(0)
        batch, height, width, colours = self.shape(source)
        *place, classes = self.shape(result)
        if (batch, colours) != (1, 3) or place != [1, height, width] or classes not in (1, _CLASSES):
            raise UnfamiliarGraph(f"it makes {self.shape(result)} of {self.shape(source)}")
        is_multiclass = classes == _CLASSES
        self.ours[source] = self.scaled("src", 2.0, -1.0) if is_multiclass else "src"
        for index in range(self.graph.OperatorsLength()):
            operator = self.graph.Operators(index)
            name = self.name_of(operator)
            if name not in self.operators:
                raise UnfamiliarGraph(f"the operator {name}")
            self.operators[name](operator)
        logits = self.in_our_order(result)
        self.node("Identity", [self.person(logits) if is_multiclass else logits], "pha")
        tensor = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "selfie",
            [tensor("src", TensorProto.FLOAT, [1, 3, height, width])],
            [tensor("pha", TensorProto.FLOAT, [1, 1, height, width])],
            list(self.constants.values()),
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        checker.check_model(made, full_check=True)
        return made

    def person(self, logits: str) -> str:
        """Alpha from six logits: 1 - softmax of the first, as a sigmoid, stretched."""
        parts = [f"{logits}_background", f"{logits}_others"]
        sizes = self.constant("class_sizes", np.array([1, _CLASSES - 1], np.int64))
        self.nodes.append(helper.make_node("Split", [logits, sizes], parts, axis=1))
        others = self.node("ReduceLogSumExp", [parts[1]], f"{logits}_sum", axes=[1], keepdims=1)
        certainty = self.node(
            "Sigmoid", [self.node("Sub", [others, parts[0]], f"{logits}_odds")], "certainty"
        )
        stretched = self.scaled(certainty, 1.0 / _SPAN, -_LEAST / _SPAN)
        bounds = [self.constant("zero", np.float32(0.0)), self.constant("one", np.float32(1.0))]
        return self.node("Clip", [stretched, *bounds], "person")

    # reading

    def name_of(self, operator: Any) -> str:
        code = self.file.OperatorCodes(operator.OpcodeIndex())
        # the older field is a byte; newer files keep both
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if number == self.lite.BuiltinOperator.CUSTOM:
            return str(code.CustomCode().decode())
        names = vars(self.lite.BuiltinOperator).items()
        return next((name for name, value in names if value == number), f"number {number}")

    def options(self, operator: Any, kind: str) -> Any:
        """The operator's options, a table of class `kind`."""
        table = operator.BuiltinOptions()
        if table is None:
            raise UnfamiliarGraph(f"{self.name_of(operator)} without {kind}")
        options = getattr(self.lite, kind)()
        options.Init(table.Bytes, table.Pos)
        return options

    def shape(self, tensor: int) -> list[int]:
        found = [int(side) for side in self.graph.Tensors(tensor).ShapeAsNumpy()]
        if min(found, default=1) < 1 or math.prod(found) > MOST_NUMBERS:
            raise UnfamiliarGraph(f"tensor {tensor} has the shape {found[:4]}")
        return found

    def value(self, tensor: int) -> NDArray[Any] | None:
        """What `tensor` holds if it is constant, [n, h, w, c]."""
        if tensor not in self.known and tensor not in self.ours and tensor not in self.theirs:
            described = self.graph.Tensors(tensor)
            buffer = self.file.Buffers(described.Buffer())
            kinds = self.lite.TensorType
            dtypes = {kinds.FLOAT32: "<f4", kinds.FLOAT16: "<f2", kinds.INT32: "<i4"}
            if buffer.DataLength() == 0 or described.Type() not in dtypes:
                raise UnfamiliarGraph(f"tensor {tensor}, which nothing makes, of type {described.Type()}")
            shape = self.shape(tensor) if described.ShapeLength() else []
            self.known[tensor] = buffer.DataAsNumpy().view(dtypes[described.Type()]).reshape(shape)
        return self.known.get(tensor)

    def fixed(self, tensor: int) -> NDArray[Any]:
        """What the constant `tensor` holds."""
        found = self.value(tensor)
        if found is None:
            raise UnfamiliarGraph(f"tensor {tensor} is not constant")
        return found

    # writing

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, name: str, value: Any) -> str:
        self.constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def scaled(self, name: str, factor: float, offset: float) -> str:
        by = self.constant(f"{name}_factor", np.float32(factor))
        to = self.constant(f"{name}_offset", np.float32(offset))
        return self.node("Add", [self.node("Mul", [name, by], f"{name}_times"), to], f"{name}_scaled")

    def in_our_order(self, tensor: int) -> str:
        """The name of `tensor` as [n, c, h, w]."""
        if tensor not in self.ours and (value := self.value(tensor)) is not None:
            whole = value.reshape((1,) * (4 - value.ndim) + value.shape)
            self.ours[tensor] = self.constant(f"c{tensor}", whole.transpose(_TO_OURS))
        if tensor not in self.ours:
            self.ours[tensor] = self.turned(
                self.theirs[tensor], self.shape(tensor), _TO_OURS, f"t{tensor}_ours"
            )
        return self.ours[tensor]

    def in_their_order(self, tensor: int) -> str:
        """The name of `tensor` as [n, h, w, c]."""
        if tensor not in self.theirs:
            n, h, w, c = self.shape(tensor)
            name = self.in_our_order(tensor)
            self.theirs[tensor] = self.turned(name, [n, c, h, w], _TO_THEIRS, f"t{tensor}_theirs")
        return self.theirs[tensor]

    def turned(self, name: str, shape: Sequence[int], order: Sequence[int], output: str) -> str:
        """`name` with its sides in `order`; a mere reshape where only sides of 1 change places."""
        moved = [side for side in order if shape[side] > 1]
        if moved == sorted(moved):
            return self.reshaped(name, [shape[side] for side in order], output)
        return self.node("Transpose", [name], output, perm=list(order))

    def reshaped(self, name: str, shape: Sequence[int], output: str) -> str:
        sizes = self.constant(f"{output}_shape", np.array(shape, np.int64))
        return self.node("Reshape", [name, sizes], output)

    def finish(
        self, operator: Any, kind: str, inputs: Sequence[str], act: int = 0, **attributes: Any
    ) -> None:
        """A node in our order, and the activation that TensorFlow Lite fuses to it."""
        tensor = operator.Outputs(0)
        name = f"t{tensor}"
        kinds = self.lite.ActivationFunctionType
        if act == kinds.NONE:
            self.node(kind, inputs, name, **attributes)
        elif act == kinds.RELU:
            self.node("Relu", [self.node(kind, inputs, f"{name}_raw", **attributes)], name)
        elif act == kinds.RELU6:
            bounds = [self.constant("zero", np.float32(0.0)), self.constant("six", np.float32(6.0))]
            self.node("Clip", [self.node(kind, inputs, f"{name}_raw", **attributes), *bounds], name)
        else:
            raise UnfamiliarGraph(f"the activation {act}")
        self.ours[tensor] = name

    # operators

    def widen(self, operator: Any) -> None:
        half = self.fixed(operator.Inputs(0))
        if half.dtype != np.float16:
            raise UnfamiliarGraph(f"quantised weights of {half.dtype}")
        self.known[operator.Outputs(0)] = half.astype(np.float32)

    def convolution(self, operator: Any) -> None:
        options = self.options(operator, "Conv2DOptions")
        self.convolve(operator, options, self.fixed(operator.Inputs(1)).transpose(0, 3, 1, 2), 1)

    def depthwise(self, operator: Any) -> None:
        options = self.options(operator, "DepthwiseConv2DOptions")
        channels = self.shape(operator.Inputs(0))[3]
        self.convolve(operator, options, self.fixed(operator.Inputs(1)).transpose(3, 0, 1, 2), channels)

    def convolve(self, operator: Any, options: Any, weights: NDArray[Any], groups: int) -> None:
        """`weights` [o, i, h, w]."""
        output = operator.Outputs(0)
        strides = [options.StrideH(), options.StrideW()]
        dilations = [options.DilationHFactor(), options.DilationWFactor()]
        pads = self.pads(options.Padding(), self.shape(operator.Inputs(0)), weights, strides, dilations)
        inputs = [self.in_our_order(operator.Inputs(0)), self.constant(f"w{output}", weights)]
        if operator.InputsLength() > 2 and operator.Inputs(2) >= 0:
            inputs.append(self.constant(f"b{output}", self.fixed(operator.Inputs(2))))
        act = options.FusedActivationFunction()
        self.finish(
            operator, "Conv", inputs, act, pads=pads, strides=strides, dilations=dilations, group=groups
        )

    def pads(
        self,
        padding: int,
        shape: Sequence[int],
        weights: NDArray[Any],
        strides: Sequence[int],
        dilations: Sequence[int],
    ) -> list[int]:
        """ONNX's [top, left, bottom, right] of a window over [n, h, w, c]; an odd pixel goes last."""
        if padding == self.lite.Padding.VALID:
            return [0, 0, 0, 0]
        both = [
            max((-(-side // stride) - 1) * stride + (window - 1) * dilation + 1 - side, 0)
            for side, window, stride, dilation in zip(
                shape[1:3], weights.shape[2:], strides, dilations, strict=True
            )
        ]
        first = [total // 2 for total in both]
        return [*first, *(total - before for total, before in zip(both, first, strict=True))]

    def transposed(self, operator: Any) -> None:
        options = self.options(operator, "TransposeConvOptions")
        source, bias = operator.Inputs(2), operator.Inputs(3) if operator.InputsLength() > 3 else -1
        strides = [options.StrideH(), options.StrideW()]
        act = options.FusedActivationFunction()
        self.enlarge(operator, source, operator.Inputs(1), bias, strides, act)

    def transposed_with_bias(self, operator: Any) -> None:
        """Its options are a C struct, TfLiteTransposeConvParams: padding, stride_width, stride_height."""
        _padding, across, down = struct.unpack_from("<3i", operator.CustomOptionsAsNumpy().tobytes())
        self.enlarge(operator, operator.Inputs(0), operator.Inputs(1), operator.Inputs(2), [down, across], 0)

    def enlarge(
        self, operator: Any, source: int, filters: int, bias: int, strides: Sequence[int], act: int
    ) -> None:
        """A transposed convolution whose windows neither overlap nor leave gaps."""
        output = operator.Outputs(0)
        weights = self.fixed(filters)
        small, large = self.shape(source), self.shape(output)
        fits = all(stride * a == b for stride, a, b in zip(strides, small[1:3], large[1:3], strict=True))
        if list(weights.shape[1:3]) != list(strides) or not fits:
            raise UnfamiliarGraph(f"a transposed convolution from {small} to {large} by {weights.shape}")
        inputs = [self.in_our_order(source), self.constant(f"w{output}", weights.transpose(3, 0, 1, 2))]
        if bias >= 0:
            inputs.append(self.constant(f"b{output}", self.fixed(bias)))
        self.finish(operator, "ConvTranspose", inputs, act, strides=list(strides))

    def pool(self, operator: Any) -> None:
        options = self.options(operator, "Pool2DOptions")
        window = [options.FilterHeight(), options.FilterWidth()]
        if window != self.shape(operator.Inputs(0))[1:3] or self.shape(operator.Outputs(0))[1:3] != [1, 1]:
            raise UnfamiliarGraph(f"an average over {window} of {self.shape(operator.Inputs(0))}")
        self.global_mean(operator, options.FusedActivationFunction())

    def mean(self, operator: Any) -> None:
        axes = sorted(int(axis) for axis in self.fixed(operator.Inputs(1)).flat)
        if axes != [1, 2] or not self.options(operator, "ReducerOptions").KeepDims():
            raise UnfamiliarGraph(f"a mean over {axes}")
        self.global_mean(operator, 0)

    def global_mean(self, operator: Any, act: int) -> None:
        self.finish(operator, "GlobalAveragePool", [self.in_our_order(operator.Inputs(0))], act)

    def total(self, operator: Any) -> None:
        if not self.options(operator, "ReducerOptions").KeepDims():
            raise UnfamiliarGraph("a sum that drops its sides")
        axes = np.array([_TO_OURS.index(int(axis)) for axis in self.fixed(operator.Inputs(1)).flat], np.int64)
        over = self.constant(f"axes{operator.Outputs(0)}", axes)
        self.finish(operator, "ReduceSum", [self.in_our_order(operator.Inputs(0)), over], keepdims=1)

    def add(self, operator: Any) -> None:
        self.elementwise(operator, "Add", self.options(operator, "AddOptions").FusedActivationFunction())

    def multiply(self, operator: Any) -> None:
        self.elementwise(operator, "Mul", self.options(operator, "MulOptions").FusedActivationFunction())

    def elementwise(self, operator: Any, kind: str, act: int = 0) -> None:
        inputs = [self.in_our_order(int(tensor)) for tensor in operator.InputsAsNumpy()]
        self.finish(operator, kind, inputs, act)

    def softmax(self, operator: Any) -> None:
        if self.options(operator, "SoftmaxOptions").Beta() != 1.0:
            raise UnfamiliarGraph("a softmax with a factor")
        output = operator.Outputs(0)
        inputs = [self.in_their_order(operator.Inputs(0))]
        self.theirs[output] = self.node("Softmax", inputs, f"t{output}", axis=-1)

    def resize_bilinear(self, operator: Any) -> None:
        options = self.options(operator, "ResizeBilinearOptions")
        self.resize(operator, options, mode="linear")

    def resize_nearest(self, operator: Any) -> None:
        """TensorFlow Lite takes floor((x + 0.5) * scale), or rounds x * scale upwards at a half."""
        options = self.options(operator, "ResizeNearestNeighborOptions")
        is_centred = options.HalfPixelCenters() or options.AlignCorners()
        self.resize(
            operator, options, mode="nearest", nearest_mode="round_prefer_ceil" if is_centred else "floor"
        )

    def resize(self, operator: Any, options: Any, **attributes: str) -> None:
        if options.AlignCorners():
            centres = "align_corners"
        else:
            centres = "half_pixel" if options.HalfPixelCenters() else "asymmetric"
        height, width = (int(side) for side in self.fixed(operator.Inputs(1)))
        source = operator.Inputs(0)
        if [height, width] != self.shape(operator.Outputs(0))[1:3]:
            raise UnfamiliarGraph(f"a resize to {height} x {width} for {self.shape(operator.Outputs(0))}")
        sizes = np.array([1, self.shape(source)[3], height, width], np.int64)
        inputs = [self.in_our_order(source), "", "", self.constant(f"size{operator.Outputs(0)}", sizes)]
        self.finish(operator, "Resize", inputs, 0, coordinate_transformation_mode=centres, **attributes)

    def reshape(self, operator: Any) -> None:
        output = operator.Outputs(0)
        source = self.in_their_order(operator.Inputs(0))
        self.theirs[output] = self.reshaped(source, self.shape(output), f"t{output}")

    def transpose(self, operator: Any) -> None:
        output = operator.Outputs(0)
        order = [int(side) for side in self.fixed(operator.Inputs(1))]
        source = self.in_their_order(operator.Inputs(0))
        self.theirs[output] = self.turned(source, self.shape(operator.Inputs(0)), order, f"t{output}")
