"""A person over a background, mixed in linear light as a lens would."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.srgb import DECODE, ENCODE_ROOT, ENCODE_STEPS


@kernel
def _composite(
    foreground: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    background: NDArray[np.uint8],
    out: NDArray[np.uint8],
    linear8: NDArray[np.float32],
    encoded: NDArray[np.uint8],
) -> None:
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
                    near, far = linear8[foreground[y, x, c]], linear8[background[y, x, c]]
                    out[y, x, c] = encoded[int(np.sqrt(far + share * (near - far)) * ENCODE_STEPS + 0.5)]


def composite(
    foreground: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    background: NDArray[np.uint8],
    out: NDArray[np.uint8],
) -> None:
    """Write `foreground` over `background` into `out`, which may be one of them.

    foreground, background: uint8 [h, w, 3|4] sRGB, straight; a fourth channel is ignored.
    alpha: float32 [h, w], clamped to 0..1 (NaN is 0).  out: uint8 [h, w, 3|4]; a fourth channel stays.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The foreground", foreground)
    check("The alpha", alpha, np.float32, (height, width))
    check("The background", background, np.uint8, (height, width, (3, 4)))
    check("The result", out, np.uint8, (height, width, (3, 4)))
    _composite(foreground, alpha, background, out, DECODE, ENCODE_ROOT)
