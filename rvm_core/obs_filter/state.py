"""The record that native callbacks and the worker share, one per filter instance.

The address of the record is the `void *data` that libobs hands to each callback.  Who writes what:

- *graphics*: only the callbacks, on the graphics thread;
- *lock*: only the worker, while it holds the graphics lock, so that no render sees half a change;
- *atomic*: any thread, through :mod:`rvm_core.obs_filter.atomics` alone;
- *once*: written before the instance is handed to libobs.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np
from numba import from_dtype, types

from rvm_core.settings import SCHEMA, ZONE_COUNT, Kind

SLOTS = 6  # full-size pictures kept: shown, being matted, waiting, finished, being read back, being drawn
BOXES = 3  # a triple buffer each way
NEW = 4  # flag beside the index in a mailbox
TIMINGS = 512
REASONS = 32
MAX_TEXT = 4096

STALL_NS = 2_000_000_000
"""A worker that is silent for longer while frames come counts as dead.  After a reset, the last frame with
its own matte stays on screen for as long."""
OFF_SCREEN_SECONDS = 0.5
"""A source without a render for longer counts as off screen.  A shorter time says nothing: plug-ins and
canvases may render at a fraction of the frame rate."""
LATE_TICK_SECONDS = 0.1
MEDIA_JUMP_MS = 1000  # further ahead than real time by this much is a seek
MEDIA_BACK_MS = 100  # timestamps of live media wobble by less
LONGEST_FRAME_NS = 100_000_000  # longer is a pause, no frame rate
EARLY_SHARE = 16  # of its period: a worker done so much sooner than expected should not wait for a picture
UNEVEN_SHARE = 4  # of their interval: frames come so irregularly
RESULTS = ("matte", "detail", "edge", "blurred")
"""What the worker gives for each picture, a texture each."""
VEIL_LONG_SIDE = 24  # pixels: what is left of a picture that is blurred beyond recognition


class Mode(IntEnum):
    """`mode` of the schema."""

    TRANSPARENT = 0
    BLUR = 1
    COLOR = 2
    IMAGE = 3
    VIDEO = 4
    MATTE = 5
    SOURCE = 6


class Fit(IntEnum):
    """`background_fit` of the schema."""

    COVER = 0
    CONTAIN = 1
    STRETCH = 2


class UntilReady(IntEnum):
    """What is drawn while there is no matte."""

    HIDE = 0
    BLUR = 1
    SHOW = 2


class Reason(IntFlag):
    """Why the recurrent state begins anew."""

    SHOWN = 1
    ACTIVATED = 2
    OFF_SCREEN = 4
    SIZE = 8
    COLOR_SPACE = 16
    MEDIA = 32
    SCENE = 64
    CUT = 128
    MODEL = 256
    FAILURE = 512
    STALL = 1024
    USER = 2048
    PLATE = 4096


REASON_TEXT = {
    Reason.SHOWN: "source shown",
    Reason.ACTIVATED: "source went live",
    Reason.OFF_SCREEN: "source was off screen",
    Reason.SIZE: "picture size",
    Reason.COLOR_SPACE: "colour space",
    Reason.MEDIA: "media restart or seek",
    Reason.SCENE: "scene switch",
    Reason.CUT: "cut in the picture",
    Reason.MODEL: "model, provider or quality",
    Reason.FAILURE: "failure",
    Reason.STALL: "worker stalled",
    Reason.USER: "asked by the user",
    Reason.PLATE: "clean plate",
}

# The source itself went on: what stands on screen is a whole picture with its own matte and may stay.
CONTINUOUS = Reason.ACTIVATED | Reason.MEDIA | Reason.SCENE | Reason.CUT | Reason.MODEL | Reason.USER


def reason_text(bits: int) -> str:
    """For people: the causes in `bits`, joined by commas."""
    return ", ".join(text for reason, text in REASON_TEXT.items() if bits & reason)


SETTING_COUNT = len(SCHEMA)
NUMBER_KINDS = {
    Kind.NUMBER: 0,
    Kind.COUNT: 1,
    Kind.COLOR: 1,
    Kind.SWITCH: 2,
    Kind.CHOICE: 3,
    Kind.PATH: 3,
    Kind.TEXT: 3,
}

PARAMETERS = (
    "image", "matte", "detail", "edge", "backdrop", "light", "color", "gain", "edged", "source_size",
    "target_size", "light_size",
)  # fmt: skip
TECHNIQUES = (
    "Shrink", "ShrinkLinear", "Transparent", "Color", "Backdrop", "Matte", "Veil", "FillColor",
    "FillBackdrop",
)  # fmt: skip

STATE = np.dtype(
    [
        # once
        ("self", "i8"),
        ("source", "i8"),
        ("event", "i8"),
        ("alive", "i8"),  # address of a flag: the interpreter runs
        ("renders", "i8"),  # address of the number of renders of all instances
        ("effect", "i8"),
        *((f"param_{name}", "i8") for name in PARAMETERS),
        *((f"tech_{name}", "i8") for name in TECHNIQUES),
        ("scratch", "i8"),  # texrender: the picture now, when no slot holds it
        ("veil", "i8"),  # texrender: the picture reduced beyond recognition
        ("light", "i8"),  # texrender: the background so reduced, which is its light
        ("live", "i8"),  # texrender: a background that moves, as large as the picture
        ("spaces", "i4", (3,)),
        ("keeps_color", "f4", (4,)),  # of outlined zones, linear light
        ("removes_color", "f4", (4,)),
        ("setting_key", "i8", (SETTING_COUNT,)),
        ("setting_kind", "i4", (SETTING_COUNT,)),
        ("setting_text", "i8", (SETTING_COUNT,)),
        # settings as libobs last gave them: a sequence lock, odd while being written
        ("setting_sequence", "i8"),  # atomic
        ("setting_number", "f8", (SETTING_COUNT,)),
        # lock: how to draw
        ("mode", "i4"),
        ("lowest_latency", "i4"),
        ("until_ready", "i4"),
        ("reset_on_scene_switch", "i4"),
        ("color", "f4", (4,)),  # linear light
        ("ground", "f4", (4,)),  # the same colour as stored
        ("fit", "i4"),
        ("gain", "f4"),  # of alpha around a half
        ("zone_count", "i4"),  # to be outlined in windows
        ("zone", "f4", (ZONE_COUNT, 5)),  # 1 where it keeps, left, top, right, bottom, shares of the picture
        ("backdrop", "i8"),  # weak reference to the source that is the background, or 0
        ("backdrop_failed", "i4"),  # there is none where there should be one
        ("accepting", "i4"),  # the worker is ready for pictures
        # lock: the bundle of GPU objects for one picture size
        ("bundle_width", "u4"),
        ("bundle_height", "u4"),
        ("bundle_space", "i4"),
        ("internal_width", "u4"),
        ("internal_height", "u4"),
        ("slot", "i8", (SLOTS,)),  # texrenders
        ("shrunk", "i8"),  # texrender
        ("stage", "i8", (2,)),
        *((f"{kind}_upload", "i8") for kind in RESULTS),
        *((f"{kind}_retired", "i8") for kind in RESULTS),
        *((f"{kind}_texture", "i8") for kind in RESULTS),  # the last one: another model leaves the old one
        ("image_texture", "i8"),
        # graphics: the frame
        ("fresh", "i4"),  # a tick has come; the next render is the first of its frame
        ("was_off_screen", "i4"),  # at some time since the last render
        ("drawn", "i4"),  # `scratch` holds this frame
        ("since_below_s", "f4"),  # since another instance was met below
        ("look", "i4"),  # mode in which the source was drawn last, or -1
        ("edged", "i4"),  # the result on screen has an edge texture
        ("blurs", "i4"),  # the result on screen has a blurred background
        ("live_filled", "i4"),  # `live` holds a picture
        ("live_of", "i8"),  # by which reference it was drawn, or 0 once there is another
        ("is_behind", "i4"),  # the background is being drawn: should it hold this very source, without it
        ("lit", "i4"),  # `light` is of this frame
        ("lit_by", "i8"),  # the image that `light` is of, or 0
        ("width", "u4"),
        ("height", "u4"),
        ("space", "i4"),
        ("program_scene", "i8"),  # address, to compare only: the scene that the program shows, or 0
        ("unrendered_s", "f4"),
        ("since_media_s", "f4"),
        ("media_ms", "i8"),
        ("frame_ns", "i8"),  # when this frame began
        ("interval_ns", "i8"),  # between frames, smoothed
        ("in_program", "i4"),  # viewers may see the source
        ("frame", "i8"),  # id of the newest captured picture
        ("newest", "i4"),  # its slot, or -1
        ("shown", "i4"),  # slot on screen, or -1
        ("area", "i4", (4,)),  # of it, in which the matte leaves anything: left, top, right, bottom
        ("staged", "i4"),  # slot being read back, or -1
        ("staged_frame", "i8"),
        ("staged_ns", "i8"),
        ("flip", "i4"),
        ("slot_frame", "i8", (SLOTS,)),  # 0: free
        ("valid_from", "i8"),
        ("hold_until_ns", "i8"),
        ("sent_frame", "i8"),
        ("result_ns", "i8"),
        ("mapped", "i8"),
        ("pitch", "u4"),
        ("size2", "f4", (2,)),
        ("clear", "f4", (4,)),
        # epochs
        ("reset_bits", "i8"),  # atomic
        ("cut_frame", "i8"),  # atomic
        ("epoch", "i8"),  # atomic; written by graphics
        ("epoch_reason", "i8", (REASONS,)),
        # graphics -> worker
        ("wanted", "i8"),  # atomic: size and colour space, packed
        ("in_box", "i8"),  # atomic
        ("in_back", "i4"),
        ("in_data", "i8", (BOXES,)),
        ("in_frame", "i8", (BOXES,)),
        ("in_epoch", "i8", (BOXES,)),
        ("in_ns", "i8", (BOXES,)),
        # worker -> graphics
        ("taken_ns", "i8"),  # atomic: when the worker took the picture that it mattes now, or 0
        ("period_ns", "i8"),  # atomic: how often it can take one, others' turns between, smoothed
        ("out_box", "i8"),  # atomic
        ("out_front", "i4"),
        *((f"out_{kind}", "i8", (BOXES,)) for kind in RESULTS),
        ("out_edged", "i4", (BOXES,)),
        ("out_blurs", "i4", (BOXES,)),
        ("out_frame", "i8", (BOXES,)),  # id of the matted picture; negative: that one gets no matte
        ("out_area", "i4", (BOXES, 4)),
        ("out_ns", "i8", (BOXES,)),
        # graphics: counters and timings, read by the worker for its status
        ("frames_rendered", "i8"),
        ("frames_captured", "i8"),
        ("frames_dropped", "i8"),
        ("results_shown", "i8"),
        ("results_stale", "i8"),
        ("render_count", "i8"),
        ("render_us", "f4", (TIMINGS,)),
        ("lag_ms", "f4", (TIMINGS,)),
        ("lag_frames", "f4", (TIMINGS,)),
    ],
    align=True,
)


def offset(field: str) -> int:
    """Byte offset of `field` in the record."""
    fields = STATE.fields
    assert fields is not None
    return int(fields[field][1])


RECORD = from_dtype(STATE)
POINTER = types.CPointer(RECORD)


def pack_wanted(width: int, height: int, space: int) -> int:
    """The inverse of :func:`unpack_wanted`; the callbacks compute the same."""
    return width | height << 24 | (space + 1) << 48


def unpack_wanted(packed: int) -> tuple[int, int, int]:
    """(width px, height px, colour space) of the picture that the graphics thread sees."""
    return packed & 0xFFFFFF, packed >> 24 & 0xFFFFFF, (packed >> 48) - 1
