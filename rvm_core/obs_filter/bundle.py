"""GPU objects and buffers of one instance.  All methods are called under the graphics lock."""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import Owned
from rvm_core.obs_filter.state import BOXES, SLOTS


class Slots:
    """Full-size pictures that wait on the GPU for their matte."""

    def __init__(self, record: NDArray[np.void], width: int, height: int, space: int) -> None:
        self._owned = Owned()
        picture_format = c.GS_RGBA if space == c.GS_CS_SRGB else c.GS_RGBA16F
        for k in range(SLOTS):
            record["slot"][0, k] = self._owned.create("gs_texrender", picture_format, c.GS_ZS_NONE)
        record["bundle_width"], record["bundle_height"], record["bundle_space"] = width, height, space
        self.key = (width, height, space)

    def close(self) -> None:
        """Destroy the textures."""
        self._owned.close()


class Internal:
    """What the network's size decides: the reduced picture, its way down and the matte's way up."""

    def __init__(self, record: NDArray[np.void], width: int, height: int) -> None:
        self._owned = Owned()
        create = self._owned.create
        record["shrunk"] = create("gs_texrender", c.GS_RGBA, c.GS_ZS_NONE)
        for i in range(2):
            record["stage"][0, i] = create("gs_stagesurface", width, height, c.GS_RGBA)
        record["matte_upload"] = create("gs_texture", width, height, c.GS_RGBA16F, 1, None, c.GS_DYNAMIC)
        record["blurred_upload"] = create("gs_texture", width, height, c.GS_RGBA, 1, None, c.GS_DYNAMIC)
        self.pictures = np.zeros((BOXES, height, width, 4), np.uint8)
        self.mattes = np.zeros((BOXES, height, width, 4), np.float16)
        self.blurred = np.zeros((BOXES, height, width, 4), np.uint8)
        for field, buffers in (
            ("in_data", self.pictures),
            ("out_matte", self.mattes),
            ("out_blurred", self.blurred),
        ):
            record[field][0] = [buffer.ctypes.data for buffer in buffers]
        record["internal_width"], record["internal_height"] = width, height
        self.key = (width, height)

    def close(self) -> None:
        """Destroy the textures; the buffers go with this object."""
        self._owned.close()


def image_texture(owned: Owned, rgba: NDArray[np.uint8]) -> int:
    """A texture of `rgba` uint8 [h, w, 4], sRGB."""
    height, width = rgba.shape[:2]
    data = ctypes.c_void_p(rgba.ctypes.data)
    return owned.create("gs_texture", width, height, c.GS_RGBA, 1, ctypes.byref(data), 0)


def forget_pictures(record: NDArray[np.void]) -> None:
    """Start the bookkeeping of pictures anew: nothing captured, nothing shown, boxes empty."""
    record["slot_frame"] = 0
    record["newest"] = record["shown"] = record["staged"] = -1
    record["valid_from"] = record["frame"] + 1
    record["sent_frame"] = record["hold_until_ns"] = 0
    empty_boxes(record)


def empty_boxes(record: NDArray[np.void]) -> None:
    """Nothing on the way between the graphics thread and the worker."""
    record["in_back"], record["in_box"] = 0, 1
    record["out_front"], record["out_box"] = 0, 1

