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
NEAR_SHARE = 0.045
"""How far inside a person the room counts as near, as a share of the picture's height."""
LEAST_CHROMA = 0.02
"""Of linear light: a room whose colour is no further from grey spills half as much."""
OWN_CHROMA = 0.5
"""Of the room's, by the luma of each: what points its way so strongly is the person's own and stays."""
DIM = 0.03
"""Of linear light, added to the person's luma: what is so dark, hair above all, has hardly a colour."""
MOST_WRAP = 0.6
"""The share of the background's light that reaches the edge itself at light wrap 1."""
_CELLS_HIGH = 72
"""About how many rows of cells the picture is reduced to: what is carried so far needs no more."""


@kernel
def _reduce(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    kept: NDArray[np.float32],
    light: NDArray[np.float32],
    side: int,
    near: NDArray[np.float32],
    colours: NDArray[np.float32],
) -> None:
    """Sums of cells: colours by how much they are the room's (0 to 3) and the person's (4 to 7)."""
    height, width = alpha.shape
    for v in range(near.shape[0]):
        for u in range(near.shape[1]):
            rest_sum = 0.0
            # never 0: where nothing of the kind is near, any colour is as good as another, but 0/0 is none
            for c in range(8):
                colours[v, u, c] = 1e-6
            y1, x1 = min((v + 1) * side, height), min((u + 1) * side, width)
            for y in range(v * side, y1):
                for x in range(u * side, x1):
                    a, rest = alpha[y, x], np.float32(1.0) - alpha[y, x]
                    rest_sum += np.float32(1.0) - kept[y, x]
                    room, own = rest * rest * rest * rest, a * a * a * a
                    for c in range(3):
                        seen = light[picture[y, x, c]]
                        colours[v, u, c] += seen * room
                        colours[v, u, 4 + c] += seen * own
                    colours[v, u, 3] += room
                    colours[v, u, 7] += own
            near[v, u, 0] = rest_sum / ((y1 - v * side) * (x1 - u * side))


@kernel
def _prefer_inside(near: NDArray[np.float32], colours: NDArray[np.float32]) -> None:
    """Have the person's own colour come from where the room is not near, if there is such a place."""
    for v in range(near.shape[0]):
        for u in range(near.shape[1]):
            inside = max(1.0 - 2.0 * near[v, u, 0], 0.0)
            for c in range(4, 8):
                colours[v, u, c] *= inside * inside + 1e-3


@kernel
def _aim(
    near: NDArray[np.float32],
    colours: NDArray[np.float32],
    spill_removal: float,
    light_wrap: float,
    out: NDArray[np.float32],
) -> None:
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            by = min(max(2.0 * near[y, x, 0], 0.0), 1.0)
            out[y, x, 3] = light_wrap * MOST_WRAP * by * by
            if spill_removal <= 0.0:
                out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = 0.0
                continue
            room, own = 1.0 / colours[y, x, 3], 1.0 / colours[y, x, 7]
            r, g, b = colours[y, x, 0] * room, colours[y, x, 1] * room, colours[y, x, 2] * room
            luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
            r, g, b = r - luma, g - luma, b - luma
            size = np.sqrt(r * r + g * g + b * b)
            red, green, blue = colours[y, x, 4] * own, colours[y, x, 5] * own, colours[y, x, 6] * own
            own_luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
            alike = (red - own_luma) * r + (green - own_luma) * g + (blue - own_luma) * b
            # both by their own luma: how light a place is says nothing of its colour
            alike = max(alike, 0.0) * luma / ((own_luma + DIM) * max(size * size, 1e-8))
            gate = size * size / (size * size + LEAST_CHROMA * LEAST_CHROMA)
            gate *= max(1.0 - alike / OWN_CHROMA, 0.0)
            length = np.sqrt(spill_removal * by * gate) / max(size, 1e-4)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = length * r, length * g, length * b


@kernel
def _enlarge(cells: NDArray[np.float32], side: int, out: NDArray[np.float32]) -> None:
    """Bilinear between the middles of the cells, which are `side` pixels wide."""
    height, width = out.shape[:2]
    rows, columns = cells.shape[:2]
    line = np.empty((columns + 1, 4), np.float32)
    for y in range(height):
        at = min(max((y + 0.5) / side - 0.5, 0.0), rows - 1.0)
        y0 = int(at)
        y1, tall = min(y0 + 1, rows - 1), np.float32(at - y0)
        for u in range(columns):
            for c in range(4):
                line[u, c] = cells[y0, u, c] + tall * (cells[y1, u, c] - cells[y0, u, c])
        line[columns] = line[columns - 1]
        for x in range(width):
            at = min(max((x + 0.5) / side - 0.5, 0.0), columns - 1.0)
            u = int(at)
            wide = np.float32(at - u)
            for c in range(4):
                out[y, x, c] = line[u, c] + wide * (line[u + 1, c] - line[u, c])


def spill_and_wrap(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    kept: NDArray[np.float32],
    spill_removal: float,
    light_wrap: float,
    out: NDArray[np.float32],
    scratch: Scratch | None = None,
) -> None:
    """Write the edge: v in its red, green and blue, and in its alpha how much light the background sends.

    picture: uint8 [h, w, 3|4] sRGB, as the network saw it; may be a strided view.
    alpha: float32 [h, w], 0..1, as the network gave it: where the room is.
    kept: float32 [h, w], what the edges leave of it; `alpha` itself where nothing moves them inward.
    spill_removal, light_wrap: 0..1.
    out: float32 [h, w, 4]: v, -1..1, whose luma is 0, and 0..1.
    scratch: memory that is kept from one picture to the next.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    check("The alpha", alpha, np.float32, (height, width))
    check("What is kept", kept, np.float32, (height, width))
    check("The edge", out, np.float32, (height, width, 4))
    scratch = scratch or Scratch()
    side = max(1, round(height / _CELLS_HIGH))
    rows, columns = -(-height // side), -(-width // side)
    near, colours, cells = (
        scratch.floats(f"spill {name}", rows, columns, count)
        for name, count in (("near", 1), ("colours", 8), ("cells", 4))
    )
    _reduce(picture, alpha, kept, DECODE, side, near, colours)
    _diffuse(near, scratch.floats("spill near turned", columns, rows, 1), NEAR_SHARE)
    if spill_removal > 0:
        _prefer_inside(near, colours)
        _diffuse(colours, scratch.floats("spill colours turned", columns, rows, 8), ROOM_SHARE)
    _aim(near, colours, spill_removal, light_wrap, cells)
    _enlarge(cells, side, out)


def _diffuse(cells: NDArray[np.float32], turned: NDArray[np.float32], share: float) -> None:
    """Two means over windows whose reaches add up to `share` of the height."""
    radius = max(1, round(cells.shape[0] * share / 2))
    for _ in range(2):
        box(cells, turned, radius)
        box(turned, cells, radius)
