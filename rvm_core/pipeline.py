"""What follows the network: from its outputs to the small textures that a compositor needs.

Knows neither OBS nor files.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels.bokeh import bokeh
from rvm_core.kernels.foreground import diffused_foreground
from rvm_core.kernels.upscale import fit_detail
from rvm_core.settings import Settings

BLUR_RADIUS_SHARE = 0.06
"""Disc radius at blur strength 1, as a share of the picture's height."""


def blur_radius_px(strength: float, height: int) -> float:
    """Disc radius in pixels of a picture `height` pixels high, at blur `strength` 0..1."""
    return strength * BLUR_RADIUS_SHARE * height


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
    precise = np.empty((height, width, 4), np.float32)
    diffused_foreground(alpha, foreground, precise)
    matte[...] = precise
    fit_detail(picture, alpha, enlargement, precise)
    detail[...] = precise
    if settings.mode == "blur" and background is not None:
        radius_px = blur_radius_px(settings.blur_strength, height)
        bokeh(picture, alpha, radius_px, settings.bokeh_highlights, background)
