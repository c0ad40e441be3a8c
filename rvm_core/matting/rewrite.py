"""RVM's graph without the work whose result we do not use.

The official graph resizes its picture by a ratio that is an input, broadcasts states that may be single
zeros, crops what it enlarged to sizes asked at run time, and refines its result with a guided filter made
for a ratio below 1.  We feed pictures whose sides are multiples of 16, at ratio 1, with whole states:

- the picture goes in as it is; states go in as they are; no crop after the four enlargements;
- the result of the last decoder is the result: at ratio 1 the refiner has nothing to add;
- where the decoder concatenates the picture to its features, the picture is padded to 8 channels (with
  weights of 0): onnxruntime computes convolutions in blocks of 8 channels and leaves that layout for others.

No other weight changes, so alpha before the refiner is the same to 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.matting.contract import RATIO
from rvm_core.own_packages import own

with own():
    from onnx import ModelProto, NodeProto, helper, numpy_helper

BLOCK = 8
_PROJECTION = "project_mat.conv.weight"
_GRU = "decoder.decode{}.gru.hh.0.weight"
_PADDED = "src_padded"


class UnfamiliarGraph(Exception):
    """The graph is not built as RVM's official export; the text says where."""


def specialise(model: ModelProto) -> ModelProto:
    """`model`, an official RVM graph, changed in place and returned; see the module.

    Inputs: src [1, 3, h, w] with sides in multiples of 16, r1i..r4i [1, C, h >> k, w >> k].  Outputs as
    the official graph's.  Raises UnfamiliarGraph.
    """
    edit = _Edit(model)
    edit.bypass(lambda node: node.op_type == "Resize" and node.input[0] == "src", "the resize by the ratio")
    edit.bypass(lambda node: node.op_type == "Expand", "the broadcast of the states")
    edit.bypass(edit.is_crop, "the crop after an enlargement")
    _cut_refiner(edit)
    _pad_picture(edit)
    _describe(edit)
    edit.prune()
    return model


def projection(model: ModelProto) -> str:
    """The tensor [1, 4, h, w] before the refiner: foreground minus picture, then alpha."""
    return str(_Edit(model).only(lambda node: _PROJECTION in node.input, "the last convolution").output[0])


class _Edit:
    """Changes to a graph by what its nodes are, since their names mean nothing."""

    def __init__(self, model: ModelProto) -> None:
        self.graph = model.graph
        self.constants = {one.name: one for one in self.graph.initializer}

    def find(self, wanted: Callable[[NodeProto], bool]) -> list[NodeProto]:
        return [node for node in self.graph.node if wanted(node)]

    def only(self, wanted: Callable[[NodeProto], bool], what: str) -> NodeProto:
        found = self.find(wanted)
        if len(found) != 1:
            raise UnfamiliarGraph(f"{what}: {len(found)} found instead of 1")
        return found[0]

    def maker(self, tensor: str) -> NodeProto | None:
        found = self.find(lambda node: tensor in node.output)
        return found[0] if found else None

    def maker_of(self, tensor: str, operator: str) -> NodeProto:
        return self.only(lambda node: tensor in node.output and node.op_type == operator, tensor)

    def takers(self, tensor: str) -> list[NodeProto]:
        return self.find(lambda node: tensor in node.input)

    def bypass(self, wanted: Callable[[NodeProto], bool], what: str) -> None:
        """Let the takers of each wanted node take its first input instead."""
        found = self.find(wanted)
        if not found:
            raise UnfamiliarGraph(f"{what} is not there")
        for node in found:
            for taker in self.takers(node.output[0]):
                self.replace_input(taker, node.output[0], node.input[0])

    def is_crop(self, node: NodeProto) -> bool:
        """A slice of an enlarged picture (the second slice crops the first one's result)."""
        maker = self.maker(node.input[0]) if node.op_type == "Slice" else None
        return maker is not None and (maker.op_type == "Resize" or self.is_crop(maker))

    @staticmethod
    def replace_input(node: NodeProto, old: str, new: str) -> None:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new

    def array(self, name: str) -> NDArray[Any]:
        if name not in self.constants:
            raise UnfamiliarGraph(f"{name} is no constant")
        return numpy_helper.to_array(self.constants[name])

    def set_array(self, name: str, array: NDArray[Any]) -> None:
        if name not in self.constants:
            self.constants[name] = self.graph.initializer.add()
        self.constants[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), name))

    def prune(self) -> None:
        """Drop every node, constant and input that no output needs."""
        makers = {name: node for node in self.graph.node for name in node.output}
        needed: set[str] = set()
        ahead = [output.name for output in self.graph.output]
        while ahead:
            name = ahead.pop()
            if name not in needed:
                needed.add(name)
                ahead += list(makers[name].input) if name in makers else []
        _keep(self.graph.node, lambda node: any(name in needed for name in node.output))
        _keep(self.graph.initializer, lambda constant: constant.name in needed)
        _keep(self.graph.input, lambda value: value.name in needed)


