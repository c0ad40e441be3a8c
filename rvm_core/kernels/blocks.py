"""A picture in large blocks, to see where it changed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import size_of
from rvm_core.kernels._jit import kernel


@kernel
def _block_means(picture: NDArray[np.uint8], side: int, out: NDArray[np.float32]) -> None:
    height, width = picture.shape[:2]
    for by in range(out.shape[0]):
        y0, y1 = by * side, min((by + 1) * side, height)
        for bx in range(out.shape[1]):
            x0, x1 = bx * side, min((bx + 1) * side, width)
            red, green, blue = 0, 0, 0
            for y in range(y0, y1):
                for x in range(x0, x1):
                    red += int(picture[y, x, 0])
                    green += int(picture[y, x, 1])
                    blue += int(picture[y, x, 2])
            share = np.float32(1.0) / np.float32((y1 - y0) * (x1 - x0))
            out[by, bx, 0] = red * share
            out[by, bx, 1] = green * share
            out[by, bx, 2] = blue * share


def block_means(picture: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The mean colour of each block: float32 [ceil(h / side), ceil(w / side), 3], 0..255.

    picture: uint8 [h, w, 3|4], may be a strided view.  side: pixels; blocks at the right and lower edges
    may be smaller.  Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    out = np.empty((-(-height // side), -(-width // side), 3), np.float32)
    _block_means(picture, side, out)
    return out
