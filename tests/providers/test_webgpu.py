"""WebGPU computes RVM's official graph wrongly, without any error: we refuse it, and need not run it.

onnxruntime's WebGPU takes channels three at a time where their number is a multiple of 3 but not of 4, and
then reads the picture at a quarter of the channel that it means (``conv2d_mm.cc``: right for 3 alone).  It is
the shader, not the card, and still so in onnxruntime-ep-webgpu 0.4.0.  The official decoder has one such
convolution, of 171 channels; the specialised graph, padded to blocks of 8, has none.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, numpy_helper

from rvm_core.matting.contract import RATIO, STATE_INPUTS
from rvm_core.matting.specialised import specialised
from tests.providers.rival import VERSION, Rival

SIZE = (32, 32)  # a frame takes seconds: the processor does all of it
STATE_CHANNELS = (16, 20, 40, 64)
RIGHT = 1e-4


def is_miscomputed(channels: int, outputs: int, kernel: int) -> bool:
    """Whether WebGPU gets a convolution in one group wrong."""
    return kernel > 1 and channels > 3 and channels % 3 == 0 and channels % 4 != 0 and outputs % 4 == 0


def test_it_miscomputes_convolutions_of_such_channels(rival: Rival) -> None:
    forms = [(channels, 4, 3) for channels in (3, 4, 5, 6, 9, 12, 107, 171, 172)]
    forms += [(6, 5, 3), (6, 4, 1), (6, 8, 5)]
    seen = rival.run("convolutions", *(",".join(map(str, form)) for form in forms))
    assert seen["version"] == VERSION
    wrong = {form: largest for form, largest in zip(forms, seen["largest"], strict=True) if largest > RIGHT}
    assert set(wrong) == {form for form in forms if is_miscomputed(*form)}
    assert min(wrong.values()) > 0.1


def miscomputed(graph: ModelProto) -> list[tuple[int, ...]]:
    """The shapes [outputs, channels, h, w] of the weights of each convolution that WebGPU gets wrong."""
    weights = {one.name: numpy_helper.to_array(one).shape for one in graph.graph.initializer}

    def group(node: NodeProto) -> int:
        return next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)

    shapes = [weights[n.input[1]] for n in graph.graph.node if n.op_type == "Conv" and group(n) == 1]
    return [shape for shape in shapes if is_miscomputed(shape[1], shape[0], max(shape[2:]))]


def test_only_the_official_graph_has_one(default_model_file: Path) -> None:
    assert miscomputed(onnx.load(default_model_file)) == [(80, 171, 3, 3)]
    graph = specialised(default_model_file)
    assert graph.why_official == ""
    assert miscomputed(onnx.load(graph.path)) == []


@pytest.fixture(scope="module")
def verdicts(rival: Rival, default_model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Of the official graph and of the specialised one, by one process: shaders are compiled but once."""
    fixed = tmp_path_factory.mktemp("official") / "fixed.onnx"
    onnx.save(with_fixed_sizes(onnx.load(default_model_file)), fixed)
    seen = rival.run("proof", *SIZE, fixed, specialised(default_model_file).path)
    assert seen["version"] == VERSION
    return dict(zip(("official", "specialised"), seen["graphs"], strict=True))


def with_fixed_sizes(official: ModelProto) -> ModelProto:
    """`official` for pictures of SIZE with whole states, its ratio a constant 1."""
    width, height = SIZE
    shapes = {"src": (1, 3, height, width)}
    for level, (name, channels) in enumerate(zip(STATE_INPUTS, STATE_CHANNELS, strict=True), start=1):
        shapes[name] = (1, channels, height >> level, width >> level)
    for given in list(official.graph.input):
        if given.name == RATIO:
            official.graph.input.remove(given)
            official.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), RATIO))
            continue
        for side, length in zip(given.type.tensor_type.shape.dim, shapes[given.name], strict=True):
            side.dim_value = length
    return official


def test_the_official_graph_is_wrong_there_and_refused(verdicts: Any) -> None:
    largest = verdicts["official"]["largest"]
    assert largest["r4o"] < RIGHT, "the encoder is right"
    assert min(largest[name] for name in ("r3o", "r2o", "r1o", "fgr")) > 0.1
    found = re.search(r"wrong.*fgr differs by ([\d.]+)", verdicts["official"]["refusal"])
    assert found, verdicts["official"]["refusal"]
    assert float(found[1]) > 0.02


def test_the_specialised_graph_is_right_there(verdicts: Any) -> None:
    assert max(verdicts["specialised"]["largest"].values()) < RIGHT
    # Without a graphics card it takes too long, and may be refused for that alone.
    assert "wrong" not in verdicts["specialised"]["refusal"]
    assert "fail" not in verdicts["specialised"]["refusal"]
