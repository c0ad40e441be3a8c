"""A person over a background, mixed in linear light as a lens would."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import DEPTHS, check, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.srgb import tables


@kernel
def _composite(
    foreground: NDArray[Any],
    alpha: NDArray[np.float32],
    background: NDArray[Any],
    out: NDArray[Any],
    linear: NDArray[np.float32],
    encoded: NDArray[Any],
) -> None:
    steps = encoded.size - 1
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            share = alpha[y, x]
            if share >= 1.0:
                for c in range(3):
                    out[y, x, c] = foreground[y, x, c]
            elif not share > 0.0:  # NaN is background, too
                for c in range(3):
                    out[y, x, c] = background[y, x, c]
            else:
                for c in range(3):
                    near, far = linear[foreground[y, x, c]], linear[background[y, x, c]]
                    out[y, x, c] = encoded[int(np.sqrt(far + share * (near - far)) * steps + 0.5)]


def composite(
    foreground: NDArray[Any],
    alpha: NDArray[np.float32],
    background: NDArray[Any],
    out: NDArray[Any],
) -> None:
    """Write `foreground` over `background` into `out`, which may be one of them.

    foreground, background: both uint8 or both uint16 [h, w, 3|4] sRGB, straight; a fourth channel is ignored.
    alpha: float32 [h, w], clamped to 0..1 (NaN is 0).  out: as they are; a fourth channel stays.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The foreground", foreground, DEPTHS)
    check("The alpha", alpha, np.float32, (height, width))
    check("The background", background, foreground.dtype, (height, width, (3, 4)))
    check("The result", out, foreground.dtype, (height, width, (3, 4)))
    known = tables(foreground.dtype)
    _composite(foreground, alpha, background, out, known.light, known.encoded)
