"""The memory of both triple buffers, for one size of the network's picture."""

from __future__ import annotations

import numpy as np

from rvm_core.obs_filter import gpu
from rvm_core.obs_filter.state import BOXES


class Buffers:
    """pictures, blurred: uint8 [3, h, w, 4] sRGB.  mattes, details, edges: float16 [3, h, w, 4]."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self.pictures = np.zeros((BOXES, height, width, 4), np.uint8)
        self.mattes = np.zeros((BOXES, height, width, 4), np.float16)
        self.details = np.zeros((BOXES, height, width, 4), np.float16)
        self.edges = np.zeros((BOXES, height, width, 4), np.float16)
        self.blurred = np.zeros((BOXES, height, width, 4), np.uint8)

    def install(self, state: int) -> bool:
        """Point the record at these buffers and make the textures of their size; False: no memory.

        The worker.  This object must outlive its place in the record.
        """
        arrays = (self.pictures, self.mattes, self.details, self.edges, self.blurred)
        return bool(gpu.make_internal(state, *self.size, *(gpu.addresses(array) for array in arrays)))
