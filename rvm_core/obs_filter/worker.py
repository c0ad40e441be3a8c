"""The worker: one Python thread per filter instance, between the two mailboxes.

It owns the network's recurrent state and every change of the GPU objects.  It waits on one event that
native code signals for a new picture, new settings or a new picture size; nothing ever waits for it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from rvm_core.errors import BackgroundError, InferenceError, RvmError
from rvm_core.libobs import log
from rvm_core.libobs.handles import Owned, graphics
from rvm_core.obs_filter import atomics, backdrop
from rvm_core.obs_filter.bundle import Internal, Slots, empty_boxes, forget_pictures, image_texture
from rvm_core.obs_filter.mailbox import publish_result, take_picture
from rvm_core.obs_filter.state import REASONS, Mode, Reason, UntilReady, offset, reason_text, unpack_wanted
from rvm_core.obs_filter.status import Status
from rvm_core.settings import Settings

if TYPE_CHECKING:
    from rvm_core.matting import Matting
    from rvm_core.obs_filter.instance import Instance

_WAIT_MS = 200
_RETRY = "Then press “Try again” in the filter's settings."


class Worker:
    """Loads the model, mattes pictures, publishes results, reports.  Public methods: any thread."""

    def __init__(self, instance: Instance) -> None:
        self.status = Status(instance)
        self._instance = instance
        self._record = instance.record
        self._thread = threading.Thread(target=self._run, name="obs-rvm worker", daemon=True)
        self._stopping = False
        self._retry = False
        self._download = False
        self._settings: Settings | None = None
        self._engine: Matting | None = None
        self._engine_key: tuple[Any, ...] = ()
        self._slots: Slots | None = None
        self._internal: Internal | None = None
        self._retired: Internal | None = None  # its matte may still be on screen
        self._backdrop = Owned()
        self._backdrop_key: tuple[Any, ...] = ()
        self._front, self._back = 2, 2
        self._epoch = 0
        self._histogram: Any = None

    # -- from other threads --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def is_alive(self) -> bool:
        """False once the thread has ended, for whatever cause."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End the thread, after the inference that may be running."""
        self._stopping = True
        self._instance.event.signal()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def retry(self) -> None:
        """Forget failures and load anew; a missing model may be downloaded."""
        self._retry = True
        self._instance.event.signal()

    def close(self) -> None:
        """Free what the worker made.  The thread has ended."""
        with graphics():
            self._record["accepting"] = 0
            self._record["image_texture"] = 0
            forget_pictures(self._record)
            for owner in (self._slots, self._internal, self._retired, self._backdrop):
                if owner is not None:
                    owner.close()
            self._record["bundle_width"] = 0
        if self._engine is not None:
            self._engine.close()
        self.status.remove_file()

    def apply_settings(self) -> None:
        """Bring the filter's settings into the record.  The creating thread before start, then the worker."""
        settings, problems = Settings.from_values(self._instance.settings.read())
        if problems and self._settings is None:
            for problem in problems:
                log.warning(f"'{self._instance.name}': {problem}")
        self._settings = settings
        record = self._record
        with graphics():
            record["mode"] = Mode[settings.mode.upper()]
            record["lowest_latency"] = settings.latency == "lowest"
            record["until_ready"] = UntilReady[settings.effective_until_ready.upper()]
            record["reset_on_scene_switch"] = settings.reset_on_scene_switch
            record["color"] = _linear_color(settings.background_color)

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        _yield_to_obs()
        try:
            while not self._stopping:
                self._instance.event.wait(_WAIT_MS)
                if not self._stopping:
                    self._turn()
        except BaseException as cause:
            # Whatever it was, the picture must not stay as it is.
            self._fail("worker", RvmError(f"The matting thread ended ({cause!r}).", _RETRY))
            if isinstance(cause, Exception):
                raise

    def _turn(self) -> None:
        """One wake-up: settings, size, a picture if there is one."""
        if self._retry:
            self._retry, self._download = False, True
            self._engine_key = self._backdrop_key = ()
            self.status.problems.clear()
        if self._instance.settings.changed():
            self.apply_settings()
        try:
            self._ensure_engine()
            self._ensure_bundle()
            self._matte_next()
        except RvmError as problem:
            self._fail("engine", problem)
        except MemoryError as cause:
            self._fail("engine", RvmError(f"The graphics card gave no memory ({cause}).", _RETRY))
        self._ensure_backdrop()
        self.status.write_sometimes()

    def _fail(self, part: str, problem: RvmError) -> None:
        """Take the matte off the screen, say once what happened, and wait for a change or a retry."""
        with graphics():
            self._record["accepting"] = 0
            forget_pictures(self._record)
        self._front, self._back = 2, 2
        self._instance.reset(Reason.FAILURE)
        self.status.report(part, problem)

    def _ensure_engine(self) -> None:
        assert self._settings is not None
        s = self._settings
        key = (s.model, s.quality, s.provider, s.threads)
        if key == self._engine_key:
            return
        self._engine_key = key  # a failure is not tried again by itself
        started = time.monotonic()
        from rvm_core.matting import Matting

        download, self._download = self._download, False
        engine = Matting(
            model=s.model, quality=s.quality, provider=s.provider, threads=s.threads, download=download
        )
        previous, self._engine = self._engine, engine
        if previous is not None:
            previous.close()
            self._instance.reset(Reason.MODEL)
        self.status.problems.pop("engine", None)
        self.status.engine_loaded(engine.info)
        log.info(
            f"'{self._instance.name}': {engine.info.model} on {engine.info.provider}, "
            f"{engine.info.threads} threads, level {engine.info.level}, "
            f"ready in {time.monotonic() - started:.1f} s"
        )

    def _ensure_bundle(self) -> None:
        """GPU objects for the picture that the graphics thread sees and the size that the network takes."""
        wanted = unpack_wanted(atomics.load(self._instance.address + offset("wanted")))
        width, height, _ = wanted
        if self._engine is None or "engine" in self.status.problems or not width or not height:
            return
        internal_key = self._engine.internal_size(width, height)
        same_slots = self._slots is not None and self._slots.key == wanted
        same_internal = self._internal is not None and self._internal.key == internal_key
        if same_slots and same_internal and self._record["accepting"][0]:
            return
        with graphics():
            if not same_slots:
                forget_pictures(self._record)
                if self._slots is not None:
                    self._slots.close()
                self._slots = Slots(self._record, *wanted)
            if not same_internal:
                if self._retired is not None:
                    self._retired.close()
                self._retired, self._internal = self._internal, Internal(self._record, *internal_key)
            empty_boxes(self._record)
            self._record["staged"] = -1
            self._record["accepting"] = 1
        self._front, self._back = 2, 2
        self._engine.reset("new size")
        self._histogram = None
        self.status.bundle_ready(width, height, *internal_key)

    def _matte_next(self) -> None:
        if self._engine is None or self._internal is None or not self._record["accepting"][0]:
            return
        index = take_picture(self._instance.address, self._front)
        if index < 0:
            return
        self._front = index
        frame, captured_ns = int(self._record["in_frame"][0, index]), int(self._record["in_ns"][0, index])
        self._follow_epoch(int(self._record["in_epoch"][0, index]))
        picture = self._internal.pictures[index]
        self._notice_cut(picture, frame)
        try:
            alpha, foreground = self._engine.step_internal(picture)
        except RvmError:
            raise
        except Exception as cause:
            raise InferenceError(f"The network failed ({cause}).", _RETRY) from cause
        from rvm_core.pipeline import finish

        assert self._settings is not None
        back = self._back
        finish(
            picture,
            alpha,
            foreground,
            self._settings,
            matte=self._internal.mattes[back],
            background=self._internal.blurred[back],
        )
        self._record["out_frame"][0, back] = frame
        self._record["out_ns"][0, back] = captured_ns
        self._record["out_valid"][0, back] = 1
        self._back = publish_result(self._instance.address, back)
        self.status.matte_done(self._engine.last_ms, captured_ns)

    def _follow_epoch(self, epoch: int) -> None:
        """Start the recurrent state anew if this picture belongs to another epoch than the last one."""
        if epoch == self._epoch:
            return
        reasons = [
            (number, int(self._record["epoch_reason"][0, number % REASONS]))
            for number in range(max(self._epoch + 1, epoch - REASONS + 2), epoch + 1)
        ]
        self._epoch = epoch
        for number, bits in reasons:
            text = reason_text(bits)
            self.status.reset_happened(number, text)
            log.info(f"'{self._instance.name}': matting starts anew (epoch {number}: {text})")
        # A cut was followed by the picture that showed it, before its epoch came round.
        if any(bits != Reason.CUT for _, bits in reasons):
            assert self._engine is not None
            self._engine.reset(reason_text(reasons[-1][1]))
            self._histogram = None

    def _notice_cut(self, picture: Any, frame: int) -> None:
        from rvm_core.kernels import cut

        histogram = cut.histogram(picture)
        before, self._histogram = self._histogram, histogram
        if before is not None and cut.distance(before, histogram) > cut.THRESHOLD:
            assert self._engine is not None
            self._engine.reset("cut")
            atomics.store(self._instance.address + offset("cut_frame"), frame)
            self._instance.reset(Reason.CUT)

    def _ensure_backdrop(self) -> None:
        """The background image, fitted to the picture, on the GPU."""
        assert self._settings is not None
        s = self._settings
        width, height, _ = unpack_wanted(atomics.load(self._instance.address + offset("wanted")))
        wanted = s.mode == "image" and width > 0 and height > 0
        key = (s.background_file, s.background_fit, s.background_color, width, height) if wanted else ()
        if key == self._backdrop_key:
            return
        self._backdrop_key = key
        fresh, texture, problem = Owned(), 0, None
        if wanted:
            try:
                image = backdrop.load(
                    s.background_file, width, height, s.background_fit, s.background_color
                )
            except BackgroundError as found:
                problem = found
        with graphics():
            if wanted and problem is None:
                texture = image_texture(fresh, image)
            previous, self._backdrop = self._backdrop, fresh
            self._record["image_texture"] = texture
            previous.close()
        if problem is None:
            self.status.solved("background")
        else:
            self.status.report("background", problem)


def _linear_color(color: int) -> list[float]:
    """OBS's 0xAABBGGRR as linear light, opaque."""
    encoded = np.array([color & 255, color >> 8 & 255, color >> 16 & 255], np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return [*linear, 1.0]


def _yield_to_obs() -> None:
    """OBS's own threads come first; the network's threads inherit this."""
    if sys.platform == "win32":
        kernel32 = ctypes.windll.kernel32
        kernel32.SetThreadPriority(kernel32.GetCurrentThread(), -1)  # THREAD_PRIORITY_BELOW_NORMAL
    elif sys.platform.startswith("linux"):
        # On Linux a thread has a nice value of its own.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
