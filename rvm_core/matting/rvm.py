"""Robust Video Matting: a network that remembers.

Source: Lin, Yang, Saleemi, Sengupta, Robust High-Resolution Video Matting with Temporal Guidance, 2021.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels.planes import to_planes
from rvm_core.matting.contract import RVM
from rvm_core.matting.light import Exposure
from rvm_core.matting.network import Caller, checked, first_session
from rvm_core.matting.recurrent import RecurrentState
from rvm_core.matting.session import open_session, value
from rvm_core.matting.size import BUDGET_PX, WHITE, internal_size
from rvm_core.matting.specialised import specialised
from rvm_core.matting.window import PersonWindow, Window


class RvmNetwork:
    """A ``Network``: looks around the person, in the light that it knows, and carries its state along."""

    costs: Mapping[str, float] = BUDGET_PX
    problem = ""
    is_doubtful = False
    needs_plate = False

    def __init__(self, model: Path, provider: str, threads: int) -> None:
        graph = specialised(model)
        self.why_official = graph.why_official
        self.call = Caller(first_session(graph.path, provider, threads, RVM))
        provider = self.call.session.provider
        self._open = partial(open_session, graph.path, provider, threads, contract=RVM)
        self._state = RecurrentState(self.call.session)
        self._size = (0, 0)
        self._window = PersonWindow(0, 0)
        self._white = 1.0
        self._exposure = Exposure()
        self._planes = np.empty((1, 3, 0, 0), np.float32)
        self._source: NDArray[Any] = self._planes
        self._source_value: Any = None

    def internal_size(self, width: int, height: int, level: str) -> tuple[int, int]:
        """See ``size.internal_size``."""
        return internal_size(width, height, level)

    def use_plate(self, plate: NDArray[np.uint8] | None) -> None:
        """It needs none."""

    def begin(self, size: tuple[int, int], level: str, *, goes_on: bool) -> None:
        """The state goes on with the pictures, interpolated."""
        self.call.session = self._open(Window.whole(*size).size)
        self._state.use(self.call.session)
        if goes_on:
            self._state.rescale(self._size, size)
        else:
            self.reset()
        self._size = size
        self._white = WHITE[level]
        self._window = PersonWindow(*size, moves=self.call.session.provider == "cpu")

    def reset(self) -> None:
        """Forget the state, the window and the light."""
        self._state.reset()
        self._window.reset()
        self._exposure.reset()

    def see(
        self, picture: NDArray[np.uint8], before: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One run of the network on the window around the person."""
        window = self._window.look(picture)
        self._make_room(window)
        light = self._exposure.light(picture, before)
        to_planes(picture, window.left, window.top, self._planes, light.gain, light.noise)
        if self._source is not self._planes:
            self._source[...] = self._planes
        self.call.ms = 0.0
        outputs = self.call(self._feeds(window))
        width, height = window.size
        seen_alpha = checked(outputs["pha"], (1, height, width))
        seen_foreground = checked(outputs["fgr"], (3, height, width))
        self._state.advance(outputs)
        alpha = _placed(seen_alpha / np.float32(self._white), window, self._size)[0]
        self._window.learn(alpha)
        return alpha, _placed(seen_foreground / np.float32(light.gain), window, self._size)

    def probe(self) -> None:
        """A grey picture of the cheapest level, with its state."""
        whole = Window(0, 0, *RVM.typical_size)
        self._make_room(whole)
        self._source[...] = 0.5
        self._state.advance(self.call(self._feeds(whole)))

    def close(self) -> None:
        """Let go of session and state."""
        self.__dict__.clear()

    def _make_room(self, window: Window) -> None:
        """Planes of the window's size, and what the network takes them from."""
        width, height = window.size
        if self._planes.shape[2:] != (height, width):
            self._planes = np.empty((1, 3, height, width), np.float32)
            same = self.call.session.dtype == np.float32
            self._source = self._planes if same else np.empty(self._planes.shape, self.call.session.dtype)
            self._source_value = value(self._source)

    def _feeds(self, window: Window) -> dict[str, Any]:
        """The network's inputs for `window`, whose planes are filled."""
        return {"src": self._source_value, **self._state.feeds(window)}


def _placed(part: NDArray[Any], window: Window, size: tuple[int, int]) -> NDArray[np.float32]:
    """`part` [C, h, w], which is what `window` shows, in a picture of 0 of `size` (w, h): float32, 0..1."""
    placed = np.zeros((part.shape[0], size[1], size[0]), np.float32)
    inside = placed[:, window.top : window.bottom, window.left : window.right]
    np.clip(part[:, : inside.shape[1], : inside.shape[2]], 0.0, 1.0, out=inside)
    return placed
