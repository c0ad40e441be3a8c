"""From interleaved bytes to the planes that a network reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel


@kernel
def _to_planes(picture: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    scale = np.float32(1.0 / 255.0)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            out[0, 0, y, x] = picture[y, x, 0] * scale
            out[0, 1, y, x] = picture[y, x, 1] * scale
            out[0, 2, y, x] = picture[y, x, 2] * scale


def to_planes(picture: NDArray[np.uint8], out: NDArray[np.float32]) -> None:
    """Write RGB 0..1 of `picture` into `out`.

    picture: uint8 [h, w, 3|4] RGB(A), may be a strided view; a fourth channel is ignored.
    out: float32 [1, 3, h, w].
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    check("The planes", out, np.float32, (1, 3, height, width))
    _to_planes(picture, out)
