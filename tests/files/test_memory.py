"""Memory does not grow with the length of a film."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rvm_core.video import Converted, Progress
from tests.files import films

FIRST_FRAME = 100
GROWTH_MB = 12.0


def resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.is_file():
        pytest.skip("this system does not tell a process's memory")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
    assert found is not None
    return int(found[1]) / 1024


def test_it_stays_flat(
    tmp_path: Path, ffmpeg: Callable[..., None], convert: Callable[..., Converted]
) -> None:
    """2500 frames of 192 x 128, 180 MB of pictures, with sound."""
    short = films.bright(ffmpeg, tmp_path / "short.mp4", size=(192, 128), seconds=4.0, sound=True)
    clip = tmp_path / "long.mp4"
    ffmpeg("-stream_loop", 24, "-i", short, "-c", "copy", clip)
    seen: list[tuple[int, float]] = []

    def look(progress: Progress) -> None:
        seen.append((progress.frames, resident_mb()))

    result = convert(clip, tmp_path / "out.mp4", quality="fast", progress=look)
    assert result.frames > 2400
    later = [mb for frame, mb in seen if frame >= FIRST_FRAME]
    assert len(later) >= 8
    assert max(later) - later[0] < GROWTH_MB
