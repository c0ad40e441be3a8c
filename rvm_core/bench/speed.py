"""CPU time of our way beside the plain recipe, in turns in one run: only the ratios mean something.

The recipe is what tutorials show: the official graph on the whole picture at ratio 0.25, a Gaussian blur of
51 x 51 over the whole picture, and a blend in numpy's floating point.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.bench.quality import MODEL, official
from rvm_core.kernels.bokeh import bokeh
from rvm_core.kernels.composite import composite
from rvm_core.matting import Matting
from rvm_core.pipeline import blur_radius_px

WIDTH, HEIGHT = 1920, 1080
RECIPE_RATIO = 0.25
RECIPE_KERNEL = (51, 51)
LEVEL = "fast"
_STRENGTH, _HIGHLIGHTS = 0.5, 0.3


@dataclass(frozen=True)
class Speed:
    """Median CPU milliseconds of one thread for one 1080p picture, ours and the recipe's."""

    what: str
    ours_ms: float
    recipe_ms: float
    ratio: float


def measure(turns: int) -> tuple[Speed, ...]:
    """Each pair `turns` times, in turns.  Raises ModelMissing."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        picture, alpha = _scene()
        with Matting(MODEL, LEVEL, "cpu", 1) as engine:
            reference = official(RECIPE_RATIO)

            def ours() -> None:
                small = _resized(picture, engine.internal_size(WIDTH, HEIGHT))
                small_alpha, _ = engine.step_internal(small)
                _our_blur(picture, _resized(small_alpha, (WIDTH, HEIGHT)), small, small_alpha)

            def recipe() -> None:
                _recipe_blur(picture, reference(picture).alpha)

            size = engine.internal_size(WIDTH, HEIGHT)
            seen = _resized(picture, size), _resized(alpha, size)
            return (
                _pair(
                    "blur and composite",
                    lambda: _our_blur(picture, alpha, *seen),
                    lambda: _recipe_blur(picture, alpha),
                    turns,
                ),
                _pair("matte, blur and composite", ours, recipe, turns),
            )
    finally:
        cv2.setNumThreads(threads)


def _pair(what: str, ours: Callable[[], object], recipe: Callable[[], object], turns: int) -> Speed:
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(turns + 1):
        for run, times in zip((ours, recipe), spent, strict=True):
            started = time.thread_time()
            run()
            if turn:  # the first one warms up
                times.append(1e3 * (time.thread_time() - started))
    ours_ms, recipe_ms = (float(np.median(times)) for times in spent)
    return Speed(what, round(ours_ms, 1), round(recipe_ms, 1), round(ours_ms / recipe_ms, 3))


def _our_blur(
    picture: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    small: NDArray[np.uint8],
    small_alpha: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """The background blurred at the size that the network saw, and enlarged: a lens leaves no detail."""
    blurred = np.empty((*small_alpha.shape, 4), np.uint8)
    bokeh(small, small_alpha, blur_radius_px(_STRENGTH, small.shape[0]), _HIGHLIGHTS, blurred)
    out: NDArray[np.uint8] = _resized(blurred[..., :3], (picture.shape[1], picture.shape[0]))
    composite(picture, alpha, out, out)
    return out


def _resized(array: NDArray[Any], size: tuple[int, int]) -> Any:
    import cv2

    is_shrunk = size[0] < array.shape[1]
    return cv2.resize(array, size, interpolation=cv2.INTER_AREA if is_shrunk else cv2.INTER_LINEAR)


def _recipe_blur(picture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    import cv2

    blurred = cv2.GaussianBlur(picture, RECIPE_KERNEL, 0)
    share = alpha[..., None]
    return (picture * share + blurred * (1 - share)).astype(np.uint8)


def _scene() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A picture of blotches, and a soft ellipse as alpha."""
    import cv2

    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (HEIGHT // 40, WIDTH // 40, 3), np.uint8)
    picture: Any = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    alpha = np.clip((0.5 - np.hypot(2 * x, y - 0.3)) * 12 + 0.5, 0, 1).astype(np.float32)
    return picture, alpha
