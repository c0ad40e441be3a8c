"""What the place looks like without the person, learnt as the pictures come, and what that says of alpha.

A segmenter without memory wavers in arms, in gaps beside the body and before what resembles a person.
Where its camera stands still, the place itself settles much of that: a pixel that looks as it did when nobody
was there is hardly person, and one that looks otherwise hardly place.  This is background subtraction (the
running average of Wren et al., Pfinder, 1997; shadows as darker light of the same colour: Horprasert et al.,
1999), used only to tip what the network leaves open:

    odds of person' = odds of person * exp(OTHER * looks otherwise - SAME * looks the same)

with the network's alpha held between LEAST and 1 - LEAST.  What the network surely calls place stays place:
furniture that was moved is no ghost.  The place is learnt only away from the person; a pixel counts once it
was place for KNOWN_AFTER pictures.  Where too little of the place looks as remembered, the camera or the
light has moved, and what is remembered says nothing until it is learnt anew.

Measured with MediaPipe's models: see :mod:`rvm_core.matting.segmenter`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rvm_core.kernels._arguments import check, size_of
from rvm_core.kernels._jit import kernel

OTHER, SAME = 3.0, 5.0
"""How much a pixel's look may move the odds, as a logarithm."""
ALIKE, UNLIKE = 5.0, 10.0
"""Of 255, in the mean of 3 x 3 pixels: below the first a pixel looks the same, above the second not."""
FOREIGN, CERTAINLY_FOREIGN = 15.0, 40.0
"""Of 255, from the place and any shadow on it: where a pixel begins to, and surely does, look otherwise."""
DARKEST_SHADOW = 0.6
"""Of the place's light."""
LEAST = 0.02
"""Of alpha: what is surer of the place stays as it is."""
PLACE = 0.05
"""Of alpha: below, the network sees the place, against which the place is checked."""
DISTRUST, TRUST = 0.7, 0.9
"""Of the known place: as little as the first looks the same when camera or light have moved."""
KNOWN_AFTER = 8
"""Pictures."""
AWAY = 0.1
"""Of alpha: what is learnt has less all around it."""
REACH_PX = 2
SLOWEST = 0.05
"""Of the way to the new picture, at which the place follows the light of the day."""

_LEAST_KNOWN = 0.05


@kernel
def _compare(
    picture: NDArray[np.uint8],
    place: NDArray[np.float32],
    apart: NDArray[np.float32],
    foreign: NDArray[np.float32],
) -> None:
    """How far the means of 3 x 3 pixels are apart, and how far from any shadow on the place; of 255."""
    height, width = apart.shape
    darkest, lit = np.float32(DARKEST_SHADOW), np.float32(1.0)
    seen, known = np.zeros((3, width + 2), np.float32), np.zeros((3, width + 2), np.float32)
    for y in range(height):
        y0, y1 = max(y - 1, 0), min(y + 2, height)
        for c in range(3):
            for x in range(width):
                total, remembered = 0, np.float32(0.0)
                for v in range(y0, y1):
                    total += int(picture[v, x, c])
                    remembered += place[v, x, c]
                seen[c, x + 1], known[c, x + 1] = np.float32(total), remembered
        for x in range(width):
            share = lit / np.float32((y1 - y0) * (min(x + 2, width) - max(x - 1, 0)))
            red = (seen[0, x] + seen[0, x + 1] + seen[0, x + 2]) * share
            green = (seen[1, x] + seen[1, x + 1] + seen[1, x + 2]) * share
            blue = (seen[2, x] + seen[2, x + 1] + seen[2, x + 2]) * share
            place_red = (known[0, x] + known[0, x + 1] + known[0, x + 2]) * share
            place_green = (known[1, x] + known[1, x + 1] + known[1, x + 2]) * share
            place_blue = (known[2, x] + known[2, x + 1] + known[2, x + 2]) * share
            apart[y, x] = max(abs(red - place_red), abs(green - place_green), abs(blue - place_blue))
            both = red * place_red + green * place_green + blue * place_blue
            square = place_red * place_red + place_green * place_green + place_blue * place_blue
            light = min(max(both / max(square, lit), darkest), lit)
            foreign[y, x] = max(
                abs(red - light * place_red), abs(green - light * place_green), abs(blue - light * place_blue)
            )


