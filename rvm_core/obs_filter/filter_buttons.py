"""What the settings window says and does of the filter's own work.  UI thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rvm_core.errors import HostError, RvmError
from rvm_core.libobs import api
from rvm_core.libobs import constants as c
from rvm_core.obs_filter.actions import ACTIONS, perform
from rvm_core.obs_filter.instance import Instance
from rvm_core.obs_filter.language import tr
from rvm_core.obs_filter.plate_taking import COUNTDOWN_S
from rvm_core.obs_filter.property_rows import Button, Text, note
from rvm_core.settings import ADVANCED_KEY, AUDIO_SOURCE_KEY, BY_KEY, PLATE_KEY, SHOW_STATUS_KEY

Values = Mapping[str, Any]
_SOUND_NOTE = "sound_note"
_NS_PER_MS = 1_000_000


def has_problem(living: Instance) -> bool:
    """Whether there is something to try again."""
    return living.worker.status.line()[1] or not living.worker.is_alive()


def _line(living: Instance) -> tuple[str, int]:
    kind = c.OBS_TEXT_INFO_ERROR if has_problem(living) else c.OBS_TEXT_INFO_NORMAL
    return living.worker.status.line()[0], kind


def _details(living: Instance) -> tuple[str, int]:
    return "\n".join(living.worker.status.details()), c.OBS_TEXT_INFO_NORMAL


def _try_again(living: Instance, _given: Values) -> str:
    living.try_again()
    return ""


def _asking(name: str) -> Callable[[Instance, Values], str]:
    """What a button does that asks for the same as a hotkey."""
    do = next(action.do for action in ACTIONS if action.name == name)

    def press(living: Instance, _given: Values) -> str:
        perform(do, living)
        return ""

    return press


def _set_sync_offset(living: Instance, given: Values) -> str:
    name = given[AUDIO_SOURCE_KEY]
    late_ms = round(living.worker.status.latency_ms())
    if not late_ms:
        raise RvmError(
            "The picture is not late, or it is not known yet how much.", "Wait until the person is cut out."
        )
    source = api.function("obs_get_source_by_name")(name.encode())
    if not source:
        raise HostError(f"There is no source “{name}” any more.", "Choose another one.")
    api.function("obs_source_set_sync_offset")(source, late_ms * _NS_PER_MS)
    api.function("obs_source_release")(source)
    return tr("“{name}” has a sync offset of {milliseconds} ms now.", name=name, milliseconds=late_ms)


def _always(_given: Values) -> bool:
    return True


def _is_status_shown(given: Values) -> bool:
    return bool(given[SHOW_STATUS_KEY])


LINE = Text("status", _always, _line)
TRY_AGAIN = Button(
    "try_again",
    lambda: tr("Try again"),
    lambda: tr("Loads everything anew, and fetches what is missing."),
    _always,
    _try_again,
)
TAKE_PLATE = Button(
    "take_plate",
    lambda: tr("Capture clean plate (in {seconds} s)", seconds=f"{COUNTDOWN_S:.0f}"),
    lambda: tr("Step out of the picture; after the countdown the empty room is kept."),
    BY_KEY[PLATE_KEY].is_shown,
    _asking("capture_plate"),
)
START_ANEW = Button(
    "start_anew",
    lambda: tr("Start anew"),
    lambda: tr("Forgets the previous pictures, should something of the room stick to you."),
    lambda given: bool(given[ADVANCED_KEY]),
    _asking("start_anew"),
)
DETAILS = Text("status_details", _is_status_shown, _details)
BESIDE_SOUND: tuple[Button | Text, ...] = (
    Button(
        "sync_offset",
        lambda: tr("Set its sync offset"),
        lambda: tr(
            "Your picture appears a little later than your voice. This delays the voice by as much: it is "
            "the sync offset of OBS's advanced audio properties."
        ),
        lambda given: BY_KEY[AUDIO_SOURCE_KEY].is_shown(given) and given[AUDIO_SOURCE_KEY] != "",
        _set_sync_offset,
        _SOUND_NOTE,
    ),
    note(_SOUND_NOTE, _is_status_shown),
)
