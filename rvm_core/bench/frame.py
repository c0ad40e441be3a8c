"""A frame of a clip with its truth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

TRUSTED_ALPHA = (0.3, 0.95)
"""Where the true foreground can be told from picture, alpha and plate.

F = (C - (1 - alpha) * B) / alpha divides the faults of a compressed picture by alpha.  On our clips those are
2 to 3 of 255 beside the person and up to 6 in the edge, where the codec halves the colours' resolution.  At
alpha 0.1 to 0.15 then 40 % (far off) and 14 % (half a room) of the colours lie outside what a picture can
hold, at 0.2 to 0.3 still 14 % and 3 %, from 0.3 on no more than 11 % and 1 %.  Above 0.95 the picture is all
but the person's own, and the true alpha's residue inside the body lies there: twice the pixels of the edge.
"""


class Frame(NamedTuple):
    """picture: uint8 [H, W, 3] sRGB.  alpha: float32 [H, W], the truth.

    foreground: float32 [H, W, 3], the person's true colour, sRGB 0..1, NaN where alpha is outside
    TRUSTED_ALPHA; None for a clip without a clean plate, or a condition that changes colours.
    """

    picture: Picture
    alpha: NDArray[np.float32]
    foreground: NDArray[np.float32] | None = None
