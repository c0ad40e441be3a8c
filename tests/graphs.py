"""Tiny ONNX graphs of the methods' interfaces, for what the real networks do not do on demand.

``python -m tests.graphs DIR`` writes them with a manifest, so that OBS_RVM_DATA_DIR=DIR offers them:

``graph_good``      person = brighter than 0.5; each state leaves 0.7 of its alpha in the next matte: a ghost
``graph_nan``       alpha is not a number
``graph_raises``    as good, but raises at run time on pictures RAISING_WIDTH wide
``graph_contract``  lacks r4o
``graph_slow``      as good, after about 3 billion multiplications at 256 x 144: some 100 ms
``graph_slower``    as slow, six times the work: `auto` measures it for seconds
``graph_half``      as good, in half precision
``graph_plate``     Background Matting V2's interface: person = what differs from the clean plate
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from onnx import ModelProto, TensorProto, helper, numpy_helper, save

RAISING_WIDTH = 256
GHOST = 0.7
"""What stays of the previous alpha."""
SAMPLED_PATCHES = 5000
"""Of 4 x 4 pixels, that a picture for ``graph_plate`` must have, as for the published HD graphs."""

_OPSET, _IR = 17, 9
_WORK_CHANNELS, _WORK_LAYERS = 48, 4
_PATCH_PX = 4


class _Graph:
    """Nodes and constants in the making, all of one precision."""

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.names = 0

    def constant(self, values: Any, dtype: DTypeLike | None = None) -> str:
        name = f"constant{len(self.constants)}"
        array = np.asarray(values, self.dtype if dtype is None else dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def name(self) -> str:
        self.names += 1
        return f"value{self.names}"

    def node(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        name = output or self.name()
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def tensor(self, name: str, *shape: int | str) -> Any:
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(self.dtype), shape)

    def model(self, inputs: list[Any], outputs: list[Any]) -> ModelProto:
        graph = helper.make_graph(self.nodes, "test", inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)


_OUTPUTS = ("fgr", "pha", "r1o", "r2o", "r3o", "r4o")


def _bright(graph: _Graph) -> str:
    """A steep ramp around luma 0.5, [1, 1, H, W]."""
    weights = graph.constant(np.reshape([0.2126, 0.7152, 0.0722], (1, 3, 1, 1)))
    centred = graph.node("Sub", graph.node("Conv", "src", weights), graph.constant(0.5))
    raised = graph.node("Add", graph.node("Mul", centred, graph.constant(10.0)), graph.constant(0.5))
    return graph.node("Clip", raised, graph.constant(0.0), graph.constant(1.0))


def _finish(graph: _Graph, alpha: str, outputs: tuple[str, ...] = _OUTPUTS) -> ModelProto:
    ghost = graph.node("Mul", "r1i", graph.constant(GHOST))
    graph.node("Max", alpha, ghost, output="pha")
    graph.node("Identity", "pha", output="r1o")
    for i in (2, 3, 4):
        graph.node("Identity", f"r{i}i", output=f"r{i}o")
    graph.node("Identity", "src", output="fgr")
    inputs = [graph.tensor("src", 1, 3, "height", "width")]
    inputs += [graph.tensor(f"r{i}i", 1, f"r{i}_c", f"r{i}_h", f"r{i}_w") for i in (1, 2, 3, 4)]
    inputs.append(helper.make_tensor_value_info("downsample_ratio", TensorProto.FLOAT, [1]))
    given = [graph.tensor(name, 1, f"{name}_c", f"{name}_h", f"{name}_w") for name in outputs]
    return graph.model(inputs, given)


def good(dtype: DTypeLike = np.float32) -> ModelProto:
    """Bright is person; the previous alpha stays on as a ghost."""
    graph = _Graph(dtype)
    return _finish(graph, _bright(graph))


def nan() -> ModelProto:
    """Alpha is the logarithm of a negative number."""
    graph = _Graph()
    negative = graph.node("Sub", graph.constant(-1.0), _bright(graph))
    return _finish(graph, graph.node("Log", negative))


def raises() -> ModelProto:
    """Looks up element 1 of a list of one when the picture is RAISING_WIDTH wide."""
    graph = _Graph()
    shape = graph.node("Shape", "src")
    width = graph.node("Gather", shape, graph.constant(3, np.int64))
    is_raising = graph.node("Equal", width, graph.constant(RAISING_WIDTH, np.int64))
    index = graph.node("Cast", is_raising, to=TensorProto.INT64)
    nothing = graph.node("Gather", graph.constant([0.0]), index)
    return _finish(graph, graph.node("Add", _bright(graph), nothing))


def contract() -> ModelProto:
    """Lacks the last state."""
    graph = _Graph()
    return _finish(graph, _bright(graph), _OUTPUTS[:-1])


def slow(layers: int = _WORK_LAYERS) -> ModelProto:
    """Convolutions whose result counts for nothing."""
    graph = _Graph()
    alpha = _bright(graph)
    random = np.random.default_rng(0)
    work = graph.node("Conv", alpha, graph.constant(random.random((_WORK_CHANNELS, 1, 1, 1))))
    weights = graph.constant(random.random((_WORK_CHANNELS, _WORK_CHANNELS, 3, 3)) / 1e4)
    for _ in range(layers):
        work = graph.node("Conv", work, weights, pads=[1, 1, 1, 1])
    mean = graph.node("ReduceMean", work, axes=[1], keepdims=1)
    return _finish(graph, graph.node("Add", alpha, graph.node("Mul", mean, graph.constant(0.0))))


def plate() -> ModelProto:
    """Alpha rises from a difference of 0.05 to one of 0.15 in any channel; the colour is the picture's.

    As the real export it names the sides of every tensor alike, small or not, and cannot see pictures of
    fewer patches than it would refine.
    """
    graph = _Graph()
    difference = graph.node("Abs", graph.node("Sub", "src", "bgr"))
    largest = graph.node("ReduceMax", difference, axes=[1], keepdims=1)
    raised = graph.node("Mul", graph.node("Sub", largest, graph.constant(0.05)), graph.constant(10.0))
    graph.node("Clip", raised, graph.constant(0.0), graph.constant(1.0), output="pha")
    graph.node("Identity", "src", output="fgr")
    first, last = (graph.constant([value] * 2, np.int64) for value in (0, 1 << 30))
    sides, steps = graph.constant([2, 3], np.int64), graph.constant([_PATCH_PX] * 2, np.int64)
    for name in ("pha", "fgr"):
        graph.node("Slice", name, first, last, sides, steps, output=f"{name}_sm")
    graph.node("Mul", "pha_sm", graph.node("Sub", graph.constant(1.0), "pha_sm"), output="err_sm")
    errors = graph.node("Reshape", "err_sm", graph.constant([1, -1], np.int64))
    worst, places = graph.name(), graph.name()
    patches = graph.constant([SAMPLED_PATCHES], np.int64)
    graph.nodes.append(helper.make_node("TopK", [errors, patches], [worst, places], axis=1))
    nothing = graph.node("Mul", errors, graph.constant(0.0))
    chosen = graph.node("ScatterElements", nothing, places, graph.node("Sign", worst), axis=1)
    graph.node("Reshape", chosen, graph.node("Shape", "err_sm"), output="ref_sm")
    tensors = [
        graph.tensor(name, "batch", channels, "height", "width")
        for name, channels in zip(
            ("src", "bgr", "pha", "fgr", "pha_sm", "fgr_sm", "err_sm", "ref_sm"),
            (3, 3, 1, 3, 1, 3, 1, 1),
            strict=True,
        )
    ]
    return graph.model(tensors[:2], tensors[2:])


GRAPHS: dict[str, Callable[[], ModelProto]] = {
    "graph_good": good,
    "graph_nan": nan,
    "graph_raises": raises,
    "graph_contract": contract,
    "graph_slow": slow,
    "graph_slower": lambda: slow(6 * _WORK_LAYERS),
    "graph_half": lambda: good(np.float16),
    "graph_plate": plate,
}
METHODS = {"graph_plate": "bgmv2"}
"""Of those that are not RVM's."""


