"""How a file says that its pictures are to be turned, as phones do, and turning them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Turn:
    """Sides swapped, then mirrored: every quarter turn, with or without a mirror."""

    swaps: bool = False
    mirrors_x: bool = False
    mirrors_y: bool = False

    @classmethod
    def of(cls, frame: Any) -> Turn:
        """From the frame's display matrix (libavutil/display.h): x' = a x + c y, y' = b x + d y."""
        side = frame.side_data.get("DISPLAYMATRIX")
        if side is None:
            return cls()
        a, b, _, c, d = (int(number) for number in np.frombuffer(bytes(side), np.int32)[:5])
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(w, h) of a picture of `width` x `height` once turned, and the other way round."""
        return (height, width) if self.swaps else (width, height)

    def upright(self, picture: NDArray[Any]) -> NDArray[Any]:
        """`picture` [h, w, n] turned; contiguous."""
        if self.swaps:
            picture = picture.swapaxes(0, 1)
        turned = picture[:: -1 if self.mirrors_y else 1, :: -1 if self.mirrors_x else 1]
        return np.ascontiguousarray(turned)
