"""The person's own colour as a small correction of the full-size picture.

A camera pixel on the edge of hair is I = alpha*F + (1 - alpha)*B.  The compositor has I at full size;
it needs alpha*F.  So we hand it rgb = alpha*(F - I), small and smooth, in linear light, and it adds
I*alpha at full size.

The mixture also bounds the correction: the background B = (I - alpha*F)/(1 - alpha) is light, so it
lies within 0..1, hence -(1 - alpha)*(1 - I) <= rgb <= (1 - alpha)*I.  We clamp to that.  Where alpha is
1 nothing is left of the correction, and the network cannot recolour a person: unclamped, RVM's colour
differs from the picture by up to 10 of 255 there (99th percentile on our clips).

F and alpha: Lin et al., Robust High-Resolution Video Matting with Temporal Guidance, 2021.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.srgb import DECODE, DECODE_FINE, decode


@kernel
def _residual(
    alpha: NDArray[np.float32],
    foreground: NDArray[np.float32],
    picture: NDArray[np.uint8],
    out: NDArray[np.float32],
    linear8: NDArray[np.float32],
    linear: NDArray[np.float32],
) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            a = min(alpha[y, x], np.float32(1.0)) if alpha[y, x] > 0.0 else np.float32(0.0)
            rest = np.float32(1.0) - a
            for c in range(3):
                seen = linear8[picture[y, x, c]]
                value = a * (decode(foreground[c, y, x], linear) - seen)
                out[y, x, c] = min(max(value, -rest * (np.float32(1.0) - seen)), rest * seen)
            out[y, x, 3] = a


def premultiplied_residual(
    alpha: NDArray[np.float32],
    foreground: NDArray[np.float32],
    picture: NDArray[np.uint8],
    out: NDArray[np.float32],
) -> None:
    """Write the correction and alpha: out.rgb = alpha*(linear(F) - linear(I)), bounded; out.a = alpha.

    alpha: float32 [h, w], clamped to 0..1 (NaN is 0).
    foreground: float32 [3, h, w] (as the network gives it) or [h, w, 3], sRGB, clamped to 0..1
        (NaN is 0); a 3 x 3 x 3 array counts as planes.
    picture: uint8 [h, w, 3|4] sRGB, the picture that the network saw; may be a strided view.
    out: float32 [h, w, 4], linear light: rgb -1..1, a 0..1.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    check("The alpha", alpha, np.float32, (height, width))
    check("The residual", out, np.float32, (height, width, 4))
    if foreground.shape != (3, height, width):
        check("The foreground", foreground, np.float32, (height, width, 3))
        foreground = np.ascontiguousarray(np.moveaxis(foreground, 2, 0))
    check("The foreground", foreground, np.float32, (3, height, width))
    _residual(alpha, foreground, picture, out, DECODE, DECODE_FINE)
