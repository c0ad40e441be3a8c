"""Reading: a video's pictures, upright and in red, green and blue, and the packets of its other streams."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from rvm_core.errors import VideoError
from rvm_core.video.colours import Colours
from rvm_core.video.turn import Turn

_SHORT_S, _SHORT_SHARE = 0.5, 0.02
"""What a file may end before the duration it names, in seconds and of the whole."""
_KNOWING = {"mov", "matroska", "avi"}
"""Formats that name their duration; of others libav guesses it."""
_AFTER_END_S = 2.0
"""How much later than the pictures of the same time other streams may lie in the file."""
_COPIED = ("audio", "subtitle")


@dataclass(frozen=True)
class Picture:
    """rgb: uint8, or uint16 where the file holds more than 8 bits, [H, W, 3] sRGB, upright.

    time: seconds from the start of what is read.
    """

    rgb: NDArray[Any]
    time: Fraction


@dataclass(frozen=True)
class Passed:
    """A packet of a stream that is copied, in the file's own times."""

    packet: Any


class Source:
    """One video file; a context manager.  One thread at a time.  Raises VideoError.

    start_s, end_s: the part that is read, in seconds from the file's own start; None: to its end.
    what: how messages call the file.
    """

    def __init__(
        self, path: Path, start_s: float = 0.0, end_s: float | None = None, *, what: str = "input"
    ) -> None:
        self.path = path
        self.warnings: list[str] = []
        self.is_complete = True
        """Whether nothing was found damaged or missing, so far."""
        self._what = what
        self._last_pts = -(2**62)
        self._container = _open(path, what)
        try:
            self.stream = self._main_stream()
            self._begin(start_s, end_s)
            self._look()
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    # -- what it holds -------------------------------------------------------------------------------

    def _main_stream(self) -> Any:
        for stream in self._container.streams.video:
            if not stream.disposition & Disposition.attached_pic:
                stream.thread_type = "AUTO"
                return stream
        raise VideoError(f"The {self._what} {self.path} has no video stream.", "Name a video file.")

    def _begin(self, start_s: float, end_s: float | None) -> None:
        container, stream = self._container, self.stream
        self._named_s = container.duration / av.time_base if container.duration else 0.0
        seconds = float(stream.duration * stream.time_base) if stream.duration else self._named_s
        if seconds and start_s >= seconds:
            raise VideoError(
                f"The start at {start_s:g} s lies beyond the end: {self.path} has {seconds:g} s.",
                "Give an earlier start.",
            )
        is_whole = start_s <= 0 and (end_s is None or end_s >= seconds)
        self.seconds = max((seconds if end_s is None else min(seconds, end_s)) - start_s, 0.0)
        """Length of what is read, in seconds; 0: not known."""
        self._start = Fraction(start_s).limit_denominator(1_000_000)
        self._end = None if end_s is None else Fraction(end_s).limit_denominator(1_000_000)
        self.zero = Fraction(container.start_time or 0, av.time_base) + self._start
        """What output times are counted from, in the file's own seconds."""
        self.rate = Fraction(stream.average_rate or stream.guessed_rate or 30)
        """Pictures a second, in the mean."""
        self.frames = stream.frames if is_whole and stream.frames else round(self.seconds * self.rate)
        """Pictures expected; 0: not known."""
        if start_s > 0:
            container.seek(int(self.zero * av.time_base))

    def _look(self) -> None:
        """Read up to the first picture, which alone tells all about its colours and how it stands."""
        items, waiting = self._demuxed(), []
        for item in items:
            waiting.append(item)
            if isinstance(item, av.VideoFrame):
                break
        else:
            if self._start or self._end is not None:
                raise VideoError(f"{self.path} has no picture in that time.", "Give another start and end.")
            raise VideoError(
                f"The {self._what} {self.path} has no picture in it.", "Name a whole video file."
            )
        self._items: Iterable[Any] = chain(waiting, items)
        first = waiting[-1]
        self.is_deep = max(part.bits for part in first.format.components) > 8
        """Whether a picture has more than 8 bits a channel."""
        self._turn = Turn.of(first)
        self.width, self.height = self._turn.size(first.width, first.height)
        """Of the upright picture."""
        self._stored_size = first.width, first.height
        self.colours = Colours.of(first)
        aspect = self.stream.sample_aspect_ratio or self.stream.codec_context.sample_aspect_ratio
        aspect = Fraction(aspect) if aspect else Fraction(1)
        self.pixel_aspect = 1 / aspect if self._turn.swaps else aspect
        """Width of an upright picture's pixel over its height."""
        if first.interlaced_frame:
            self.warnings.append(
                "The video is interlaced: its pictures are matted as they are, combs and all. "
                "Deinterlace it first for clean edges."
            )
        if any(part.is_alpha for part in first.format.components):
            self.warnings.append(
                "The video's own transparency is not used: its colours are taken as they are."
            )
        if self.colours.is_hdr:
            self.warnings.append("The video is HDR: its colours are kept, but edges are mixed as in SDR.")

    def scale_to(self, width: int, height: int) -> None:
        """Pictures come as `width` x `height` from here on; what is shown keeps its shape."""
        self.pixel_aspect *= Fraction(self.width * height, self.height * width)
        self.width, self.height = width, height
        self._stored_size = self._turn.size(width, height)
        self.colours = self.colours.resized(width, height)

    def crop_to_even(self) -> None:
        """Pictures come without the last column or row where there is an odd number of them."""
        self.width, self.height = self.width // 2 * 2, self.height // 2 * 2

    @property
    def other_streams(self) -> list[Any]:
        """Streams beside the pictures that can be copied: sound and subtitles."""
        return [stream for stream in self._container.streams if stream.type in _COPIED]

    @property
    def left_out(self) -> list[str]:
        """The kinds of the streams that are not taken along."""
        return sorted(
            {
                "another video stream" if stream.type == "video" else f"{stream.type} stream"
                for stream in self._container.streams
                if stream is not self.stream and stream.type not in _COPIED
            }
        )

    @property
    def metadata(self) -> dict[str, str]:
        """The container's own."""
        return dict(self._container.metadata)

    def chapters(self) -> list[Any]:
        """The container's chapters, in its own times."""
        return list(self._container.chapters())

    # -- reading -------------------------------------------------------------------------------------

    def items(self) -> Generator[Picture | Passed, None, None]:
        """Pictures, and the packets to be copied, in the file's order; once."""
        for item in self._items:
            if isinstance(item, av.VideoFrame):
                yield Picture(self._rgb(item), self._time(item))
            else:
                yield Passed(item)

    def pictures(self) -> Generator[Picture, None, None]:
        """The pictures alone; once."""
        return (item for item in self.items() if isinstance(item, Picture))

    def _rgb(self, frame: Any) -> NDArray[Any]:
        try:
            rgb = self.colours.to_rgb(frame, self._stored_size, is_deep=self.is_deep)
        except (av.error.FFmpegError, ValueError) as fault:
            raise VideoError(
                f"Pictures of {self.path} are stored as {frame.format.name}, which cannot be read "
                f"({_words(fault)}).",
                "Convert the file to another format first.",
            ) from fault
        return np.ascontiguousarray(self._turn.upright(rgb)[: self.height, : self.width])

    def _time(self, frame: Any) -> Fraction:
        return Fraction(int(frame.pts)) * Fraction(frame.time_base) - self.zero

    def _demuxed(self) -> Iterator[Any]:
        """Frames that are to be shown and packets that are to be copied."""
        reached = Fraction(0)
        limit = None if self._end is None else self._end - self._start
        is_over = False
        for packet in self._packets():
            if packet.dts is not None:
                now = packet.dts * packet.time_base - self.zero
                reached = max(reached, now + (packet.duration or 0) * packet.time_base)
                if limit is not None and now > limit + Fraction(_AFTER_END_S):
                    return
            if packet.stream is not self.stream:
                if packet.size and packet.dts is not None and self._is_wanted(packet, limit):
                    yield packet
                continue
            for frame in () if is_over else self._decoded(packet):
                time = self._time(frame)
                is_over = is_over or (limit is not None and time >= limit)
                if time >= 0 and not is_over:
                    yield frame
        self._judge_end(float(reached + self._start))

    def _is_wanted(self, packet: Any, limit: Fraction | None) -> bool:
        time = (packet.dts if packet.pts is None else packet.pts) * packet.time_base - self.zero
        # what begins before a whole file's start is the codec's lead-in, and is copied as well
        return (time >= 0 or not self._start) and (limit is None or time < limit)

    def _packets(self) -> Iterator[Any]:
        try:
            yield from self._container.demux([self.stream, *self.other_streams])
        except av.error.FFmpegError as fault:
            self._damaged(f"reading stopped: {_words(fault)}")

    def _decoded(self, packet: Any) -> Iterator[Any]:
        """Frames of a packet, their times strictly rising."""
        try:
            frames = packet.decode()
        except av.error.FFmpegError as fault:
            self._damaged(_words(fault))
            return
        for frame in frames:
            if frame.pts is None:
                frame.pts = frame.dts if frame.dts is not None else self._last_pts + self._step(frame)
            if frame.is_corrupt:
                self._damaged("a picture is damaged")
            if frame.pts > self._last_pts:
                self._last_pts = frame.pts
                yield frame
            else:
                self._warn_once("Pictures whose time does not come after the one before were left out.")

    def _step(self, frame: Any) -> int:
        return max(1, round(1 / self.rate / Fraction(frame.time_base)))

    def _judge_end(self, reached_s: float) -> None:
        missing = self._named_s - reached_s
        knows = not _KNOWING.isdisjoint(self._container.format.name.split(","))
        if knows and self._end is None and missing > max(_SHORT_S, _SHORT_SHARE * self._named_s):
            self._damaged(f"it ends at {reached_s:.1f} s of {self._named_s:.1f} s")

    def _damaged(self, how: str) -> None:
        if self.is_complete:
            self.is_complete = False
            self.warnings.append(
                f"{self.path} is damaged or incomplete ({how}); what could be read was kept."
            )

    def _warn_once(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def local_url(path: Path) -> str:
    """`path` for libav, which would take a colon in a name for a protocol."""
    return f"file:{path}"


def _open(path: Path, what: str) -> Any:
    if path.is_dir():
        raise VideoError(f"The {what} {path} is a folder.", "Name a video file.")
    try:
        return av.open(local_url(path))
    except FileNotFoundError:
        raise VideoError(f"There is no file {path}.", "Check its name.") from None
    except PermissionError as fault:
        raise VideoError(f"The {what} {path} may not be read.", "Check its permissions.") from fault
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        raise VideoError(
            f"The {what} {path} is not a video that can be read ({_words(fault)}).",
            "Name a whole video file; a recording that was cut off may lack its index.",
        ) from fault


def _words(fault: BaseException) -> str:
    return str(getattr(fault, "strerror", "") or fault)
