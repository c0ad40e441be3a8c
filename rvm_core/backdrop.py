"""Background images: read, and fitted to the picture on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvm_core.errors import BackgroundError, RvmError

_REMEDY = "Choose a PNG, JPEG, WebP or BMP file."


def load(
    path: str, width: int, height: int, fit: str, color: int, pixel_aspect: float = 1.0
) -> NDArray[np.uint8]:
    """The image at `path` as uint8 [height, width, 4] RGBA, opaque, on `color` (0xAABBGGRR).

    `fit` is ``cover``, ``contain`` or ``stretch``.  pixel_aspect: as in :func:`fitted`.
    Raises BackgroundError.
    """
    if not path:
        raise BackgroundError("No background image is chosen.", _REMEDY)
    return fitted(decoded(path, "background image", BackgroundError), width, height, fit, color, pixel_aspect)


def decoded(path: str, name: str, error: type[RvmError]) -> NDArray[np.uint8]:
    """The image file `path` as uint8 [H, W, 4] RGBA, whatever it holds.

    Raises `error`, which calls the file by `name`.
    """
    from rvm_core.opencv import cv2

    try:
        if not Path(path).is_file() and Path(path).exists():  # a pipe would never end, nor would a device
            raise error(f"The {name} {path} is not a file.", _REMEDY)
        encoded = np.frombuffer(Path(path).read_bytes(), np.uint8)
    except (OSError, ValueError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else cause
        raise error(f"The {name} {path} cannot be read ({why}).", _REMEDY) from cause
    try:
        image = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED) if encoded.size else None
    except cv2.error as cause:  # more than 2 ** 30 pixels
        raise error(f"The {name} {path} is too large.", _REMEDY) from cause
    if image is None:
        raise error(f"The {name} {path} is not an image.", _REMEDY)
    return _rgba8(image)


def fitted(
    image: NDArray[np.uint8], width: int, height: int, fit: str, color: int, pixel_aspect: float = 1.0
) -> NDArray[np.uint8]:
    """`image`, uint8 [h, w, 3] RGB or [h, w, 4] RGBA, fitted, opaque, of as many channels; see :func:`load`.

    pixel_aspect: width of the result's pixels over their height, where those of the image are square.
    """
    canvas = np.empty((height, width, image.shape[2]), np.uint8)
    canvas[:] = [*rgb_of(color), 255][: image.shape[2]]
    _paste(image, canvas, fit, pixel_aspect)
    return canvas


def rgb_of(color: int) -> tuple[int, int, int]:
    """Red, green and blue, 0..255, of OBS's 0xAABBGGRR."""
    return color & 255, color >> 8 & 255, color >> 16 & 255


def _rgba8(image: NDArray[Any]) -> NDArray[np.uint8]:
    from rvm_core.opencv import cv2

    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    elif image.dtype != np.uint8:
        image = np.clip(image * 255.0, 0, 255).astype(np.uint8)
    conversion = {1: cv2.COLOR_GRAY2RGBA, 3: cv2.COLOR_BGR2RGBA, 4: cv2.COLOR_BGRA2RGBA}
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 2:  # grey and alpha
        image, channels = np.dstack([image[..., :1]] * 3 + [image[..., 1:]]), 4
    return cv2.cvtColor(image, conversion[channels])  # type: ignore[return-value]


def _paste(image: NDArray[np.uint8], canvas: NDArray[np.uint8], fit: str, pixel_aspect: float) -> None:
    """Scale what will be seen of `image` onto the middle of `canvas`; crop first, an image may be long."""
    from rvm_core.opencv import cv2

    height, width = canvas.shape[:2]
    tall, wide = image.shape[:2]
    if fit == "cover":
        shape = width * pixel_aspect / height
        shown_wide = min(wide, max(1, round(tall * shape)))
        shown_tall = min(tall, max(1, round(wide / shape)))
        left, top = (wide - shown_wide) // 2, (tall - shown_tall) // 2
        image = image[top : top + shown_tall, left : left + shown_wide]
    elif fit == "contain":
        scale = min(width * pixel_aspect / wide, height / tall)
        size = max(1, round(wide * scale / pixel_aspect)), max(1, round(tall * scale))
        left, top = (width - size[0]) // 2, (height - size[1]) // 2
        canvas = canvas[top : top + size[1], left : left + size[0]]
    shrinks = canvas.shape[0] < image.shape[0] or canvas.shape[1] < image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled = cv2.resize(image, (canvas.shape[1], canvas.shape[0]), interpolation=method)
    if scaled.shape[2] == 3:
        canvas[...] = scaled
        return
    alpha = scaled[..., 3:].astype(np.float32) / 255.0
    canvas[..., :3] = np.rint(scaled[..., :3] * alpha + canvas[..., :3] * (1.0 - alpha))