def _keep(items: Any, wanted: Callable[[Any], bool]) -> None:
    kept: Iterable[Any] = [item for item in items if wanted(item)]
    del items[:]
    items.extend(kept)


def _cut_refiner(edit: _Edit) -> None:
    last = edit.only(lambda node: _PROJECTION in node.input, "the last convolution").output[0]
    parts = edit.only(lambda node: node.op_type == "Split" and node.input[0] == last, "its parts").output
    residual, alpha = parts
    clip_foreground, clip_alpha = edit.maker_of("fgr", "Clip"), edit.maker_of("pha", "Clip")
    whole = helper.make_node("Add", [residual, "src"], ["foreground"])
    edit.graph.node.insert(list(edit.graph.node).index(clip_foreground), whole)
    clip_foreground.input[0] = "foreground"
    clip_alpha.input[0] = alpha


def _pad_picture(edit: _Edit) -> None:
    """Give the decoder the picture with zeros as further channels, and its weights zeros for them."""
    extra = BLOCK - 3
    edit.set_array("picture_pads", np.array([0, 0, 0, 0, 0, extra, 0, 0], np.int64))
    edit.graph.node.insert(0, helper.make_node("Pad", ["src", "picture_pads"], [_PADDED]))
    pictures = {"src"}
    for node in edit.find(lambda node: node.op_type == "AveragePool"):
        edit.replace_input(node, "src", _PADDED)
        pictures.add(node.output[0])
    joins = edit.find(lambda node: node.op_type == "Concat" and node.input[-1] in pictures)
    joins = [join for join in joins if all(taker.op_type == "Conv" for taker in edit.takers(join.output[0]))]
    if len(joins) != 4:
        raise UnfamiliarGraph(f"the picture joins {len(joins)} decoders instead of 4")
    for join in joins:
        edit.replace_input(join, "src", _PADDED)
        for convolution in edit.takers(join.output[0]):
            weights = edit.array(convolution.input[1])
            zeros = np.zeros((weights.shape[0], extra, *weights.shape[2:]), weights.dtype)
            edit.set_array(convolution.input[1], np.concatenate([weights, zeros], axis=1))


def _describe(edit: _Edit) -> None:
    """Name the sizes of the inputs as they now are; those of the outputs follow from them."""
    for value in [*edit.graph.input, *edit.graph.output]:
        if value.name == RATIO:
            continue
        level = int(value.name[1]) if value.name[0] == "r" else 0
        channels = edit.array(_GRU.format(level)).shape[0] if level else 0
        batch, depth, *sides = value.type.tensor_type.shape.dim
        batch.dim_value = 1
        if channels:
            depth.dim_value = channels
        for side, letter in zip(sides, "hw", strict=True):
            side.dim_param = f"{letter}{level}"
