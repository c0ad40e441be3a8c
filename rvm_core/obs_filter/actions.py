"""What can be asked of a filter while it is live; hotkeys, obs-websocket and buttons ask the same.

Any thread but the graphics thread.  Whoever asks holds the filter (:func:`instance.held`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from rvm_core import presets
from rvm_core.errors import ActionError
from rvm_core.libobs import api, log
from rvm_core.obs_filter.language import tr
from rvm_core.obs_filter.state import Reason
from rvm_core.settings import BLUR_STRENGTH_KEY, BY_KEY, PLATE_KEY, PRESET_KEY

if TYPE_CHECKING:
    from rvm_core.obs_filter.instance import Instance

_BLUR_STEP = 0.1
_one_at_a_time = threading.Lock()
"""Two that change a value by a step, on two threads, make two steps."""


class Action(NamedTuple):
    """One thing that can be asked; `name` is for programs and, once released, never changes."""

    name: str
    label: Callable[[str], str]
    """What a hotkey for a filter of that name is called, in OBS's language."""
    do: Callable[[Instance], str]
    """Does it, and says what was done.  Raises RvmError where the filter cannot."""


def perform(do: Callable[[Instance], str], living: Instance) -> str:
    """Let `do`, as of an action, do it, and write to the log what was done; the same words.

    Raises RvmError where the filter cannot.
    """
    with _one_at_a_time:
        done = do(living)
    log.info(f"'{living.name}': {done}")
    return done


def choose_preset(living: Instance, name: str) -> str:
    """Let the filter become what the preset says, also where it was chosen and changed since.

    What the preset leaves out is part of what was done.  Raises PresetError where there is no such preset.
    """
    preset = presets.get(name)
    living.keep({PRESET_KEY: name, **presets.changes(preset, living.wanted())})
    return " ".join([f"preset “{name}”", *map(str, preset.left_out)])


def _toggle(living: Instance) -> str:
    is_on = not api.function("obs_source_enabled")(living.source)
    api.function("obs_source_set_enabled")(living.source, is_on)
    return "switched on" if is_on else "switched off"


def _blur_more(living: Instance) -> str:
    return _blur(living, _BLUR_STEP)


def _blur_less(living: Instance) -> str:
    return _blur(living, -_BLUR_STEP)


def _blur(living: Instance, step: float) -> str:
    setting, values = BY_KEY[BLUR_STRENGTH_KEY], living.wanted()
    if not setting.applies(values):
        raise ActionError(
            "The blur cannot change, because the background is not blurred.", "Choose the mode that blurs it."
        )
    before = setting.coerce(values[BLUR_STRENGTH_KEY])
    strength = setting.coerce(round(before + step, 2))
    if strength == before:
        return f"blur strength {strength:g} already"
    living.keep({BLUR_STRENGTH_KEY: strength})
    return f"blur strength {strength:g}"


def _next_preset(living: Instance) -> str:
    names, chosen = presets.names(), living.wanted()[PRESET_KEY]
    following = names.index(chosen) + 1 if chosen in names else 0
    return choose_preset(living, names[following % len(names)])


def _capture_plate(living: Instance) -> str:
    if not BY_KEY[PLATE_KEY].applies(living.wanted()):
        raise ActionError("This model needs no clean plate.", "Choose Background Matting V2 to use one.")
    living.worker.take_plate()
    return "the clean plate will be captured"


def _start_anew(living: Instance) -> str:
    living.reset(Reason.USER)
    return "told to start anew"


ACTIONS: tuple[Action, ...] = (
    Action("toggle", lambda name: tr("{filter}: on or off", filter=name), _toggle),
    Action("blur_more", lambda name: tr("{filter}: blur more", filter=name), _blur_more),
    Action("blur_less", lambda name: tr("{filter}: blur less", filter=name), _blur_less),
    Action("next_preset", lambda name: tr("{filter}: next preset", filter=name), _next_preset),
    Action("capture_plate", lambda name: tr("{filter}: capture clean plate", filter=name), _capture_plate),
    Action("start_anew", lambda name: tr("{filter}: start anew", filter=name), _start_anew),
)
"""In the order in which hotkeys are listed."""
