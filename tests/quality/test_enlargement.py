"""A true alpha, reduced by area means and brought back with the picture as guide: no network takes part.

Measured, share of bilinear's MAD and Grad: 0.66 and 0.44 (halfbody_room), 0.48 and 0.24
(fullbody_crissyfield), 0.32 to 0.44 and 0.13 to 0.27 (drawn hair, where no compression spoils the guide).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rvm_core.bench import footage, metrics
from rvm_core.kernels.full_size import full_size, small_matte

cv2 = pytest.importorskip("cv2")

BETTER = 0.75
"""Of bilinear's error, at most."""

Size = tuple[int, int]


def both_errors(truth: NDArray[np.float32], picture: NDArray[np.uint8], size: Size) -> NDArray[np.float64]:
    """MAD and Grad of bilinear and of the guided enlargement from `size`; [2, 2]."""
    full = (truth.shape[1], truth.shape[0])
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(truth, size, interpolation=cv2.INTER_AREA)
    bilinear = cv2.resize(alpha, full, interpolation=cv2.INTER_LINEAR)
    colour = np.ascontiguousarray(small.transpose(2, 0, 1) / np.float32(255))
    found = np.empty_like(truth)
    matte, detail = small_matte(small, alpha, colour, full[0] / size[0])
    full_size(picture, matte, detail, found, np.empty_like(picture))
    return np.array(
        [[measure(a, truth) for measure in (metrics.mad, metrics.grad)] for a in (bilinear, found)]
    )


def assert_better(errors: NDArray[np.float64], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    (mad, grad), (found_mad, found_grad) = errors
    with capsys.disabled():
        print(f"\n{what}: MAD {found_mad:.2f} for {mad:.2f}, Grad {found_grad:.2f} for {grad:.2f}")
    assert mad > 1, "bilinear errs"
    assert found_mad <= BETTER * mad
    assert found_grad <= BETTER * grad


@pytest.mark.parametrize("clip", ["halfbody_room", "fullbody_crissyfield"])
def test_a_true_alpha_reduced_four_times(
    clip: str, reference_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = list(footage.frames(reference_data / "gt" / f"{clip}.mp4", "clean", 83))[20::8]
    errors = [both_errors(frame.alpha, frame.picture, (160, 90)) for frame in frames]
    assert_better(np.mean(errors, axis=0), clip, capsys)


def hair(width: int, height: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A head with strands of their own colours before a ground full of detail; the picture and its alpha."""
    random = np.random.default_rng(0)
    ground = np.full((height, width, 3), 128, np.float32)
    for octave in range(9):
        noise = random.normal(0, 40 * 0.75**octave, (2**octave + 3, 2 * 2**octave + 3, 3))
        ground += cv2.resize(noise.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    picture, alpha = np.clip(ground, 0, 255), np.zeros((height, width), np.float32)
    centre, axes = np.array([width / 2, 0.6 * height]), np.array([0.28, 0.34]) * height
    for layer in range(8):
        mask = np.zeros((height, width), np.uint8)
        at = random.uniform(-np.pi, 0, (50, 1))
        turns = np.cumsum(
            np.hstack([at + random.normal(0, 0.5, at.shape), random.normal(0, 0.12, (50, 25))]), 1
        )
        steps = np.stack([np.cos(turns), np.sin(turns)], axis=2) * 0.0065 * height
        starts = centre + axes * np.concatenate([np.cos(at), np.sin(at)], axis=1)
        strands = np.rint(16 * (starts[:, None] + np.cumsum(steps, axis=1))).astype(np.int32)
        thick = max(1, round(height / 2160 * (1 + layer / 2)))
        cv2.polylines(mask, list(strands), False, 255, thick, cv2.LINE_AA, 4)
        if layer == 0:
            cv2.ellipse(mask, (centre.round().tolist(), (2 * axes).tolist(), 0), 255, -1, cv2.LINE_AA)
        share = mask[..., None] / np.float32(255) * np.float32(1.0 if layer == 0 else random.uniform(0.6, 1))
        picture += share * (np.float32([80, 55, 40]) * np.float32(random.uniform(0.5, 1.8)) - picture)
        alpha += share[..., 0] * (1 - alpha)
    noisy: Any = picture + random.normal(0, 2, picture.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8), alpha


@pytest.mark.parametrize(("full", "small_widths"), [((1920, 1080), (480, 256)), ((3840, 2160), (960, 416))])
def test_hair_at_full_hd_and_4k(
    full: Size, small_widths: tuple[int, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    picture, alpha = hair(*full)
    for width in small_widths:
        errors = both_errors(alpha, picture, (width, width * 9 // 16))
        assert_better(errors, f"hair at {full[0]} x {full[1]} from {width}", capsys)
