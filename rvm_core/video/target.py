"""Writing: one encoded video stream, and beside it what the input had."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from numpy.typing import NDArray

from rvm_core.errors import VideoError
from rvm_core.video.audio import Recoder
from rvm_core.video.formats import Format
from rvm_core.video.source import Source, local_url

_FASTSTART = {"movflags": "+faststart"}
_MOV_LIKE = (".mp4", ".mov")
_APPLE_HEVC = "hvc1"
"""The tag by which Apple's players know HEVC."""
_NAMES = {"audio": "sound", "subtitle": "subtitles"}
_WRITERS_OWN = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "handler_name")
"""Metadata that a container's writer says of itself."""


class Target:
    """A file, or a sequence of them where `path` has a number's place in its name.  One thread at a time.

    source: what is written comes from there, and so do its other streams, its colours and its pace.
    Every method raises VideoError.
    """

    def __init__(self, path: Path, made_as: Format, source: Source) -> None:
        self.warnings: list[str] = []
        self._zero = source.zero
        self._colours = source.colours
        self._pixel_format = made_as.pixel_format
        self._copies: dict[int, Any] = {}
        self._recoders: dict[int, Recoder] = {}
        suffix = path.suffix.lower()
        if made_as.is_sequence:  # only in the name of the files a sign of per cent has a meaning
            path = Path(str(path.parent).replace("%", "%%")) / path.name
        with _clear_faults():
            self._container = av.open(
                local_url(path),
                "w",
                format="image2" if made_as.is_sequence else None,
                options=_FASTSTART if suffix in _MOV_LIKE else {},
            )
        try:
            with _clear_faults():
                self._stream = self._video_stream(made_as, source)
                if suffix in _MOV_LIKE and made_as.codec == "h265":
                    self._stream.codec_context.codec_tag = _APPLE_HEVC
                for stream in source.other_streams:
                    self._take_along(stream, is_sequence=made_as.is_sequence)
                self.warnings += [f"Left out of what the input holds: {kind}." for kind in source.left_out]
                self._describe(source)
                self._container.start_encoding()
        except BaseException:
            self.abandon()
            raise

    def _video_stream(self, made_as: Format, source: Source) -> Any:
        stream: Any = self._container.add_stream(
            made_as.encoder, rate=source.rate, options=dict(made_as.options)
        )
        context = stream.codec_context
        context.width, context.height = source.width, source.height
        context.pix_fmt = made_as.pixel_format
        context.time_base = source.stream.time_base
        context.thread_type = "AUTO"
        context.sample_aspect_ratio = source.pixel_aspect
        if not context.format.is_rgb:
            source.colours.describe(context)
        stream.metadata.update(_worth_keeping(source.stream.metadata))
        return stream

    def _take_along(self, stream: Any, *, is_sequence: bool) -> None:
        """A copy of `stream`, or what this kind of file holds instead, or nothing and a warning."""
        codec = stream.codec_context.codec.canonical_name if stream.codec_context is not None else "unknown"
        if not is_sequence and codec in self._container.supported_codecs:
            copy = self._container.add_stream_from_template(stream)
            copy.metadata.update(_worth_keeping(stream.metadata))
            copy.disposition = stream.disposition
            self._copies[stream.index] = copy
        elif stream.type == "audio" and not is_sequence:
            recoder = self._recoders[stream.index] = Recoder(self._container, stream)
            self.warnings.append(
                f"The sound was {codec}, which this kind of file does not hold; it is encoded anew as "
                f"{recoder.codec}."
            )
        else:
            self.warnings.append(
                f"The {_NAMES[stream.type]} ({codec}) had to be left out: this kind of output does not hold "
                "them. An .mkv does."
            )

    def _describe(self, source: Source) -> None:
        """The container's metadata and its chapters, in the times of the output."""
        self._container.metadata.update(_worth_keeping(source.metadata))
        chapters = source.chapters()
        for chapter in chapters:
            offset = round(self._zero / chapter["time_base"])
            chapter["start"], chapter["end"] = max(chapter["start"] - offset, 0), chapter["end"] - offset
        chapters = [chapter for chapter in chapters if chapter["end"] > chapter["start"]]
        if chapters:
            self._container.set_chapters(chapters)

    @property
    def has_lost_sound(self) -> bool:
        """Whether sound that had to be encoded anew was damaged."""
        return any(recoder.has_lost for recoder in self._recoders.values())

    def frame(self, picture: NDArray[Any]) -> Any:
        """`picture`, uint8 or uint16 [H, W, 3|4] sRGB, as :meth:`write` takes it.  Any thread."""
        return self._colours.from_rgb(picture, self._pixel_format)

    def write(self, frame: Any, time: Fraction) -> None:
        """Encode what :meth:`frame` made, to be shown at `time` seconds; times rise strictly."""
        context = self._stream.codec_context
        frame.time_base = context.time_base
        frame.pts = round(time / context.time_base)
        with _clear_faults():
            self._container.mux(self._stream.encode(frame))

    def copy(self, packet: Any) -> None:
        """A packet of one of the source's other streams, in the source's own time."""
        index = packet.stream.index
        with _clear_faults():
            if index in self._recoders:
                self._container.mux(list(self._recoders[index].encode(packet, self._zero)))
            elif index in self._copies:
                offset = round(self._zero / packet.time_base)
                packet.pts = (packet.dts if packet.pts is None else packet.pts) - offset
                packet.dts -= offset
                packet.stream = self._copies[index]
                self._container.mux_one(packet)

    def finish(self) -> None:
        """Write what the encoders still hold, and the file's end."""
        with _clear_faults():
            self._container.mux(self._stream.encode(None))
            for recoder in self._recoders.values():
                self._container.mux(list(recoder.encode(None, self._zero)))
            self._container.close()
        if self.has_lost_sound:
            self.warnings.append("Some of the sound was damaged, and is missing.")

    def abandon(self) -> None:
        """Let go of the file, whose content does not matter any more."""
        with contextlib.suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()


@contextlib.contextmanager
def _clear_faults() -> Iterator[None]:
    """Faults of libav as VideoError."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        words = getattr(fault, "strerror", None) or fault
        raise VideoError(
            f"The output cannot be written ({words}).", "Make room on the disk, or choose another format."
        ) from fault


def _worth_keeping(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower() not in _WRITERS_OWN}
