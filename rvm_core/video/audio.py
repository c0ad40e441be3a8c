"""Sound encoded anew, where the output does not hold the input's codec."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

_ENCODERS = {"opus": "libopus"}
"""What a container's default codec is best written by."""
_OPUS_RATE_HZ = 48_000
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""By channels: what encoders take.  5.1(side), as on discs, they do not."""


class Recoder:
    """Packets of one audio stream in, packets of the container's own codec out.  One thread.

    has_lost: whether some of the sound was damaged and is not in the output.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        default = container.default_audio_codec
        self.codec = "aac" if default in ("none", "", None) else default
        encoder = _ENCODERS.get(self.codec, self.codec)
        rate = _OPUS_RATE_HZ if self.codec == "opus" else stream.codec_context.sample_rate
        self._from = stream
        self._to = container.add_stream(encoder, rate=rate)
        self._to.codec_context.layout = _LAYOUTS.get(stream.codec_context.layout.nb_channels, "stereo")
        self._to.metadata.update(
            {key: stream.metadata[key] for key in ("language",) if key in stream.metadata}
        )
        self._resampler: Any = None
        self.has_lost = False

    def encode(self, packet: Any | None, zero: Fraction) -> Iterator[Any]:
        """The packets that `packet` gives, counted from `zero` seconds of the source; None: the last ones."""
        try:
            frames = self._from.codec_context.decode(packet)
        except av.error.InvalidDataError:
            self.has_lost, frames = True, []
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= round(zero / frame.time_base)
            for even in self._evened(frame):
                yield from self._to.encode(even)
        if packet is None:
            for even in self._evened(None):
                yield from self._to.encode(even)
            yield from self._to.encode(None)

    def _evened(self, frame: Any | None) -> list[Any]:
        """`frame` in the encoder's sample format and frame size."""
        if self._resampler is None:
            if frame is None:
                return []
            context = self._to.codec_context
            self._resampler = av.AudioResampler(
                context.format, context.layout, context.sample_rate, frame_size=context.frame_size
            )
        return list(self._resampler.resample(frame))