def build_all(folder: Path) -> dict[str, Path]:
    """Write every graph into `folder`, its manifest, and copies in ``folder/models``; the files by name."""
    models = folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    files: dict[str, Path] = {}
    entries: dict[str, Any] = {}
    for name, build in GRAPHS.items():
        file = folder / f"{name}.onnx"
        save(build(), str(file))
        shutil.copyfile(file, models / file.name)
        files[name] = file
        entries[name] = entry_for(file, method=METHODS.get(name, "rvm"))
    write_manifest(folder, entries)
    return files


def entry_for(
    file: Path, *, method: str = "rvm", sources: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """A manifest entry for `file`, whose one source is the file beside the manifest unless given."""
    content = file.read_bytes()
    return {
        "title": f"Test graph {file.stem}",
        "file": file.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "GPL-3.0",
        "source": "tests/graphs.py",
        "method": method,
        "sources": [{"path": file.name}] if sources is None else sources,
    }


def write_manifest(folder: Path, entries: dict[str, Any]) -> None:
    """A user manifest in `folder`, taken as the data folder."""
    text = json.dumps({"schema": 1, "models": entries}, indent=2)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    for graph_name, graph_file in build_all(Path(sys.argv[1])).items():
        print(f"{graph_name}: {graph_file}")
