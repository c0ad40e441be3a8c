"""What the room does to the person's edges: its colour that spills onto them, and how near it is.

Light from a wall, most of all from a green screen, tints whatever stands before it.  The room's colour is
carried over the person (a wide mean in linear light, weighted by how much of a pixel is room), and of it
only the chroma counts, so that taking it away leaves the brightness as it was.  A colour c loses

    max(0, (c - luma(c)) . v) * v

where v points the way of the room's chroma.  Its length says how much: near the room, where the room has a
colour at all, and only as far as the person's own colour further inside does not point the same way.  Without
the last, skin before a wall of wood would turn grey.

The compositors apply that at full size (:mod:`rvm_core.kernels.full_size`), and let the new background's
light in where the room is near (:mod:`rvm_core.kernels.light_wrap`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels._scratch import Scratch
from rvm_core.kernels.box import box
from rvm_core.kernels.srgb import DECODE

ROOM_SHARE = 0.06
"""How far the room's colour is carried, as a share of the picture's height."""
NEAR_SHARE = 0.03
"""How far inside a person the room counts as near, as a share of the picture's height."""
LEAST_CHROMA = 0.02
"""Of linear light: a room whose colour is no further from grey spills half as much."""


@kernel
def _rest(alpha: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            out[y, x, 0] = np.float32(1.0) - alpha[y, x]


@kernel
def _weigh(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    near: NDArray[np.float32],
    light: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Colours by how much they are the room's (0 to 3), and the person's own, away from the room (4 to 7)."""
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            a = alpha[y, x]
            rest, inside = np.float32(1.0) - a, max(np.float32(1.0) - np.float32(2.0) * near[y, x, 0], 0.0)
            # never 0: where nothing of the kind is near, any colour is as good as another, but 0/0 is none
            room = rest * rest * rest * rest + np.float32(1e-6)
            own = a * a * a * a * (inside * inside + np.float32(1e-3)) + np.float32(1e-6)
            for c in range(3):
                seen = light[picture[y, x, c]]
                out[y, x, c], out[y, x, 4 + c] = seen * room, seen * own
            out[y, x, 3], out[y, x, 7] = room, own


@kernel
def _aim(
    near: NDArray[np.float32],
    means: NDArray[np.float32],
    spill_removal: float,
    light_wrap: float,
    out: NDArray[np.float32],
) -> None:
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            by = min(max(2.0 * near[y, x, 0], 0.0), 1.0)
            out[y, x, 3] = light_wrap * by
            if spill_removal <= 0.0 or by <= 0.0:
                out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = 0.0
                continue
            room, own = 1.0 / means[y, x, 3], 1.0 / means[y, x, 7]
            r, g, b = means[y, x, 0] * room, means[y, x, 1] * room, means[y, x, 2] * room
            luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
            r, g, b = r - luma, g - luma, b - luma
            size = np.sqrt(r * r + g * g + b * b)
            red, green, blue = means[y, x, 4] * own, means[y, x, 5] * own, means[y, x, 6] * own
            own_luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            alike = (red - own_luma) * r + (green - own_luma) * g + (blue - own_luma) * b
            # both by their own luma: how light a place is says nothing of its colour
            alike = max(alike, 0.0) * luma / (max(own_luma, 1e-4) * max(size * size, 1e-8))
            gate = size * size / (size * size + LEAST_CHROMA * LEAST_CHROMA) * max(1.0 - alike, 0.0)
            length = np.sqrt(spill_removal * by * gate) / max(size, 1e-4)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = length * r, length * g, length * b


def spill_and_wrap(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    shown: NDArray[np.float32],
    spill_removal: float,
    light_wrap: float,
    out: NDArray[np.float32],
    scratch: Scratch | None = None,
) -> None:
    """Write the edge: v in its red, green and blue, and in its alpha how much light the background sends.

    picture: uint8 [h, w, 3|4] sRGB, as the network saw it; may be a strided view.
    alpha: float32 [h, w], 0..1, as the network gave it: where the room is.
    shown: the same after the edges were edited; `alpha` itself where they were not.
    spill_removal, light_wrap: 0..1.
    out: float32 [h, w, 4]: v, -1..1, whose luma is 0, and 0..1.
    scratch: memory that is kept from one picture to the next.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    check("The alpha", alpha, np.float32, (height, width))
    check("The edited alpha", shown, np.float32, (height, width))
    check("The edge", out, np.float32, (height, width, 4))
    scratch = scratch or Scratch()
    near, turned = scratch.floats("spill near", height, width, 1), scratch.floats("spill", width, height, 1)
    _rest(shown, near)
    _diffuse(near, turned, NEAR_SHARE)
    means = scratch.floats("spill means", *((height, width, 8) if spill_removal > 0 else (0, 0, 8)))
    if spill_removal > 0:
        _weigh(picture, alpha, near, DECODE, means)
        _diffuse(means, scratch.floats("spill means turned", width, height, 8), ROOM_SHARE)
    _aim(near, means, spill_removal, light_wrap, out)


def _diffuse(cells: NDArray[np.float32], turned: NDArray[np.float32], share: float) -> None:
    """Two means over windows whose reaches add up to `share` of the height."""
    radius = max(1, round(cells.shape[0] * share / 2))
    for _ in range(2):
        box(cells, turned, radius)
        box(turned, cells, radius)
