"""What runs inside the child process: libobs 32 from start to shutdown.

Imported by the programs that :meth:`host.Host.run` starts, never by pytest itself.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

X11_EGL = 1  # enum obs_nix_platform_type
# Enough for a picture and its filters; others ask the network, the sound server or a camera.
MODULES = ("image-source", "obs-filters")


@contextmanager
def running(width: int, height: int) -> Iterator[Any]:
    """libobs with video of this size at 30 Hz, audio and MODULES; yields `pylibobs`.

    libobs's symbols are made global first, so that ``ctypes.CDLL(None)`` finds them as inside OBS.
    """
    file = Path(os.environ["LIBOBS32"])
    libobs = ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)
    import pylibobs

    pylibobs.set_nix_platform(X11_EGL)
    with pylibobs.OBSContext() as context:
        context.set_video(width=width, height=height, fps_num=30)
        context.set_audio()
        for name in MODULES:
            _load_module(
                libobs,
                file.parent / "obs-plugins" / f"{name}.so",
                file.parent / "data" / "obs-plugins" / name,
            )
        libobs.obs_post_load_modules()
        yield pylibobs


def _load_module(libobs: ctypes.CDLL, binary: Path, data: Path) -> None:
    libobs.obs_open_module.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    libobs.obs_init_module.argtypes = [ctypes.c_void_p]
    libobs.obs_init_module.restype = ctypes.c_bool
    module = ctypes.c_void_p()
    problem = libobs.obs_open_module(ctypes.byref(module), os.fsencode(binary), os.fsencode(data))
    if problem or not libobs.obs_init_module(module):
        raise RuntimeError(f"libobs could not load {binary.name} ({problem}).")


def put_on_program(source: Any | None) -> None:
    """Make `source` active and visible, as a scene on air does; None takes it off again."""
    from pylibobs._ffi import ffi, get_lib

    get_lib().obs_set_output_source(0, ffi.NULL if source is None else source._ptr)


def destroy_released() -> None:
    """Wait until libobs has destroyed everything that was released."""
    from pylibobs._ffi import get_lib

    while get_lib().obs_wait_for_destroy_queue():
        pass


def picture(pylibobs: Any, source: Any, width: int, height: int) -> NDArray[np.uint8]:
    """What `source` shows now: [height, width, 4] uint8, BGRA."""
    rendered = pylibobs.render_source_to_bgra(source, width, height)
    if rendered is None:
        raise RuntimeError("libobs could not render the source.")
    data, stride = rendered
    rows = np.frombuffer(data, np.uint8).reshape(height, stride)
    return rows[:, : width * 4].reshape(height, width, 4).copy()


def wait_for(what: str, condition: Callable[[], bool], limit_s: float) -> None:
    """Poll `condition` until it holds; raises TimeoutError naming `what`."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen in {limit_s:.0f} s.")
        time.sleep(0.05)


def allocations() -> int:
    """How many blocks of memory libobs holds; after its shutdown: how many were leaked."""
    library = ctypes.CDLL(os.environ["LIBOBS32"])
    library.bnum_allocs.restype = ctypes.c_long
    return int(library.bnum_allocs())
