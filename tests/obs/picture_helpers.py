"""What the tests of failures, pictures and properties share: an OBS with the test graphs, pictures whose
matte is known, and what OBS ought to make of them."""

from __future__ import annotations

import itertools
import json
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from installer import status
from installer.layout import DATA_DIR_VARIABLE, SCRIPT, SITE_PACKAGES_VARIABLE, STATUS_DIR_VARIABLE
from installer.sandbox import Sandbox, filter_entry
from rvm_core import paths
from rvm_core.kernels.foreground import PICTURE_FROM
from rvm_core.kernels.full_size import small_matte
from rvm_core.matting import internal_size
from rvm_core.matting.size import WHITE
from tests import graphs
from tests.obs.conftest import STATUS_FOLDER, _why_not
from tests.obs.patience import limit_s
from tests.unit import oracles

FILTER_KIND = "rvm_background_filter"
FILTER = "Matte"
GOOD = {"model": "graph_good", "quality": "fast", "threads": 1}
INSIDE = Path(__file__).with_name("inside_script.py")

MARKERS = ((150, 0, 150), (0, 0, 150))
"""The two colours of the room's checkerboard: dark, so not a person, and nowhere else in a picture."""

Picture = Any
"""[height, width, 3 or 4] uint8, red-green-blue(-alpha)."""


# -- an OBS ---------------------------------------------------------------------------------------


