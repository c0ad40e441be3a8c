"""The person of a clip placed anew over the clip's clean plate: seated, entering, leaving, small, in company.

The person's light is what a frame shows beyond the plate, so a frame placed where it was is the frame again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rvm_core.bench.frame import Frame, Picture

FPS = 25
"""The clips have 25 or 30 frames a second."""
SEATED_S = 20
WALK_S = 1.0
"""From outside of the picture to the person's place."""
AWAY_S = 2.0
SMALL_SCALE = 0.35
"""The height of a small person, as a share of the person's own."""
PAIR_SCALE = 0.75
"""The same for each of two people side by side."""
CAMERA_NOISE = 2.0
"""Standard deviation, of 255: a still plate without any noise is not what a camera gives."""
_SOMEBODY = 0.02
"""Mean alpha of a frame with a person."""


class Person(NamedTuple):
    """light: float32 [H, W, 3], 0..255, what the person adds to the picture.  alpha: float32 [H, W]."""

    light: NDArray[np.float32]
    alpha: NDArray[np.float32]

    def placed(self, *, scale: float = 1.0, shift: float = 0.0, is_mirrored: bool = False) -> Person:
        """Standing on the same lower edge, `scale` times as large, moved to the right by `shift` widths."""
        import cv2

        height, width = self.alpha.shape
        across = -scale if is_mirrored else scale
        centre, foot = (width - 1) / 2, height - 1
        moved = centre * (1 - across) + shift * width
        matrix = np.array([[across, 0, moved], [0, scale, foot * (1 - scale)]], np.float32)

        def warped(image: NDArray[np.float32]) -> NDArray[np.float32]:
            # Shrinking without a blur would alias.
            smooth: Any = cv2.GaussianBlur(image, (0, 0), 0.5 / scale) if scale < 1 else image
            return np.asarray(cv2.warpAffine(smooth, matrix, (width, height)), np.float32)

        return Person(warped(self.light), warped(self.alpha))


Shot = tuple[Person, ...]
"""The people of one frame, from the farthest to the nearest."""
Composition = Callable[[Sequence[Person]], Iterator[Shot]]
"""The shots of a clip, given its person frame by frame."""


def composed(
    frames: Iterator[Frame], plate: Picture, composition: Composition, random: np.random.Generator
) -> Iterator[Frame]:
    """`composition` of the person of `frames` over `plate`, as a camera with CAMERA_NOISE sees it."""
    people = [person(frame, plate) for frame in frames if frame.alpha.mean() > _SOMEBODY]
    for shot in composition(people):
        picture = plate.astype(np.float32)
        alpha = np.zeros(plate.shape[:2], np.float32)
        for one in shot:
            picture = one.light + (1 - one.alpha[..., None]) * picture
            alpha = one.alpha + (1 - one.alpha) * alpha
        picture += random.normal(0, CAMERA_NOISE, picture.shape)
        yield Frame(np.clip(np.rint(picture), 0, 255).astype(np.uint8), alpha)


def person(frame: Frame, plate: Picture) -> Person:
    """The person of a frame before `plate`."""
    through = (1 - frame.alpha[..., None]) * plate
    light = np.where(frame.alpha[..., None] > 0, frame.picture - through, 0)
    return Person(np.clip(light, 0, 255).astype(np.float32), frame.alpha)


def _to_and_fro(people: Sequence[Person], count: int) -> Iterator[Person]:
    """`count` frames of `people`, forwards and backwards: no jump at either end."""
    there_and_back = [*people, *people[-2:0:-1]]
    return (there_and_back[number % len(there_and_back)] for number in range(count))


def _seated(people: Sequence[Person]) -> Iterator[Shot]:
    for one in people:
        yield (one,)
    for _ in range(SEATED_S * FPS):
        yield (people[-1],)


def _walk(begin: float, end: float) -> NDArray[np.float64]:
    """Where a person is who walks from `begin` to `end`, in widths of the picture, frame by frame."""
    return np.linspace(begin, end, round(WALK_S * FPS))


def _entering(people: Sequence[Person]) -> Iterator[Shot]:
    places = [*_walk(-1.0, 0.0), *[0.0] * len(people)]
    for one, place in zip(_to_and_fro(people, len(places)), places, strict=True):
        yield (one.placed(shift=place),)


def _leaving(people: Sequence[Person]) -> Iterator[Shot]:
    places: list[float | None] = [0.0] * len(people)
    places += [*_walk(0.0, 1.0), *[None] * round(AWAY_S * FPS), *_walk(1.0, 0.0), *[0.0] * len(people)]
    for one, place in zip(_to_and_fro(people, len(places)), places, strict=True):
        yield () if place is None else (one.placed(shift=place),)


def _small(people: Sequence[Person]) -> Iterator[Shot]:
    for one in people:
        yield (one.placed(scale=SMALL_SCALE),)


def _two(people: Sequence[Person]) -> Iterator[Shot]:
    """The other one is the mirror image, half a clip later."""
    later = len(people) // 2
    for one, other in zip(people, [*people[later:], *people[:later]], strict=True):
        yield (
            other.placed(scale=PAIR_SCALE, shift=0.25, is_mirrored=True),
            one.placed(scale=PAIR_SCALE, shift=-0.25),
        )


COMPOSITIONS: Mapping[str, Composition] = {
    "person first": lambda people: ((one,) for one in people),
    "seated": _seated,
    "entering": _entering,
    "leaving": _leaving,
    "small": _small,
    "two people": _two,
}
