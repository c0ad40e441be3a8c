"""Reading and writing small clips with PyAV."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_frames(path: Path, pixel_format: str) -> list[NDArray[np.uint8]]:
    """All frames of the first video stream: ``rgb24`` gives uint8 [h, w, 3], ``gray`` uint8 [h, w]."""
    import av

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=pixel_format) for frame in container.decode(video=0)]


def write_clip(
    path: Path, frames: Iterable[NDArray[np.uint8]], fps: int = 30, codec: str = "libx264"
) -> Path:
    """Nearly lossless H.264 of uint8 [h, w, 3] red-green-blue frames with even sides."""
    import av

    with av.open(str(path), "w") as container:
        stream: Any = None
        for frame in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=Fraction(fps))
                stream.height, stream.width = frame.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.options = {"crf": "8", "preset": "ultrafast", "bf": "0"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path
