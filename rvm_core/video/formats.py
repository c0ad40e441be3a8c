"""Which codec, pixel format and options serve for which file, with and without alpha."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rvm_core.errors import VideoError


@dataclass(frozen=True)
class _Codec:
    """One entry of CODECS.  Pixel formats by (has alpha, is of more than 8 bits)."""

    encoder: str
    suffixes: tuple[str, ...]
    opaque: tuple[str, str]
    alpha: tuple[str, str] | None = None
    crf: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


CODECS: Mapping[str, _Codec] = {
    # veryfast: a third of medium's time and 0.86 of its bytes at the same crf, measured on a 720p film
    "h264": _Codec(
        "libx264",
        (".mp4", ".mov", ".mkv"),
        ("yuv420p", "yuv420p10le"),
        crf=18,
        options={"preset": "veryfast"},
    ),
    "h265": _Codec(
        "libx265",
        (".mp4", ".mov", ".mkv"),
        ("yuv420p", "yuv420p10le"),
        crf=20,
        options={"preset": "veryfast", "x265-params": "log-level=error"},
    ),
    "vp9": _Codec(
        "libvpx-vp9",
        (".webm", ".mkv"),
        ("yuv420p", "yuv420p"),
        ("yuva420p", "yuva420p"),
        crf=24,
        # b=0: crf alone; without auto-alt-ref=0 libvpx refuses alpha
        options={"b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "auto-alt-ref": "0"},
    ),
    "prores": _Codec(
        "prores_ks",
        (".mov", ".mkv"),
        ("yuv422p10le", "yuv422p10le"),
        ("yuva444p10le", "yuva444p10le"),
        options={"alpha_bits": "16"},
    ),
    "ffv1": _Codec(
        "ffv1",
        (".mkv",),
        ("yuv444p", "yuv444p10le"),
        ("bgra", "yuva444p10le"),
        options={"level": "3", "slices": "4"},
    ),
    "png": _Codec("png", (".png",), ("rgb24", "rgb48be"), ("rgba", "rgba64be")),
}
_DEFAULT = {".mp4": "h264", ".mov": "h264", ".mkv": "h264", ".webm": "vp9", ".png": "png"}
_DEFAULT_WITH_ALPHA = {".mov": "prores", ".mkv": "ffv1", ".webm": "vp9", ".png": "png"}
_ALPHA_REMEDY = "Name a .mov (ProRes 4444), .webm (VP9), .mkv (FFV1) or .png file, or choose another mode."
NUMBER = re.compile(r"%0?\d*d")
"""A number's place in the name of a sequence, as in %05d.png."""
_CRF_HIGHEST = {"h264": 51, "h265": 51, "vp9": 63}


@dataclass(frozen=True)
class Format:
    """What the output's video stream is made by.  codec: a key of CODECS."""

    codec: str
    encoder: str
    pixel_format: str
    options: Mapping[str, str]
    has_alpha: bool
    is_deep: bool

    @property
    def warnings(self) -> list[str]:
        """What a user of this format may want to know."""
        if self.codec == "h264" and self.is_deep:
            return [
                "H.264 of more than 8 bits, as the input has, is not shown by every player; h265 is by more."
            ]
        return []

    @property
    def is_sequence(self) -> bool:
        """One file a picture."""
        return self.codec == "png"

    @property
    def needs_even_sides(self) -> bool:
        """Colour at half the resolution, in both directions."""
        return "420" in self.pixel_format


def is_sequence(target: Path) -> bool:
    """Whether `target` stands for one file a picture."""
    return target.suffix.lower() == ".png" and NUMBER.search(target.name) is not None


def batch_ending(codec: str, *, has_alpha: bool) -> str:
    """What follows the input's name, without its suffix, in a folder of outputs."""
    if codec == "png":
        return "/%05d.png"
    if codec in CODECS:
        return CODECS[codec].suffixes[0]
    return ".mov" if has_alpha else ".mp4"


def choose(target: Path, codec: str, crf: int | None, *, has_alpha: bool, is_deep: bool) -> Format:
    """The format for the file `target`.  codec: ``auto`` or a key of CODECS.  Raises VideoError."""
    suffix = target.suffix.lower()
    if suffix not in _DEFAULT:
        raise VideoError(
            f"{target.name} does not end in a format that can be written.",
            f"Name a file that ends in {', '.join(_DEFAULT)}.",
        )
    if suffix == ".png" and not is_sequence(target):
        raise VideoError(
            f"{target.name} is one picture.", "Name a sequence: %05d.png in a folder of its own."
        )
    if codec == "auto":
        by_suffix = _DEFAULT_WITH_ALPHA if has_alpha else _DEFAULT
        if suffix not in by_suffix:
            raise VideoError(f"A {suffix} file holds no alpha.", _ALPHA_REMEDY)
        codec = by_suffix[suffix]
    if codec not in CODECS:
        raise VideoError(f"There is no codec {codec!r}.", f"Use one of: auto, {', '.join(CODECS)}.")
    chosen = CODECS[codec]
    if suffix not in chosen.suffixes:
        raise VideoError(
            f"A {suffix} file does not hold {codec}.",
            f"Name a file that ends in {', '.join(chosen.suffixes)}.",
        )
    formats = chosen.alpha if has_alpha else chosen.opaque
    if formats is None:
        raise VideoError(f"The codec {codec} holds no alpha.", _ALPHA_REMEDY)
    options = dict(chosen.options)
    if chosen.crf is not None:
        if crf is not None and not 0 <= crf <= _CRF_HIGHEST[codec]:
            raise VideoError(f"crf cannot be {crf}.", f"For {codec} use 0 (best) to {_CRF_HIGHEST[codec]}.")
        options["crf"] = str(chosen.crf if crf is None else crf)
    elif crf is not None:
        raise VideoError(f"The codec {codec} has no crf.", "Leave it out, or choose h264, h265 or vp9.")
    pixel_format = formats[is_deep]
    holds_more = pixel_format.endswith(("le", "be"))  # only what takes two bytes has an order of bytes
    return Format(codec, chosen.encoder, pixel_format, options, has_alpha, is_deep and holds_more)
