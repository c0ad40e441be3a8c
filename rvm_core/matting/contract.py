"""The tensors of each method, by name: what a graph must have to be opened as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

STATE_INPUTS = ("r1i", "r2i", "r3i", "r4i")
STATE_OUTPUTS = ("r1o", "r2o", "r3o", "r4o")
RATIO = "downsample_ratio"

_FLOATS = ("tensor(float)", "tensor(float16)")


class Tensor(NamedTuple):
    """An input or output as onnxruntime describes it: its type in its words, and its rank."""

    kind: str
    rank: int


@dataclass(frozen=True)
class Contract:
    """A method's tensors.

    pictures: inputs [1, 3, h, w], RGB 0..1.  states: pairs of input and output, each output being the
    next picture's input.  results: outputs that we read.  optional_inputs: those that a graph may lack.
    other_outputs: those that it may have besides.  dimensions: the graph's names of sides and what they
    are for pictures of (w, h), with which a session can fix its sizes.  typical_size: such pictures.
    All are of rank 4 and of one precision, float32 or float16, but for the ratio: float32 [1].
    """

    title: str
    pictures: tuple[str, ...]
    results: tuple[str, ...]
    states: tuple[tuple[str, str], ...] = ()
    optional_inputs: tuple[str, ...] = ()
    other_outputs: tuple[str, ...] = ()
    typical_size: tuple[int, int] = (256, 144)
    dimensions: Callable[[tuple[int, int]], Mapping[str, int]] = field(default=lambda _size: {})

    @property
    def outputs(self) -> tuple[str, ...]:
        """All that a run asks for."""
        return self.results + tuple(output for _, output in self.states)

    def fault(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> str:
        """What keeps a graph of these tensors from being one of this method; empty if nothing does."""
        wanted = {*self.pictures, *(name for name, _ in self.states)}
        if not wanted <= set(inputs) <= wanted | set(self.optional_inputs):
            return f"its inputs are {', '.join(sorted(inputs))}"
        if not set(self.outputs) <= set(outputs) <= {*self.outputs, *self.other_outputs}:
            return f"its outputs are {', '.join(sorted(outputs))}"
        kind = inputs[self.pictures[0]].kind
        if kind not in _FLOATS:
            return f"{self.pictures[0]} is {kind}"
        for name, found in [*inputs.items(), *((name, outputs[name]) for name in self.outputs)]:
            if found != (Tensor("tensor(float)", 1) if name == RATIO else Tensor(kind, 4)):
                return f"{name} is {found.kind} of rank {found.rank}"
        return ""


def _of_each_level(size: tuple[int, int]) -> Mapping[str, int]:
    """As ``rewrite`` names the sides: h0, w0 of the picture, then those of each state."""
    return {
        f"{letter}{level}": side >> level
        for level in range(len(STATE_INPUTS) + 1)
        for side, letter in zip(size, "wh", strict=True)
    }


RVM = Contract(
    "an RVM model",
    pictures=("src",),
    results=("fgr", "pha"),
    states=tuple(zip(STATE_INPUTS, STATE_OUTPUTS, strict=True)),
    optional_inputs=(RATIO,),  # a specialised graph has none
    dimensions=_of_each_level,
)
MEDIAPIPE = Contract("a converted MediaPipe model", pictures=("src",), results=("pha",))
BGMV2 = Contract(
    "a Background Matting V2 model",
    pictures=("src", "bgr"),
    results=("pha", "fgr"),
    other_outputs=("pha_sm", "fgr_sm", "err_sm", "ref_sm"),
    typical_size=(512, 288),
    dimensions=lambda size: {"batch": 1, "width": size[0], "height": size[1]},
)
