"""The product on libobs 32, beside the libobs of the installed OBS."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core import Matting, paths
from rvm_core.libobs import api
from tests.libobs32.host import Host

PROGRAMS = Path(__file__).resolve().parent
VERSION = "32.2.2"
SIZE = (640, 360)
# Mean absolute difference x 1e3.  Both ways see the same bytes; the rounding to 8 bits remains.
MAD_LIMIT = 1.0


def write_picture(path: Path, rgb: NDArray[np.uint8]) -> None:
    """`rgb` [height, width, 3] uint8 as a PNG file."""
    import cv2

    assert cv2.imwrite(str(path), rgb[..., ::-1])


def run(
    host: Host, program: str, *arguments: object, scratch: Path, extra: dict[str, str] | None = None
) -> str:
    """A program of this folder in libobs 32, which must end well; its output."""
    done = host.run(
        PROGRAMS / f"{program}_program.py",
        [str(argument) for argument in arguments],
        scratch=scratch,
        extra=extra or {},
        timeout_s=400,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}"
    return done.stdout


def test_it_has_every_function_that_we_call(host: Host, tmp_path: Path) -> None:
    names = [name for table in api.HEADERS.values() for name in table]
    printed = run(host, "symbols", *names, "no_such_function", scratch=tmp_path)
    assert f"version {VERSION}" in printed
    assert "missing no_such_function\n" in printed


def test_it_shows_a_picture(host: Host, tmp_path: Path) -> None:
    width, height = SIZE
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, width // 2 :] = (250, 130, 10)
    write_picture(tmp_path / "picture.png", rgb)
    shown_file = tmp_path / "shown.npy"
    run(host, "plain", tmp_path / "picture.png", shown_file, *SIZE, scratch=tmp_path)
    shown = np.load(shown_file)[..., 2::-1].astype(int)
    assert np.abs(shown - rgb).max() <= 1


@pytest.mark.usefixtures("default_model_file")
def test_the_filter_mattes_a_person(host: Host, person: NDArray[np.uint8], tmp_path: Path) -> None:
    quality, status_dir, shown_file = "balanced", tmp_path / "status", tmp_path / "shown.npy"
    status_dir.mkdir()
    write_picture(tmp_path / "person.png", person)
    output = run(
        host,
        "matte",
        tmp_path / "person.png",
        shown_file,
        *SIZE,
        json.dumps({"mode": "matte", "quality": quality}),
        scratch=tmp_path,
        extra={paths.STATUS_DIR_VARIABLE: str(status_dir)},
    )
    plain = run(host, "plain", tmp_path / "person.png", tmp_path / "plain.npy", *SIZE, scratch=tmp_path)
    assert leaks(output) == leaks(plain), "leaked blocks of libobs's memory, with the filter and without"
    assert not list(status_dir.iterdir()), "the status file is gone with its filter"

    shown = np.load(shown_file)
    assert (shown[..., 0] == shown[..., 1]).all(), "a matte is grey"
    assert (shown[..., 0] == shown[..., 2]).all(), "a matte is grey"
    alpha = settled_alpha(person, quality)
    assert 0.1 < alpha.mean() < 0.9
    mad = 1e3 * float(np.abs(shown[..., 0] / np.float32(255) - alpha).mean())
    assert mad <= MAD_LIMIT


def leaks(output: str) -> int:
    """How many blocks libobs still held after its shutdown, as a program said at its end."""
    found = re.search(r"^libobs was shut down, leaks (\d+)$", output, re.MULTILINE)
    assert found is not None, output
    return int(found.group(1))


def settled_alpha(rgb: NDArray[np.uint8], quality: str) -> NDArray[np.float32]:
    """What the engine says of `rgb` once its recurrent state has seen it for a while: [height, width]."""
    with Matting(quality=quality) as matting:
        for _ in range(8):
            matte = matting.step(rgb)
    return matte.alpha
