"""The errors of an alpha against the true one, as in the evaluation of Robust Video Matting.

Sources: Lin et al., Robust High-Resolution Video Matting with Temporal Guidance, 2021 (section 4);
Rhemann et al., A Perceptually Motivated Online Benchmark for Image Matting, 2009 (Grad and Conn);
Erofeev et al., Perceptually Motivated Benchmark for Video Matting, 2015 (dtSSD).

Alphas are float32 [H, W], 0..1, and colours float32 [H, W, 3], sRGB 0..1, of one size.
All functions: any thread; smaller is better.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.float32]

Colour = NDArray[np.float32]

BARE, SOLID = 0.02, 0.98
"""True alphas below and above which a pixel is only room and only person."""

_SIGMA = 1.4
_STEPS = 10
_IGNORED = 0.15


def mad(given: Alpha, true: Alpha) -> float:
    """The mean absolute difference, x 1e3."""
    return 1e3 * float(np.abs(given - true).mean())


def mse(given: Alpha, true: Alpha) -> float:
    """The mean squared difference, x 1e3."""
    return 1e3 * float(np.square(given - true).mean())


def room_shown(given: Alpha, true: Alpha) -> float:
    """How much of the picture is room that is shown, x 1e3: alpha where the true one is below BARE."""
    return 1e3 * float(np.sum(given, where=true < BARE)) / true.size


def person_lost(given: Alpha, true: Alpha) -> float:
    """How much of the picture is person that is missing, x 1e3: 1 - alpha where the truth is above SOLID."""
    return 1e3 * float(np.sum(1 - given, where=true > SOLID)) / true.size


def dtssd(given: Alpha, true: Alpha, given_before: Alpha, true_before: Alpha) -> float:
    """How differently the alphas change from one picture to the next: root mean square, x 1e2."""
    return 1e2 * math.sqrt(float(np.square((given - given_before) - (true - true_before)).mean()))


def colour(given: Colour, true: Colour, given_alpha: Alpha, true_alpha: Alpha) -> float:
    """The mean absolute difference of the person's colour, x 1e3; NaN where there is nothing to compare.

    Pixels where `true` is NaN do not count.  The others weigh as much as the lower alpha lets a viewer see
    of them over a new background: a colour that is not shown is an error of alpha, not of colour.
    """
    where = ~np.isnan(true[..., 0])
    weight = np.minimum(given_alpha, true_alpha)[where]
    if not weight.any():
        return math.nan
    return 1e3 * float(np.average(np.abs(given[where] - true[where]).mean(axis=1), weights=weight))


def grad(given: Alpha, true: Alpha) -> float:
    """The squared difference of the gradients' magnitudes, summed, / 1e3.

    Both alphas are stretched to 0..1 first; the gradient is that of a Gaussian of sigma 1.4.
    """
    return float(np.square(_gradient(given) - _gradient(true)).sum()) / 1e3


def conn(given: Alpha, true: Alpha) -> float:
    """How much of each alpha hangs loose from the largest region that both share, summed, / 1e3.

    At each tenth, the pixels where both reach it are split into 4-connected regions; a pixel's level is
    the last tenth at which the largest region held it.  What exceeds the level by less than 0.15 is
    not counted.
    """
    import cv2

    level = np.ones_like(true)
    is_held = np.ones(true.shape, bool)
    for step in range(1, _STEPS + 1):
        both: Any = ((given >= step / _STEPS) & (true >= step / _STEPS)).astype(np.uint8)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(both, connectivity=4)
        sizes = stats[1:, cv2.CC_STAT_AREA]
        largest = labels == 1 + int(sizes.argmax()) if sizes.size else np.zeros(true.shape, bool)
        level[is_held & ~largest] = (step - 1) / _STEPS
        is_held &= largest
    return float(np.abs(_loose(given, level) - _loose(true, level)).sum()) / 1e3


def _loose(alpha: Alpha, level: Alpha) -> Alpha:
    beyond = alpha - level
    return np.where(beyond >= _IGNORED, beyond, np.float32(0))


def _gradient(alpha: Alpha) -> NDArray[np.float64]:
    import cv2

    low, high = float(alpha.min()), float(alpha.max())
    stretched = (alpha.astype(np.float64) - low) / (high - low) if high > low else np.zeros(alpha.shape)
    across, down = (
        np.asarray(cv2.filter2D(stretched, -1, kernel, borderType=cv2.BORDER_REPLICATE))
        for kernel in (_derivative(), _derivative().T)
    )
    return np.hypot(across, down)


@cache
def _derivative() -> Any:
    """The derivative of a Gaussian in x, of unit norm, as far out as it exceeds a hundredth."""
    reach = math.ceil(_SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * _SIGMA * 1e-2)))
    places = np.arange(-reach, reach + 1, dtype=np.float64)
    bell = np.exp(-(places**2) / (2 * _SIGMA**2)) / (_SIGMA * math.sqrt(2 * math.pi))
    kernel = np.outer(bell, -places * bell / _SIGMA**2)
    return kernel / np.sqrt(np.square(kernel).sum())
