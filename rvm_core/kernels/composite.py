"""A person over a background, mixed in linear light as a lens would, and lit by it around the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import DEPTHS, check, check_small, size_of
from rvm_core.kernels._jit import kernel
from rvm_core.kernels.full_size import enlarged_row
from rvm_core.kernels.light_wrap import light_line, spline
from rvm_core.kernels.srgb import tables

_NO_EDGE, _NO_LIGHT = np.empty((0, 0, 4), np.float32), np.empty((0, 0, 3), np.float32)


@kernel
def _composite(
    foreground: NDArray[Any],
    alpha: NDArray[np.float32],
    background: NDArray[Any],
    edge: NDArray[np.float32],
    light: NDArray[np.float32],
    out: NDArray[Any],
    linear: NDArray[np.float32],
    encoded: NDArray[Any],
) -> None:
    height, width = alpha.shape
    rows, columns = edge.shape[:2]
    steps = encoded.size - 1
    around, line = np.empty((columns + 2, 4), np.float32), np.empty((light.shape[1], 3), np.float32)
    weights, near, shine = np.empty(4, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    wrapped = np.float32(0.0)
    for y in range(height):
        if rows > 0:
            enlarged_row(edge, (y + 0.5) * rows / height - 0.5, around)
            light_line(light, (y + 0.5) * light.shape[0] / height - 0.5, weights, line)
        for x in range(width):
            share = alpha[y, x]
            if not share > 0.0:  # NaN is background, too
                for c in range(3):
                    out[y, x, c] = background[y, x, c]
                continue
            if rows > 0:
                at = (x + 0.5) * columns / width + 0.5
                u = int(at)
                wrapped = around[u, 3] + np.float32(at - u) * (around[u + 1, 3] - around[u, 3])
            if share >= 1.0 and not wrapped > 0.0:
                for c in range(3):
                    out[y, x, c] = foreground[y, x, c]
                continue
            for c in range(3):
                near[c] = linear[foreground[y, x, c]]
            if wrapped > 0.0:
                first = spline((x + 0.5) * line.shape[0] / width - 0.5, weights)
                shine[:] = 0.0
                for k in range(4):
                    u = min(max(first + k, 0), line.shape[0] - 1)
                    for c in range(3):
                        shine[c] += weights[k] * line[u, c]
                for c in range(3):
                    near[c] += wrapped * shine[c] * (np.float32(1.0) - near[c])
            share = min(share, np.float32(1.0))
            for c in range(3):
                far = linear[background[y, x, c]]
                out[y, x, c] = encoded[int(np.sqrt(far + share * (near[c] - far)) * steps + 0.5)]


def composite(
    foreground: NDArray[Any],
    alpha: NDArray[np.float32],
    background: NDArray[Any],
    out: NDArray[Any],
    *,
    edge: NDArray[np.float32] | None = None,
    light: NDArray[np.float32] | None = None,
) -> None:
    """Write `foreground` over `background` into `out`, which may be one of them.

    foreground, background: both uint8 or both uint16 [h, w, 3|4] sRGB, straight; a fourth channel is ignored.
    alpha: float32 [h, w], clamped to 0..1 (NaN is 0).  out: as they are; a fourth channel stays.
    edge: float32 of [any, any, 4], whose alpha says where the background shines around the person
    (:mod:`rvm_core.kernels.spill`), with `light`, of :func:`rvm_core.kernels.light_wrap.light_of`.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The foreground", foreground, DEPTHS)
    check("The alpha", alpha, np.float32, (height, width))
    check("The background", background, foreground.dtype, (height, width, (3, 4)))
    check("The result", out, foreground.dtype, (height, width, (3, 4)))
    if edge is None or light is None:
        edge, light = _NO_EDGE, _NO_LIGHT
    else:
        check_small("The edge", edge, 4)
        check_small("The light", light, 3)
    known = tables(foreground.dtype)
    _composite(foreground, alpha, background, edge, light, out, known.light, known.encoded)
