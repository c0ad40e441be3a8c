"""How noisy a camera is, from two pictures in a row.

Texture looks like noise in one picture, movement like noise between two; what is noise shows in both.  So
it is the smaller of what the picture says by itself (Immerkaer, Fast Noise Variance Estimation, 1996: a
mask that structure hardly answers to) and of what changed since the last picture; the median of each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel

_MASK_NORM, _CHANGE_NORM = 6.0, 2.0**0.5
_CHANNELS_NORM = 3.0**0.5
_MEDIAN_OF_NORMAL = 0.6745
_LARGEST = 16 * 3 * 255


@kernel
def _count(
    picture: NDArray[np.uint8],
    before: NDArray[np.uint8],
    answers: NDArray[np.int64],
    changes: NDArray[np.int64],
) -> None:
    for y in range(1, picture.shape[0] - 1):
        for x in range(1, picture.shape[1] - 1):
            answer, change = 0, 0
            for c in range(3):
                change += int(picture[y, x, c]) - int(before[y, x, c])
                for v in range(-1, 2):
                    for u in range(-1, 2):
                        weight = (-2 if v else 4) if u == 0 else (1 if v else -2)
                        answer += weight * int(picture[y + v, x + u, c])
            answers[abs(answer)] += 1
            changes[abs(change)] += 1


def noise_sigma(picture: NDArray[np.uint8], before: NDArray[np.uint8]) -> float:
    """The standard deviation, of 255, of the noise in each channel of `picture`, taken as independent.

    picture, before: uint8 [h, w, 3|4] sRGB, may be strided views.  0 for pictures below 3 x 3 pixels.
    Any thread, no GIL.  Raises PictureError.
    """
    height, width = size_of("The picture", picture)
    check("The picture before", before, np.uint8, (height, width, (3, 4)))
    if min(height, width) < 3:
        return 0.0
    counts = np.zeros((2, _LARGEST + 1), np.int64)
    _count(picture, before, *counts)
    half = 0.5 * (height - 2) * (width - 2)
    answer, change = (float(np.searchsorted(np.cumsum(one), half)) for one in counts)
    median = min(answer / _MASK_NORM, change / _CHANGE_NORM)
    return float(median / _CHANNELS_NORM / _MEDIAN_OF_NORMAL)