class Inside:
    """The other end of ``inside_script.py``.  ``script`` is an entry of Sandbox's `scripts`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.script = (INSIDE, {"folder": str(folder)})
        self._folder = folder
        self._numbers = itertools.count()

    def call(self, name: str, **arguments: Any) -> Any:
        """The answer of a function of the script."""
        request = self._folder / f"{next(self._numbers):06}.json"
        part = request.with_suffix(".tmp")
        part.write_text(json.dumps({"call": name, **arguments}))
        part.replace(request)
        answer = request.with_suffix(".answer")
        wait_until(answer.exists, f"an answer to {name}")
        return json.loads(answer.read_text())


class Lab:
    """One OBS with the test graphs as its models, shared by the tests of a module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.files = graphs.build_all(self.data)
        self.obs: Sandbox = None  # type: ignore[assignment]
        self._numbers = itertools.count()
        self._inside = Inside(folder / "calls")
        self.call = self._inside.call
        self.scripts = [(SCRIPT, {}), self._inside.script]

    @contextmanager
    def running(self, **arguments: Any) -> Iterator[Lab]:
        """Start OBS; `arguments` are those of Sandbox."""
        reason = _why_not()
        if reason:
            pytest.skip(reason)
        home = self.folder / "home"
        (home / STATUS_FOLDER).mkdir(parents=True, exist_ok=True)
        env = {
            DATA_DIR_VARIABLE: str(self.data),
            SITE_PACKAGES_VARIABLE: sysconfig.get_paths()["purelib"],
            STATUS_DIR_VARIABLE: str(home / STATUS_FOLDER),
            "NUMBA_CACHE_DIR": str(paths.numba_cache_dir()),
        }
        env |= arguments.pop("env", {})
        with Sandbox(home, env=env, **{"scripts": self.scripts, **arguments}) as self.obs:
            yield self

    def change(self, source: str, **values: Any) -> None:
        """Change some of the settings of the filter on `source`."""
        self.obs.ws.set_source_filter_settings(source, FILTER, values, True)

    def reset_filter(self, source: str, **values: Any) -> None:
        """Give the filter on `source` the defaults but for GOOD and `values`."""
        self.obs.ws.set_source_filter_settings(source, FILTER, {**GOOD, **values}, False)

    def status(self, source: str) -> dict[str, Any]:
        """What the filter on `source` reported last; empty before its first report."""
        found = [one for one in status.read(self.obs.home.root / STATUS_FOLDER) if one["source"] == source]
        return found[-1] if found else {}

    def wait_status(self, source: str, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first status of the filter on `source` for which `wanted` holds."""
        wait_until(
            lambda: bool(self.status(source)) and wanted(self.status(source)),
            lambda: (
                f"{source}: {what}; its status: {self.status(source)}\n"
                + "\n".join(self.obs.log().splitlines()[-15:])
            ),
        )
        return self.status(source)

    def screenshot(self, name: str, width: int, height: int) -> Picture:
        """The source or scene as OBS draws it now, RGBA."""
        file = self.obs.screenshot(name, self.folder / f"shot-{next(self._numbers)}.png", width, height)
        picture = read_png(file)
        file.unlink()
        return picture

    def wait_picture(
        self, name: str, size: tuple[int, int], is_right: Callable[[Picture], bool], timeout_s: float = 20.0
    ) -> Picture:
        """The first screenshot that `is_right`, else the last one taken: assert on it."""
        began = time.monotonic()
        while True:
            picture = self.screenshot(name, *size)
            if is_right(picture) or time.monotonic() > began + limit_s(timeout_s):
                return picture
            time.sleep(0.1)

    def filter_log(self, source_filter: str = FILTER) -> list[str]:
        """The log's lines about the filter called `source_filter`."""
        return self.obs.log_lines(f"[obs-rvm] '{source_filter}'")


def wait_until(holds: Callable[[], bool], what: str | Callable[[], str], timeout_s: float = 45.0) -> None:
    """Fails with `what` unless `holds` comes true in time."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() > began + limit_s(timeout_s):
            waited_s = time.monotonic() - began
            pytest.fail(f"not within {waited_s:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(0.05)


def version(text: str) -> tuple[int, ...]:
    """The first two numbers of a version such as "32.2.2"."""
    return tuple(int(number) for number in text.split(".")[:2])


def matting(**values: Any) -> dict[str, Any]:
    """The filter with GOOD settings and `values`."""
    return filter_entry(FILTER_KIND, FILTER, {**GOOD, **values})


# -- pictures -------------------------------------------------------------------------------------


def write_png(path: Path, pixels: Picture) -> Path:
    """A PNG of uint8 RGB or RGBA."""
    import cv2

    order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    assert cv2.imwrite(str(path), cv2.cvtColor(pixels, order))
    return path


def read_png(path: Path) -> Picture:
    """[height, width, 4] uint8 RGBA."""
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, f"{path} is no picture"
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA)


def room(width: int, height: int, cell: int = 4) -> Picture:
    """A dark checkerboard of MARKERS with a bright "person" up on the left and a bright foot below him.

    Neither mirror image nor turned picture equals it.  uint8 [height, width, 3].
    """
    y, x = np.mgrid[0:height, 0:width]
    picture = np.array(MARKERS, np.uint8)[(x // cell + y // cell) % 2]
    shades = np.stack([np.full_like(x, 250), 200 + 50 * x // width, 190 + 60 * y // height], axis=2)
    is_person = (x > 0.15 * width) & (x < 0.45 * width) & (y > 0.1 * height) & (y < 0.6 * height)
    is_person |= (x > 0.15 * width) & (x < 0.75 * width) & (y > 0.6 * height) & (y < 0.8 * height)
    picture[is_person] = shades[is_person]
    return picture


def marker_share(picture: Picture, reach: int = 24) -> float:
    """The share of visible pixels whose colour is within `reach` of one of MARKERS."""
    rgb = picture[..., :3].astype(int)
    seen = np.zeros(picture.shape[:2], bool)
    for color in MARKERS:
        seen |= np.abs(rgb - color).max(axis=2) <= reach
    if picture.shape[2] == 4:
        seen &= picture[..., 3] > 8
    return float(seen.mean())


def sharpness(picture: Picture) -> float:
    """The mean difference of neighbouring pixels: some 40 for the room's checkerboard."""
    rgb = picture[..., :3].astype(float)
    return float(np.abs(np.diff(rgb, axis=1)).mean() + np.abs(np.diff(rgb, axis=0)).mean())


def encode(linear: Any) -> Any:
    """Linear light 0..1 to sRGB 0..255, float."""
    linear = np.clip(linear, 0.0, 1.0)
    return 255.0 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def decode(encoded: Any) -> Any:
    """sRGB 0..255 to linear light 0..1."""
    value = np.asarray(encoded, float) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def small_picture(picture: Picture, quality: str = "fast") -> Picture:
    """What the network is shown of `picture`: uint8 [h, w, 3]."""
    import cv2

    height, width = picture.shape[:2]
    size = internal_size(width, height, quality)
    small = cv2.resize(picture[..., :3].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.rint(small).astype(np.uint8)


def good_alpha(small: Picture, quality: str = "fast") -> Any:
    """The alpha 0..1 that the engine gives a still picture with ``graph_good``; float32 [h, w]."""
    luma = small[..., :3] / 255.0 @ np.array([0.2126, 0.7152, 0.0722])
    return np.clip(((luma - 0.5) * 10.0 + 0.5) / WHITE[quality], 0.0, 1.0).astype(np.float32)


def enlarged(small: Any, like: Picture) -> Any:
    """`small` brought bilinearly to the size of `like`."""
    import cv2

    return cv2.resize(small, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_LINEAR)


def expected_matte(picture: Picture, quality: str = "fast") -> Any:
    """Colour times alpha, and alpha, of ``graph_good`` at full size; float32 [height, width, 4]."""
    small = small_picture(picture, quality)
    alpha = good_alpha(small, quality)
    foreground = np.ascontiguousarray(np.moveaxis(small, 2, 0) / np.float32(255))
    matte, detail = (
        enlarged(part.astype(np.float16).astype(np.float32), picture)
        for part in small_matte(small, alpha, foreground, picture.shape[1] / small.shape[1])
    )
    return oracles.sharpened(picture, detail, matte)


def expected_front(picture: Picture, quality: str = "fast") -> tuple[Any, Any]:
    """What mode ``transparent`` must make of `picture` (RGB, or RGBA premultiplied) with ``graph_good``.

    Linear light times alpha [height, width, 3], and alpha [height, width].
    """
    matte = expected_matte(picture, quality)
    own_alpha = picture[..., 3] / 255.0 if picture.shape[2] == 4 else np.ones(picture.shape[:2])
    alpha = matte[..., 3]
    share = np.clip((alpha - PICTURE_FROM) / (1.0 - PICTURE_FROM), 0.0, 1.0)
    share = (share * share * (3.0 - 2.0 * share))[..., None]
    own = decode(picture[..., :3]) * alpha[..., None]
    return matte[..., :3] * own_alpha[..., None] * (1.0 - share) + own * share, alpha * own_alpha


def expected_screenshot(picture: Picture, quality: str = "fast") -> Any:
    """What a screenshot of the matted source alone must hold; float [height, width, 4], 0..255."""
    front, alpha = expected_front(picture, quality)
    return np.dstack([encode(front), 255.0 * alpha])


def over(front: tuple[Any, Any], behind: Any) -> Any:
    """`front` as of :func:`expected_front` over `behind` (sRGB), in linear light; float sRGB 0..255."""
    light, alpha = front
    return encode(light + decode(behind) * (1.0 - alpha[..., None]))


def off_share(picture: Picture, expected: Any, reach: float = 2.0, where: Any = None) -> float:
    """The share of pixels (of those in the mask `where`) that differ by more than `reach` of 255."""
    differences = np.abs(picture[..., : expected.shape[2]].astype(float) - expected).max(axis=2) > reach
    return float(differences.mean() if where is None else differences[where].mean())
