"""Background Matting V2's graph as a ``Network``; what it makes of a clean plate stands in ``bgmv2``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.matting.bgmv2 import BUDGET_PX, BackgroundMatting, internal_size
from rvm_core.matting.contract import BGMV2
from rvm_core.matting.network import Caller, checked, first_session
from rvm_core.matting.session import open_session, value


class PlateNetwork:
    """A ``Network`` that needs a clean plate.  see() raises PlateError while it has none that fits."""

    costs: Mapping[str, float] = BUDGET_PX
    why_official = ""
    needs_plate = True

    def __init__(self, model: Path, provider: str, threads: int) -> None:
        self.call = Caller(first_session(model, provider, threads, BGMV2))
        self._open = partial(open_session, model, self.call.session.provider, threads, contract=BGMV2)
        self._matting = BackgroundMatting(self._run)

    @property
    def problem(self) -> str:
        """That the camera has moved since the plate was captured, or the light has changed."""
        return self._matting.problem

    @property
    def is_doubtful(self) -> bool:
        """That it looks so in the last picture."""
        return self._matting.is_doubtful

    def internal_size(self, width: int, height: int, level: str) -> tuple[int, int]:
        """See ``bgmv2.internal_size``."""
        return internal_size(width, height, level)

    def use_plate(self, plate: NDArray[np.uint8] | None) -> None:
        """The room without the person, uint8 [H, W, 3] sRGB; it is kept, not copied."""
        self._matting.set_plate(plate)

    def begin(self, size: tuple[int, int], level: str, *, goes_on: bool) -> None:
        """Nothing is remembered from picture to picture."""
        del level, goes_on
        self.call.session = self._open(size)

    def reset(self) -> None:
        """Nothing is; whether the camera was moved is true of other pictures too."""

    def see(
        self, picture: NDArray[np.uint8], before: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One run of the network on picture and plate."""
        del before
        self.call.ms = 0.0
        return self._matting.see(picture)

    def probe(self) -> None:
        """A grey picture before a black room."""
        width, height = BGMV2.typical_size
        grey = np.full((1, 3, height, width), 0.5, np.float32)
        self._run(grey, np.zeros_like(grey))

    def close(self) -> None:
        """Let go of session and plate."""
        self.__dict__.clear()

    def _run(
        self, picture: NDArray[np.float32], plate: NDArray[np.float32]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        dtype = self.call.session.dtype
        # a lane may repeat the call late: what it sees must not change meanwhile
        feeds = zip(BGMV2.pictures, (picture, plate), strict=True)
        outputs = self.call({name: value(planes.astype(dtype)) for name, planes in feeds})
        height, width = picture.shape[2:]
        alpha, foreground = (
            checked(outputs["pha"], (1, height, width)),
            checked(outputs["fgr"], (3, height, width)),
        )
        return alpha[None], foreground[None]
