"""How bright a picture is, for a network that was trained on well-lit ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import size_of
from rvm_core.kernels._jit import kernel


@kernel
def _count(picture: NDArray[np.uint8], out: NDArray[np.int64]) -> None:
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            luma = 0.2126 * picture[y, x, 0] + 0.7152 * picture[y, x, 1] + 0.0722 * picture[y, x, 2]
            out[int(luma + 0.5)] += 1


def bright_luma(picture: NDArray[np.uint8], share: float) -> float:
    """The luma 0..255 that `share` 0..1 of the pixels do not exceed.

    picture: uint8 [h, w, 3|4] sRGB, may be a strided view.  Any thread, no GIL.  Raises PictureError.
    """
    height, width = size_of("The picture", picture)
    counts = np.zeros(256, np.int64)
    _count(picture, counts)
    return float(np.searchsorted(np.cumsum(counts), share * height * width))
