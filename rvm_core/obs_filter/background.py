"""What stands behind the person, made ready for the graphics thread: the worker's.

An image is read here and lies on the graphics card.  A video is a media source of OBS's own, private and
silent, which decodes on a thread of its own; it rests while nobody sees the filter.  Any other source of OBS
is only borrowed: the record holds a weak reference, so whoever deletes it need not ask.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rvm_core import backdrop
from rvm_core.errors import BackgroundError
from rvm_core.libobs import api
from rvm_core.libobs import constants as c
from rvm_core.obs_filter import atomics, gpu, own_source
from rvm_core.obs_filter.state import Mode, offset, unpack_wanted
from rvm_core.settings import BACKGROUND_SOURCE_KEY, Settings

if TYPE_CHECKING:
    from rvm_core.obs_filter.instance import Instance
    from rvm_core.obs_filter.status import Status

_PATIENCE_S = 5.0
"""How long a source may be missing, or be without a picture, before that is said."""
_MEDIA = {
    "is_local_file": True,
    "looping": True,
    "restart_on_activate": False,  # nothing activates it: it plays from the start
    "close_when_inactive": False,
    "clear_on_media_end": False,
}


class _Wish(NamedTuple):
    mode: Mode
    name: str  # of the file or of the source


class Background:
    """Keeps to the settings, and says what is missing.  One thread, the worker's, but for :meth:`close`."""

    def __init__(self, instance: Instance, status: Status) -> None:
        self._instance, self._status = instance, status
        self._record, self._address = instance.record, instance.address
        self._image: tuple[Any, ...] = ()
        self._image_problem: BackgroundError | None = None
        self._wish: _Wish | None = None
        self._wished_at = 0.0
        self._media = 0  # strong reference of the video's source, which is ours
        self._weak = 0
        self._is_awake = False
        self._has_failed = False

    def forget_failures(self) -> None:
        """Try again what did not go."""
        self._image, self._wish = (), None

    def ensure(self, settings: Settings, *, is_hidden: bool) -> None:
        """Make ready what `settings` name; while `is_hidden`, let it rest."""
        mode = Mode[settings.mode.upper()]
        problem: BackgroundError | None = None
        try:
            if mode == Mode.IMAGE:
                self._ensure_image(settings)
            elif self._image and self._record["look"][0] != Mode.IMAGE:
                self._image = ()
                gpu.set_image(self._address, 0, 0, 0)
            self._ensure_source(mode, settings, is_hidden)
        except BackgroundError as found:
            problem = found
        self._say(problem)

    def close(self) -> None:
        """Let go of everything but what the record owns, which takes no picture.  The worker has ended."""
        self._has_failed = False  # another worker does not know of it
        self._leave()
        gpu.set_backdrop(self._address, 0, 0)

    def _say(self, problem: BackgroundError | None) -> None:
        if self._has_failed is not (problem is not None):
            self._has_failed = problem is not None
            gpu.set_backdrop(self._address, self._weak, int(self._has_failed))
        if problem is None:
            self._status.solved("background")
        else:
            self._status.report("background", problem)

    def _ensure_image(self, settings: Settings) -> None:
        width, height, _ = unpack_wanted(atomics.load(self._address + offset("wanted")))
        key = (settings.background_file, settings.background_fit, settings.background_color, width, height)
        if key != self._image and width and height:
            self._image, self._image_problem = key, None
            try:
                image = backdrop.load(key[0], width, height, *key[1:3])
                if not gpu.set_image(self._address, width, height, image.ctypes.data):
                    raise BackgroundError(
                        "The background image does not fit the graphics card.", "Choose a smaller one."
                    )
            except BackgroundError as found:
                self._image_problem = found
        if self._image_problem is not None:  # said anew each time, until another file is chosen
            raise self._image_problem

    def _ensure_source(self, mode: Mode, settings: Settings, is_hidden: bool) -> None:
        wish = None
        if mode == Mode.VIDEO:
            wish = _Wish(mode, settings.background_file)
        elif mode == Mode.SOURCE:
            wish = _Wish(mode, settings.background_source)
        if wish != self._wish:
            self._leave()
            self._wish, self._wished_at = wish, time.monotonic()
        if wish is None:
            return
        if mode == Mode.VIDEO:
            self._ensure_video(wish.name)
        else:
            self._ensure_other(wish.name)
        self._wake(not is_hidden)
        has_picture = self._weak and self._record["live_of"][0] == self._weak
        if is_hidden or has_picture:
            self._wished_at = time.monotonic()
        elif time.monotonic() - self._wished_at > _PATIENCE_S:
            raise self._no_picture(wish)

    @staticmethod
    def _no_picture(wish: _Wish) -> BackgroundError:
        if wish.mode == Mode.VIDEO:
            return BackgroundError(
                f"The background video {wish.name} cannot be played.", "Choose another file, such as an MP4."
            )
        return BackgroundError(
            f"The background source “{wish.name}” has no picture.", "Switch it on, or choose another source."
        )

    def _ensure_video(self, file: str) -> None:
        if self._media:
            return
        if not file:
            raise BackgroundError("No background video is chosen.", "Choose a video file.")
        if not os.path.isfile(file):  # noqa: PTH113 - Path's raises where one may not look
            raise BackgroundError(f"The background video {file} is not there.", "Choose a video file.")
        data = api.function("obs_data_create_from_json")(json.dumps({**_MEDIA, "local_file": file}).encode())
        self._media = (
            api.function("obs_source_create_private")(b"ffmpeg_source", b"RVM Background", data) or 0
        )
        api.function("obs_data_release")(data)
        if not self._media:
            raise BackgroundError("This OBS plays no media files.", "Choose an image.")
        api.function("obs_source_set_muted")(self._media, True)
        api.function("obs_source_set_audio_mixers")(self._media, 0)
        self._is_awake = True
        self._take(self._media)

    def _ensure_other(self, name: str) -> None:
        """Borrow the source called `name`; follow it when it gets another name."""
        if not name:
            raise BackgroundError("No background source is chosen.", "Choose one of OBS's sources or scenes.")
        source = _unless_removed(
            api.function("obs_weak_source_get_source")(self._weak) if self._weak else None
        )
        if source:
            now = api.function("obs_source_get_name")(source).decode(errors="replace")
            if now != name:
                self._wish = _Wish(Mode.SOURCE, now)
                self._instance.keep({BACKGROUND_SOURCE_KEY: now})
        else:
            self._leave_source()
            source = _unless_removed(api.function("obs_get_source_by_name")(name.encode()))
            if source:
                self._borrow(source, name)
        if source:
            api.function("obs_source_release")(source)
        elif time.monotonic() - self._wished_at > _PATIENCE_S:  # scenes load one after another
            raise BackgroundError(f"There is no source “{name}”.", "Choose another background source.")

    def _borrow(self, source: int, name: str) -> None:
        where = own_source.place(self._instance.weak)
        is_own = where is not None and source == where.parent
        if is_own or not api.function("obs_source_get_output_flags")(source) & c.OBS_SOURCE_VIDEO:
            api.function("obs_source_release")(source)
            why = "is the one that this filter is on" if is_own else "has no picture"
            raise BackgroundError(f"The background source “{name}” {why}.", "Choose another source.")
        self._take(source)

    def _take(self, source: int) -> None:
        self._weak = api.function("obs_source_get_weak_source")(source)
        gpu.set_backdrop(self._address, self._weak, int(self._has_failed))

    def _wake(self, is_wanted: bool) -> None:
        """Let the source play, or rest."""
        if is_wanted is self._is_awake or not self._weak:
            return
        self._is_awake = is_wanted
        if self._media:
            api.function("obs_source_media_play_pause")(self._media, not is_wanted)
            return
        source = api.function("obs_weak_source_get_source")(self._weak)
        if source:
            api.function("obs_source_inc_active" if is_wanted else "obs_source_dec_active")(source)
            api.function("obs_source_release")(source)

    def _leave(self) -> None:
        self._leave_source()
        if self._media:
            api.function("obs_source_release")(self._media)
            self._media = 0

    def _leave_source(self) -> None:
        if not self._weak:
            return
        if not self._media:
            self._wake(False)
        gpu.set_backdrop(self._address, 0, int(self._has_failed))
        api.function("obs_weak_source_release")(self._weak)
        self._weak, self._is_awake = 0, False


def _unless_removed(source: int | None) -> int | None:
    """`source`, a strong reference; None, and let go, where it was deleted but something still holds it."""
    if source and api.function("obs_source_removed")(source):
        api.function("obs_source_release")(source)
        return None
    return source
