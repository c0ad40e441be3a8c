"""What the network remembers of the pictures before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.matting.contract import RATIO
from rvm_core.matting.session import Session, value
from rvm_core.matting.window import Window


def zero_state(of: Session, width: int, height: int) -> dict[str, Any]:
    """The states at the start as OrtValues by input name, for pictures of multiples of 16 pixels.

    The official graph broadcasts single zeros; a specialised one wants them whole.
    """
    states: dict[str, Any] = {}
    for level, (name, _) in enumerate(of.contract.states, start=1):
        whole = (1, of.inputs[name][1], height >> level, width >> level)
        states[name] = value(np.zeros((1, 1, 1, 1) if takes_ratio(of) else whole, of.dtype))
    return states


def takes_ratio(of: Session) -> bool:
    """Whether this is the official graph, which shrinks its pictures itself."""
    return RATIO in of.inputs


class RecurrentState:
    """r1..r4 of one stream of pictures, kept as onnxruntime's own values so that no frame copies them.

    States of another picture size, ratio or model are worthless: whoever changes one resets.  One thread.
    """

    def __init__(self, of: Session) -> None:
        self._session = of
        self._window: Window | None = None
        self._values: dict[str, Any] = {}

    def use(self, of: Session) -> None:
        """Go on with another session of the same model."""
        self._session = of

    def reset(self) -> None:
        """Forget everything."""
        self._window = None

    def feeds(self, window: Window) -> Mapping[str, Any]:
        """The four inputs by name for a picture that is `window`; moved there if it was another before."""
        if self._window is None:
            self._values = zero_state(self._session, *window.size)
        elif window != self._window:
            self._values = {
                name: value(_moved(found.numpy(), self._window, window))
                for name, found in self._values.items()
            }
        self._window = window
        return self._values

    def rescale(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """Go on with pictures of `after` (w, h) pixels instead of `before`, the whole of them in view.

        What was remembered of a place stays at that place, interpolated: nearly the state that pictures
        of that size would have left, while zeros would make the matte jump.
        """
        if self._window is None:
            return
        whole_before, whole_after = Window.whole(*before), Window.whole(*after)
        shares = before[0] / after[0], before[1] / after[1]
        self._values = {
            name: value(_rescaled(found.numpy(), whole_before, whole_after, shares))
            for name, found in self.feeds(whole_before).items()
        }
        self._window = whole_after

    def advance(self, outputs: Mapping[str, Any]) -> None:
        """Take the four states out of the network's `outputs`."""
        self._values = {into: outputs[out] for into, out in self._session.contract.states}


def _moved(state: NDArray[Any], before: Window, after: Window) -> NDArray[Any]:
    """`state` [1, C, h, w] of the window `before` as that of `after`: zeros where nobody has looked yet."""
    if state.shape[2:] == (1, 1):  # still the zero of the start
        return state
    scale = before.size[0] // state.shape[3]
    width, height = after.size
    moved = np.zeros((*state.shape[:2], height // scale, width // scale), state.dtype)
    both = before.overlap(after)
    moved[_part(both, after, scale)] = state[_part(both, before, scale)]
    return moved


def _rescaled(
    state: NDArray[Any], before: Window, after: Window, shares: tuple[float, float]
) -> NDArray[Any]:
    """`state` [1, C, h, w] as that of a picture whose pixel is `shares` (x, y) of the former's."""
    from rvm_core.opencv import cv2

    if state.shape[2:] == (1, 1):
        return state
    scale = before.size[0] // state.shape[3]
    size = (after.size[0] // scale, after.size[1] // scale)
    across, down = shares
    # From pixel centre to pixel centre.
    matrix = np.array([[across, 0, 0.5 * across - 0.5], [0, down, 0.5 * down - 0.5]])
    planes = [
        cv2.warpAffine(
            plane.astype(np.float32),
            matrix,
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for plane in state[0]
    ]
    return np.stack(planes)[None].astype(state.dtype)


def _part(area: Window, of: Window, scale: int) -> tuple[Any, ...]:
    """The index of `area` in the state of the window `of`."""
    rows = slice((area.top - of.top) // scale, (area.bottom - of.top) // scale)
    return ..., rows, slice((area.left - of.left) // scale, (area.right - of.left) // scale)