@kernel
def _trust(age: NDArray[np.uint8], alpha: NDArray[np.float32], apart: NDArray[np.float32]) -> float:
    """How far the place may be believed, 0..1; -1: too little is known to tell."""
    known, same = 0, 0
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            if age[y, x] >= KNOWN_AFTER and alpha[y, x] < PLACE:
                known += 1
                same += int(apart[y, x] < UNLIKE)
    if known < _LEAST_KNOWN * alpha.size:
        return -1.0
    return min(max((same / known - DISTRUST) / (TRUST - DISTRUST), 0.0), 1.0)


@kernel
def _judge(
    age: NDArray[np.uint8],
    apart: NDArray[np.float32],
    foreign: NDArray[np.float32],
    trust: float,
    alpha: NDArray[np.float32],
) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            if age[y, x] < KNOWN_AFTER or alpha[y, x] <= LEAST:
                continue
            same = min(max((UNLIKE - apart[y, x]) / (UNLIKE - ALIKE), 0.0), 1.0)
            other = min(max((foreign[y, x] - FOREIGN) / (CERTAINLY_FOREIGN - FOREIGN), 0.0), 1.0)
            if same == 0.0 and other == 0.0:
                continue
            held = min(float(alpha[y, x]), 1.0 - LEAST)
            odds = held / (1.0 - held) * math.exp(trust * (OTHER * other - SAME * same))
            raised = (odds / (1.0 + odds) - LEAST) / (1.0 - 2.0 * LEAST)
            alpha[y, x] = min(max(raised, 0.0), 1.0)


@kernel
def _learn(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    apart: NDArray[np.float32],
    place: NDArray[np.float32],
    age: NDArray[np.uint8],
) -> None:
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            is_away = True
            for v in range(y - REACH_PX, y + REACH_PX + 1, REACH_PX):
                for u in range(x - REACH_PX, x + REACH_PX + 1, REACH_PX):
                    near = alpha[min(max(v, 0), height - 1), min(max(u, 0), width - 1)]
                    is_away = is_away and near < AWAY
            if not is_away:
                continue
            past = 0 if apart[y, x] > UNLIKE else int(age[y, x])
            rate = np.float32(max(1.0 / (past + 1), SLOWEST))
            for c in range(3):
                place[y, x, c] += rate * (np.float32(picture[y, x, c]) - place[y, x, c])
            age[y, x] = min(past + 1, 255)


def against_place(
    picture: NDArray[np.uint8],
    place: NDArray[np.float32],
    age: NDArray[np.uint8],
    alpha: NDArray[np.float32],
) -> float:
    """Judge `alpha` by the place, then let the place learn; in place.  Returns how far it was believed, 0..1.

    picture: uint8 [h, w, 3|4] sRGB, may be a strided view.  place: float32 [h, w, 3], 0..255, and age: uint8
    [h, w], in pictures that a pixel was place: zeros in `age` at the start, whatever the place.
    alpha: float32 [h, w], 0..1, as the network gave it for `picture`.
    Any thread, no GIL.  Raises PictureError for other shapes or dtypes.
    """
    height, width = size_of("The picture", picture)
    check("The place", place, np.float32, (height, width, 3))
    check("The age", age, np.uint8, (height, width))
    check("The alpha", alpha, np.float32, (height, width))
    apart, foreign = np.empty((2, height, width), np.float32)
    _compare(picture, place, apart, foreign)
    trust = float(_trust(age, alpha, apart))
    if trust > 0.0:
        _judge(age, apart, foreign, trust, alpha)
    elif trust == 0.0:
        age[...] = 0
    _learn(picture, alpha, apart, place, age)
    return max(trust, 0.0)
