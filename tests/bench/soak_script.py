"""An OBS script that counts what this OBS process holds, each time that it is asked.

The file ``count`` in the folder OBS_RVM_SOAK_DIR asks; ``counts.json`` beside it is the answer.
"""

import ctypes
import gc
import json
import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

_folder = Path(os.environ["OBS_RVM_SOAK_DIR"])
_end = threading.Event()
_libobs = ctypes.CDLL(None)
_libobs.bnum_allocs.restype = ctypes.c_long
POLL_S = 0.1

GL_KINDS = ("Texture", "Buffer", "Framebuffer", "VertexArray", "Sampler", "Program")
CHUNK = 512
"""Names probed at a time, between which OBS may draw."""
MARGIN = 2048
"""Names probed beyond the highest that is known."""
_highest = dict.fromkeys(GL_KINDS, 0)


class _MallInfo(ctypes.Structure):
    """struct mallinfo2, malloc.h."""

    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


_libobs.mallinfo2.restype = _MallInfo


@contextmanager
def _graphics():
    _libobs.obs_enter_graphics()
    try:
        yield
    finally:
        _libobs.obs_leave_graphics()


def _gl_objects():
    """{kind: how many exist}: libobs keeps no count, so each name is asked whether it is an object.

    The GIL stays held within a chunk, or each of its calls could wait for it while OBS cannot draw.
    """
    gl = ctypes.PyDLL("libGL.so.1")
    counts = {}
    for kind in GL_KINDS:
        is_object = getattr(gl, f"glIs{kind}")
        is_object.restype = ctypes.c_ubyte
        counts[kind], first = 0, 1
        # A driver may give each new object a higher name than any before.
        while first < max(_next_name(gl, kind), _highest[kind]) + MARGIN:
            with _graphics():
                found = [name for name in range(first, first + CHUNK) if is_object(name)]
            counts[kind] += len(found)
            _highest[kind] = max([_highest[kind], *found])
            first += CHUNK
    return counts


def _next_name(gl, kind):
    """The name that the driver would give to the next object of this kind."""
    if kind == "Program":  # has no names without objects
        return _highest[kind]
    name = ctypes.c_uint()
    with _graphics():
        getattr(gl, f"glGen{kind}s")(1, ctypes.byref(name))
        getattr(gl, f"glDelete{kind}s")(1, ctypes.byref(name))
    return name.value


def _counts():
    gc.collect()
    used = _libobs.mallinfo2()
    return {
        "malloc_bytes": used.uordblks + used.hblkhd,
        "libobs_allocations": _libobs.bnum_allocs(),
        "python_blocks": sys.getallocatedblocks(),
        "gl": _gl_objects(),
    }


def _serve():
    asked = _folder / "count"
    while not _end.wait(POLL_S):
        if asked.exists():
            asked.unlink()
            part = _folder / "counts.part"
            part.write_text(json.dumps(_counts()))
            part.replace(_folder / "counts.json")


def script_load(settings):  # noqa: ARG001 - the name and form that OBS calls
    threading.Thread(target=_serve, name="soak", daemon=True).start()


def script_unload():
    _end.set()
