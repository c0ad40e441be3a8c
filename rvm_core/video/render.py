"""From a picture and its matte to the picture that is written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels.composite import composite
from rvm_core.kernels.full_size import full_size, small_matte
from rvm_core.pipeline import blur
from rvm_core.settings import Settings
from rvm_core.video.background import Background
from rvm_core.video.depth import in_depth, steps
from rvm_core.video.shots import Matted


def render(matted: Matted, settings: Settings, background: Background | None) -> NDArray[Any]:
    """[H, W, 3] sRGB in the picture's own dtype; in transparent mode [H, W, 4], straight alpha in the fourth.

    background: of modes that have one.  Any thread, no GIL in the kernels.
    """
    picture = matted.picture.rgb
    alpha = np.empty(picture.shape[:2], np.float32)
    foreground = np.empty_like(picture)
    enlargement = picture.shape[1] / matted.small.shape[1]
    small = small_matte(matted.small, matted.alpha, matted.foreground, enlargement)
    full_size(picture, *small, alpha, foreground)
    if settings.mode == "matte":
        return np.repeat(steps(alpha, picture.dtype)[..., None], 3, axis=2)
    if settings.has_alpha:
        return np.dstack([foreground, steps(alpha, picture.dtype)])
    behind = _blurred(matted, settings) if background is None else background.at(matted.picture.time)
    composite(foreground, alpha, in_depth(behind, picture.dtype), foreground)
    return foreground


def _blurred(matted: Matted, settings: Settings) -> NDArray[np.uint8]:
    """The picture out of focus, computed at the size that the network saw: a lens leaves no detail."""
    import cv2

    out = np.empty((*matted.alpha.shape, 4), np.uint8)
    blur(matted.small, matted.alpha, settings, out)
    height, width = matted.picture.rgb.shape[:2]
    enlarged: Any = cv2.resize(out[..., :3], (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, np.uint8)
