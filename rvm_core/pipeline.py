"""What follows the network: from its outputs to the small textures that a compositor needs.

Knows neither OBS nor files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels.bokeh import bokeh
from rvm_core.kernels.full_size import small_matte
from rvm_core.settings import Settings

BLUR_RADIUS_SHARE = 0.06
"""Disc radius at blur strength 1, as a share of the picture's height."""
LEAST_SEEN = 1 / 512
"""Alpha below it changes no pixel by a whole step."""


def blur_radius_px(strength: float, height: int) -> float:
    """Disc radius in pixels of a picture `height` pixels high, at blur `strength` 0..1."""
    return strength * BLUR_RADIUS_SHARE * height


def blur(
    picture: NDArray[np.uint8], alpha: NDArray[np.float32], settings: Settings, out: NDArray[np.uint8]
) -> None:
    """Write the background of `picture` out of focus, as `settings` say; arguments as for ``bokeh``."""
    bokeh(
        picture,
        alpha,
        blur_radius_px(settings.blur_strength, picture.shape[0]),
        settings.bokeh_highlights,
        out,
    )


def visible_area(alpha: NDArray[np.float32], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of what a matte leaves of the picture at full `size` (w, h), in its pixels.

    alpha: float32 [h, w] 0..1, enlarged bilinearly.  Right and bottom lie outside; all 0: nothing is left.
    Any thread.
    """
    is_seen = alpha > LEAST_SEEN
    spans = [np.flatnonzero(is_seen.any(axis=axis)) for axis in (0, 1)]
    if not spans[0].size:
        return 0, 0, 0, 0
    starts, ends = [], []
    for span, side, small in zip(spans, size, alpha.shape[::-1], strict=True):
        # a pixel more, for what lies between two of them
        starts.append(max(int(span[0] - 1) * side // small, 0))
        ends.append(min(-(-int(span[-1] + 2) * side // small), side))
    return starts[0], starts[1], ends[0], ends[1]


def finish(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    foreground: NDArray[np.float32],
    settings: Settings,
    enlargement: float,
    matte: NDArray[np.float16],
    detail: NDArray[np.float16],
    background: NDArray[np.uint8] | None = None,
) -> None:
    """Write the matte, its detail, and in blur mode the background, of one picture.

    picture: uint8 [h, w, 3|4] sRGB, as the network saw it.
    alpha: float32 [h, w] 0..1.  foreground: float32 [3, h, w] sRGB 0..1.  Both as the engine gives them.
    enlargement: the width of the picture on screen over `w`.
    matte: out, float16 [h, w, 4]: the person's colour in linear light times alpha, then alpha.
    detail: out, float16 [h, w, 4]: how alpha follows the colour (:mod:`rvm_core.kernels.upscale`).
    background: out, uint8 [h, w, 4] sRGB, opaque; written in blur mode only, when it is given.
    Any thread, no GIL in the kernels.  Raises PictureError.
    """
    height, width = size_of("The picture", picture)
    check("The matte", matte, np.float16, (height, width, 4))
    check("The detail", detail, np.float16, (height, width, 4))
    matte[...], detail[...] = small_matte(picture, alpha, foreground, enlargement)
    if settings.mode == "blur" and background is not None:
        blur(picture, alpha, settings, background)
