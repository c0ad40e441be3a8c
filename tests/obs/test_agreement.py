"""What OBS shows agrees with `Matting.step`: same pictures, same alpha, within rounding."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from installer.sandbox import Sandbox, color_source, filter_entry, image_source
from rvm_core import Matting, paths
from rvm_core.matting import internal_size
from tests.obs.helpers import let_frames_pass
from tests.obs.picture_helpers import GOOD, Lab, enlarged, good_alpha, matting, write_png
from tests.video import read_frames

WIDTH, HEIGHT = 640, 360
LEVEL = "fast"
GAP = 12  # frames without the filter, in renders long enough for the recurrent state to begin anew
SETTLED = 40  # mattes of a still picture, most of the way of its recurrent state
FIRST_UNSEEN = 25  # mattes of a second at most, before the first status of an epoch
BLACK, WHITE = 0xFF000000, 0xFFFFFFFF
ENLARGED = {2: (512, 288), 3: (768, 432), 5: (1280, 720)}
"""Pictures of which the network sees exactly 256 x 144."""


def linear(encoded: NDArray[np.uint8]) -> NDArray[np.float64]:
    """sRGB 0..255 to linear light 0..1."""
    value = encoded / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def recovered_alpha(over_black: NDArray[np.uint8], over_white: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Alpha from two composites: in linear light they differ by 1 - alpha."""
    return 1.0 - (linear(over_white[..., :3]) - linear(over_black[..., :3])).mean(axis=2)


class Mattes:
    """How many mattes have come since the epoch last changed, by the latest status."""

    def __init__(self) -> None:
        self.epoch = self.begun = self.count = -1

    def __call__(self, status: dict[str, Any], wanted: int = SETTLED) -> bool:
        if status["epoch"] != self.epoch:
            self.epoch, self.begun = status["epoch"], status["mattes"]
        self.count = status["mattes"] - self.begun
        return self.count >= wanted


@pytest.mark.usefixtures("default_model_file")
@pytest.mark.parametrize("clip", ["halfbody_room", "fullbody_crissyfield"])
def test_alpha_in_obs_is_that_of_step(
    clip: str,
    reference_data: Path,
    tmp_path: Path,
    sandbox: Callable[..., Sandbox],
    wait_status: Callable[..., dict[str, Any]],
    write_picture: Callable[[Path, Any], Path],
    read_picture: Callable[[Path], Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    frames = read_frames(reference_data / "gt" / f"{clip}.mp4", "rgb24")
    truths = read_frames(reference_data / "gt" / f"{clip}_alpha.mkv", "gray")
    chosen = [40, 80, 120]
    pictures = [write_picture(tmp_path / f"{number}.png", frames[number]) for number in chosen]
    matting = filter_entry("rvm_background_filter", "RVM", {"quality": LEVEL})
    sources = [color_source("back", BLACK, WIDTH, HEIGHT), image_source("person", pictures[0], [matting])]
    disagreements = []
    with sandbox(sources=sources) as obs, Matting(quality=LEVEL) as engine:
        for number, picture in zip(chosen, pictures, strict=True):
            obs.ws.set_input_settings("person", {"file": str(picture)}, True)
            obs.ws.set_source_filter_enabled("person", "RVM", False)
            let_frames_pass(obs, GAP)
            obs.ws.set_source_filter_enabled("person", "RVM", True)
            mattes = Mattes()
            wait_status(obs, mattes)
            first = mattes.count
            shots = []
            for color in (BLACK, WHITE):
                obs.ws.set_input_settings("back", {"color": color}, True)
                time.sleep(0.3)
                shots.append(read_picture(obs.screenshot("Main", tmp_path / "shot.png", WIDTH, HEIGHT)))
            in_obs = recovered_alpha(*shots)
            wait_status(obs, partial(mattes, wanted=mattes.count + 1))

            # The state of a still picture drifts for hundreds of mattes: compare with the same number,
            # as far as the status, written once a second, tells it.
            engine.reset("next still")
            steps = [engine.step(frames[number]).alpha for _ in range(mattes.count + FIRST_UNSEEN)]
            alpha = min(steps[first - FIRST_UNSEEN :], key=lambda step: float(np.abs(in_obs - step).mean()))
            truth = truths[number] / 255.0
            disagreement = float(np.abs(in_obs - alpha).mean() * 1e3)
            disagreements.append(disagreement)
            with capsys.disabled():
                print(
                    f"\n{clip} frame {number}: OBS against step {disagreement:.2f}, "
                    f"against truth OBS {np.abs(in_obs - truth).mean() * 1e3:.2f}, "
                    f"step {np.abs(alpha - truth).mean() * 1e3:.2f} (MAD x1e3)"
                )
            assert 0.05 < alpha.mean() < 0.6, "the picture shows a person"
        assert obs.quit() == 0
    assert max(disagreements) <= 1.0


def soft_picture(times: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A picture rich in half transparency and fine detail, and its area means, which are whole numbers."""
    random = np.random.default_rng(times)
    width, height = 256, 144
    y, x = np.mgrid[0:height, 0:width]
    wave = np.sin(x / 7)[..., None] * np.cos(y / 9)[..., None]
    small = np.rint(128 + 24 * wave + random.normal(0, 6, (height, width, 3)))
    small[:, : width // 8] = 240  # nothing counts as dim
    # beside the middle of each block, every deviation has its opposite
    half = random.integers(-60, 61, (height, width, times * times // 2, 3))
    half[:, : width // 8] = 0
    middle = np.zeros((height, width, times * times % 2, 3), int)
    detail = random.permuted(np.concatenate([half, middle, -half], axis=2), axis=2)
    blocks = detail.reshape(height, width, times, times, 3).transpose(0, 2, 1, 3, 4)
    full = blocks + small[:, None, :, None]
    assert full.min() >= 0
    assert full.max() <= 255
    return full.reshape(height * times, width * times, 3).astype(np.uint8), small.astype(np.uint8)


def are_close(expected: NDArray[np.float32], seen: Any) -> bool:
    return bool(np.abs(seen[..., 0] - expected).max() <= 1)


def test_every_pixel_of_alpha_is_that_of_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shader and the kernel enlarge the same alpha with the same picture: a step of 255 apart at most."""
    lab = Lab(tmp_path)
    shown = {times: soft_picture(times) for times in ENLARGED}
    sources = [
        image_source(str(times), write_png(tmp_path / f"{times}.png", full), [matting(mode="matte")])
        for times, (full, _) in shown.items()
    ]
    with lab.running(sources=sources):
        monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(lab.data))
        for times, size in ENLARGED.items():
            full, small = shown[times]
            assert (full.shape[1], full.shape[0]) == size
            assert internal_size(*size, LEVEL) == (small.shape[1], small.shape[0])
            with Matting(**GOOD) as engine:
                for _ in range(30):
                    alpha = engine.step(full).alpha
            assert ((alpha > 0.1) & (alpha < 0.9)).mean() > 0.3, "much is half transparent"
            assert np.abs(alpha - enlarged(good_alpha(small), full)).max() > 0.1, "the picture guides"

            expected = np.rint(255 * alpha)
            is_right = partial(are_close, expected)
            seen = lab.wait_picture(str(times), size, is_right)
            assert is_right(seen), np.abs(seen[..., 0] - expected).max()
