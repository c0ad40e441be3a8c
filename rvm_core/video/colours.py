"""What the stored numbers of a video mean as colours, from there to red, green and blue, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

# Numbers, because older releases of PyAV have no names for some of them.
_LIMITED, _FULL = 1, 2  # AVCOL_RANGE_* (libavutil/pixfmt.h)
_BT709, _FCC, _BT601, _SMPTE240M, _BT2020 = 1, 4, 5, 7, 9  # SWS_CS_* (libswscale/swscale.h)
_BILINEAR, _ACCURATE_RND = 2, 0x40000  # SWS_* (libswscale/swscale.h)
# AVCOL_SPC_* (libavutil/pixfmt.h); 6 is SMPTE 170 M, whose numbers are those of BT.601, 10 BT.2020 as well
_MATRICES = {1: _BT709, 4: _FCC, 5: _BT601, 6: _BT601, 7: _SMPTE240M, 9: _BT2020, 10: _BT2020}
_HDR_CURVES = (16, 18)  # PQ and HLG: AVCOL_TRC_* (libavutil/pixfmt.h)
_HD_FROM = (1280, 577)
"""Width or height from which players take an unnamed matrix for BT.709, not BT.601."""

# Measured against the formula in floating point, on a 720p picture: planes of 8 bits by these flags are right
# to the rounding; without ACCURATE_RND, or packed instead of in planes, all is 1 to 2 of 255 too dark; packed
# 16 bits with full chroma flags are wrong by up to 90.
_TO_RGB = _BILINEAR | _ACCURATE_RND
_FROM_RGB = _BILINEAR


@dataclass(frozen=True)
class Colours:
    """libav's own numbers (libavutil/pixfmt.h), as the file names them.  Any thread.

    size: (W, H) of the pictures, which tells what players take for an unnamed matrix.
    """

    range: int
    matrix: int
    primaries: int
    transfer: int
    size: tuple[int, int]

    @classmethod
    def of(cls, frame: Any) -> Colours:
        """Those of a video that holds `frame`; where that is stored as RGB, those it will be stored by."""
        size = frame.width, frame.height
        if frame.format.is_rgb:
            return cls(_LIMITED, _guessed(size), int(frame.color_primaries), int(frame.color_trc), size)
        is_full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
        return cls(
            _FULL if is_full else int(frame.color_range),
            int(frame.colorspace),
            int(frame.color_primaries),
            int(frame.color_trc),
            size,
        )

    @property
    def is_hdr(self) -> bool:
        """Whether the curve is PQ or HLG."""
        return self.transfer in _HDR_CURVES

    @property
    def _used_matrix(self) -> int:
        return _MATRICES.get(self.matrix) or _guessed(self.size)

    @property
    def _used_range(self) -> int:
        return _FULL if self.range == _FULL else _LIMITED

    def resized(self, width: int, height: int) -> Colours:
        """For pictures of another size; a matrix that players would now guess otherwise is named."""
        changes = self.matrix not in _MATRICES and _guessed((width, height)) != _guessed(self.size)
        return replace(self, size=(width, height), matrix=self._used_matrix if changes else self.matrix)

    def to_rgb(self, frame: Any, size: tuple[int, int], *, is_deep: bool) -> NDArray[Any]:
        """`frame` at `size` (w, h) as uint8, or if deep uint16, [h, w, 3]: red, green, blue of full range."""
        flat = frame.reformat(
            width=size[0],
            height=size[1],
            format="gbrp16le" if is_deep else "gbrp",
            src_colorspace=self._used_matrix,
            src_color_range=self._used_range,
            dst_color_range=_FULL,
            interpolation=_TO_RGB,
            threads=1,
        )
        rgb: NDArray[Any] = flat.to_ndarray()
        return rgb

    def from_rgb(self, picture: NDArray[Any], pixel_format: str) -> Any:
        """A frame in `pixel_format` of `picture`: uint8 or uint16 [h, w, 3|4], the fourth channel alpha."""
        packed = {(1, 3): "rgb24", (1, 4): "rgba", (2, 3): "rgb48le", (2, 4): "rgba64le"}
        kind = packed[picture.itemsize, picture.shape[2]]
        frame: Any = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=kind)
        if pixel_format == kind:
            return frame
        return frame.reformat(
            format=pixel_format,
            dst_colorspace=self._used_matrix,
            src_color_range=_FULL,
            dst_color_range=self._used_range,
            interpolation=_FROM_RGB,
            threads=1,
        )

    def describe(self, context: Any) -> None:
        """Name these colours in the codec context of an encoder that stores luma."""
        context.color_range, context.colorspace = self.range, self.matrix
        context.color_primaries, context.color_trc = self.primaries, self.transfer


def _guessed(size: tuple[int, int]) -> int:
    is_hd = size[0] >= _HD_FROM[0] or size[1] >= _HD_FROM[1]
    return _BT709 if is_hd else _BT601
