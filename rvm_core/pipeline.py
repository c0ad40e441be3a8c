"""What follows the network: from its outputs to the small textures that a compositor needs.

Knows neither OBS nor files.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._scratch import Scratch
from rvm_core.kernels.bokeh import bokeh
from rvm_core.kernels.edges import add_picture, edit_alpha
from rvm_core.kernels.foreground import diffused_foreground
from rvm_core.kernels.spill import spill_and_wrap
from rvm_core.kernels.upscale import fit_detail
from rvm_core.kernels.zones import apply_zones, coverage
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


def visible_area(alpha: NDArray[Any], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of what a matte leaves of the picture at full `size` (w, h), in its pixels.

    alpha: float32 or float16 [h, w] 0..1, of the matte, enlarged bilinearly.  Right and bottom lie
    outside; all 0: nothing is left.
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


class Small(NamedTuple):
    """What is known of one picture at the network's size.  The arrays belong to the scratch it was made with.

    matte, detail: float32 [h, w, 4], as ``full_size`` takes them.
    edge: float32 [h, w, 4] (:mod:`rvm_core.kernels.spill`); None where no setting needs it.
    person: float32 [h, w] 0..1: what no background may take colour from.
    """

    matte: NDArray[np.float32]
    detail: NDArray[np.float32]
    edge: NDArray[np.float32] | None
    person: NDArray[np.float32]


class Workshop:
    """Memory for one stream of pictures: what the settings need beside the matte is made once for each size.

    One thread at a time.
    """

    def __init__(self) -> None:
        self._scratch = Scratch()
        self._zones_key: tuple[object, ...] = ()
        self._zones = (np.empty((0, 0), np.float32),) * 2

    def small(
        self,
        picture: NDArray[np.uint8],
        alpha: NDArray[np.float32],
        foreground: NDArray[np.float32],
        settings: Settings,
        enlargement: float,
    ) -> Small:
        """The matte with all that `settings` say of edges and zones; arguments as for :func:`finish`."""
        height, width = size_of("The picture", picture)
        check("The alpha", alpha, np.float32, (height, width))
        floats = self._scratch.floats
        matte, detail = (floats(f"pipeline {name}", height, width, 4) for name in ("matte", "detail"))
        shown, kept, person = alpha, alpha, alpha
        shift_px, feather_px = settings.edge_shift_px / enlargement, settings.edge_feather_px / enlargement
        if shift_px or feather_px:
            shown, kept, person = (
                floats(f"pipeline {name}", height, width) for name in ("shown", "kept", "person")
            )
            edit_alpha(alpha, shift_px, feather_px, shown, self._scratch)
            np.minimum(alpha, shown, out=kept)
            np.maximum(alpha, shown, out=person)  # what an edge leaves out is no room yet
        diffused_foreground(kept, foreground, matte, self._scratch)
        if shown is not kept:
            add_picture(picture, shown, matte)
        fit_detail(picture, shown, enlargement, detail)
        edge = None
        if settings.spill_removal > 0 or settings.wraps_light:
            edge = floats("pipeline edge", height, width, 4)
            wrap = settings.light_wrap if settings.wraps_light else 0.0
            spill_and_wrap(picture, alpha, kept, settings.spill_removal, wrap, edge, self._scratch)
        if settings.zones:
            person = floats("pipeline person", height, width)
            np.maximum(alpha, shown, out=person)
            keep, remove = self._coverage(settings, width, height)
            apply_zones(picture, keep, remove, matte, detail, person, edge)
        return Small(matte, detail, edge, person)

    def _coverage(
        self, settings: Settings, width: int, height: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        key = settings.zones, settings.zone_softness, width, height
        if key != self._zones_key:
            self._zones_key = key
            self._zones = coverage(settings.zones, settings.zone_softness, (width, height))
        return self._zones


def finish(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    foreground: NDArray[np.float32],
    settings: Settings,
    enlargement: float,
    matte: NDArray[np.float16],
    detail: NDArray[np.float16],
    background: NDArray[np.uint8] | None = None,
    edge: NDArray[np.float16] | None = None,
    workshop: Workshop | None = None,
) -> bool:
    """Write the matte, its detail, the edge where one is needed, and in blur mode the background.

    picture: uint8 [h, w, 3|4] sRGB, as the network saw it.
    alpha: float32 [h, w] 0..1.  foreground: float32 [3, h, w] sRGB 0..1.  Both as the engine gives them.
    enlargement: the width of the picture on screen over `w`.
    matte: out, float16 [h, w, 4]: the person's colour in linear light times alpha, then alpha.
    detail: out, float16 [h, w, 4]: how alpha follows the colour (:mod:`rvm_core.kernels.upscale`).
    background: out, uint8 [h, w, 4] sRGB, opaque; written in blur mode only, when it is given.
    edge: out, float16 [h, w, 4]: which way spill is taken out, and the share of the new background's light
    (:mod:`rvm_core.kernels.spill`).
    workshop: of the stream that the picture belongs to, whose memory serves every picture of one size.
    Returns whether `edge` was written: spill is removed or light wraps, and it is given.
    Any thread, no GIL in the kernels.  Raises PictureError.
    """
    height, width = size_of("The picture", picture)
    check("The matte", matte, np.float16, (height, width, 4))
    check("The detail", detail, np.float16, (height, width, 4))
    if edge is not None:
        check("The edge", edge, np.float16, (height, width, 4))
    small = (workshop or Workshop()).small(picture, alpha, foreground, settings, enlargement)
    matte[...], detail[...] = small.matte, small.detail
    if settings.mode == "blur" and background is not None:
        blur(picture, small.person, settings, background)
    if edge is None or small.edge is None:
        return False
    edge[...] = small.edge
    return True
