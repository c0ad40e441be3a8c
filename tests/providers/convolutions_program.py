"""How far WebGPU is from the processor on single convolutions, for a child process with the rival build.

    convolutions_program.py CHANNELS,OUTPUTS,KERNEL...

prints {"version": of onnxruntime, "largest": the largest difference of each, in order}.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper


def difference(channels: int, outputs: int, kernel: int) -> float:
    """Of a picture of one pixel, under weights and values between -1 and 1."""
    random = np.random.default_rng(0)
    picture = random.uniform(-1, 1, (1, channels, 1, 1)).astype(np.float32)
    weights = random.uniform(-1, 1, (outputs, channels, kernel, kernel)).astype(np.float32)
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[kernel // 2] * 4)
    graph = helper.make_graph(
        [node],
        "convolution",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, picture.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, outputs, 1, 1))],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    results = []
    for provider in ("WebGpuExecutionProvider", "CPUExecutionProvider"):
        session = ort.InferenceSession(model.SerializeToString(), providers=[provider])
        assert session.get_providers()[0] == provider
        results.append(session.run(None, {"x": picture})[0])
    return float(np.abs(results[0] - results[1]).max())


if __name__ == "__main__":
    forms = [tuple(map(int, argument.split(","))) for argument in sys.argv[1:]]
    json.dump({"version": ort.__version__, "largest": [difference(*form) for form in forms]}, sys.stdout)
