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
from rvm_core import Matting
from tests.video import read_frames

WIDTH, HEIGHT = 640, 360
LEVEL = "fast"
SETTLED = 40  # mattes of a still picture, most of the way of its recurrent state
FIRST_UNSEEN = 25  # mattes of a second at most, before the first status of an epoch
BLACK, WHITE = 0xFF000000, 0xFFFFFFFF


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
            time.sleep(0.6)  # a gap in renders: the recurrent state begins anew
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
