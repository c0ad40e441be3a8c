"""From a picture and its matte to the picture that is written."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels.composite import composite
from rvm_core.kernels.full_size import full_size
from rvm_core.kernels.light_wrap import light_of
from rvm_core.pipeline import Small, Workshop, blur
from rvm_core.settings import Settings
from rvm_core.video.background import Background
from rvm_core.video.depth import in_depth, steps
from rvm_core.video.shots import Matted


class Renderer:
    """Renders the pictures of one film.  One thread."""

    def __init__(self, settings: Settings, background: Background | None) -> None:
        """background: of modes that have one."""
        self._settings, self._background = settings, background
        self._workshop = Workshop()
        self._lit_by: NDArray[np.uint8] | None = None
        self._light: NDArray[np.float32] | None = None

    def render(self, matted: Matted) -> NDArray[Any]:
        """[H, W, 3] sRGB in the picture's own dtype; in transparent mode [H, W, 4] with straight alpha.

        No GIL in the kernels.
        """
        picture, settings = matted.picture.rgb, self._settings
        alpha = np.empty(picture.shape[:2], np.float32)
        foreground = np.empty_like(picture)
        enlargement = picture.shape[1] / matted.small.shape[1]
        small = self._workshop.small(matted.small, matted.alpha, matted.foreground, settings, enlargement)
        spill = small.edge if settings.spill_removal > 0 else None
        full_size(
            picture, small.matte, small.detail, alpha, foreground, edge=spill, contrast=settings.edge_contrast
        )
        if settings.mode == "matte":
            return np.repeat(steps(alpha, picture.dtype)[..., None], 3, axis=2)
        if settings.has_alpha:
            return np.dstack([foreground, steps(alpha, picture.dtype)])
        if self._background is None:
            behind = _blurred(matted, small, settings)
        else:
            behind = self._background.at(matted.picture.time)
        if settings.wraps_light:
            self._light_by(behind)
        behind = _enlarged(behind, picture.shape)
        composite(
            foreground,
            alpha,
            in_depth(behind, picture.dtype),
            foreground,
            edge=small.edge,
            light=self._light,
        )
        return foreground

    def _light_by(self, background: NDArray[np.uint8]) -> None:
        """Have the light that of `background`, which may be the one before."""
        if background is not self._lit_by:
            self._lit_by, self._light = background, light_of(background)


def _blurred(matted: Matted, small: Small, settings: Settings) -> NDArray[np.uint8]:
    """The picture out of focus, at the size that the network saw: a lens leaves no detail."""
    out = np.empty((*matted.alpha.shape, 4), np.uint8)
    blur(matted.small, small.person, settings, out)
    return np.ascontiguousarray(out[..., :3])


def _enlarged(picture: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """`picture` at the height and width of `shape`, itself where it is."""
    import cv2

    if picture.shape[:2] == shape[:2]:
        return picture
    enlarged: Any = cv2.resize(picture, shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, np.uint8)
