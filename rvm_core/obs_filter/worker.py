"""The worker: one Python thread per filter instance, between the two mailboxes.

It owns the network's recurrent state and decides every change of the GPU objects.  It waits on one
event that native code signals for a new picture, new settings or a new picture size; nothing ever
waits for it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rvm_core.cuts import Cuts
from rvm_core.errors import HostError, InferenceError, PlateError, ProviderError, RvmError
from rvm_core.interruption import Interrupted, Interruption
from rvm_core.kernels.full_size import contrast_gain
from rvm_core.libobs import api, log
from rvm_core.obs_filter import atomics, gpu
from rvm_core.obs_filter.background import Background
from rvm_core.obs_filter.buffers import Buffers
from rvm_core.obs_filter.clean_plate import CleanPlate
from rvm_core.obs_filter.courtesy import IdleLane, Rest, yield_to_obs
from rvm_core.obs_filter.ending import working
from rvm_core.obs_filter.loading import Loaded, Loader, Wish
from rvm_core.obs_filter.mailbox import has_picture, publish_result, take_picture
from rvm_core.obs_filter.preset_choice import PresetChoice
from rvm_core.obs_filter.state import (
    REASONS,
    Fit,
    Mode,
    Reason,
    UntilReady,
    offset,
    reason_text,
    unpack_wanted,
)
from rvm_core.obs_filter.status import Status
from rvm_core.obs_filter.turns import Seat
from rvm_core.settings import Settings

if TYPE_CHECKING:
    from rvm_core.matting import Matting
    from rvm_core.obs_filter.instance import Instance
    from rvm_core.pipeline import Workshop

_WAIT_MS = 200
_HIDDEN_AFTER_S = 0.5
_AWAY_NS = 2_000_000_000
_RETRY = "Then press “Try again” in the filter's settings."


class Worker:
    """Loads the model, mattes pictures, publishes results, reports.  Public methods: any thread."""

    def __init__(self, instance: Instance) -> None:
        self.status = Status(instance)
        self._instance = instance
        self._record = instance.record
        self._address = instance.address
        self._thread = threading.Thread(target=self._run, name="obs-rvm worker", daemon=True)
        self._stopping = False
        self._interruption = Interruption()
        self._retry = False
        self._download = False
        self._settings = Settings.from_values({})[0]
        self._said: set[str] = set()
        self._engine: Matting | None = None
        self._wish: Wish | None = None
        self._granted: Wish | None = None
        self._refusal: ProviderError | None = None
        self._loader = Loader(instance.event.signal)
        self._plate = CleanPlate(instance, self.status)
        self._slots_key: tuple[int, ...] = ()
        self._buffers: Buffers | None = None
        self._background = Background(instance, self.status)
        self.preset = PresetChoice(instance, self.status)
        self._workshop: Workshop | None = None
        self._rendered, self._seen_at = 0, time.monotonic()
        self._front = self._back = gpu.WORKER_BOX
        self._epoch = atomics.load(self._address + offset("epoch"))
        self._cuts = Cuts()
        self._period_ns = 0
        self._taken_ns = 0
        self._lagged_frames = api.function("obs_get_lagged_frames")()
        self._lane = IdleLane()
        self._rest = Rest()
        self._seat = Seat(instance.event.signal)

    # -- from other threads --------------------------------------------------------------------------

    def start(self) -> None:
        """Take over the settings, so that the first picture fails closed, and begin to work."""
        self._apply_settings()
        self._instance.keep_for_worker()
        try:
            self._thread.start()
        except BaseException:
            self._instance.let_go()
            raise

    def is_alive(self) -> bool:
        """False once the thread has ended, for whatever cause."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ask the thread to end, and whatever it or its loader does in the network; nobody waits here."""
        self._stopping = True
        self._interruption.set()
        self._loader.stop()
        self._instance.event.signal()

    def retry(self) -> None:
        """Forget failures and load anew; a missing model may be downloaded."""
        self._retry = True
        self._instance.event.signal()

    def take_plate(self) -> None:
        """Count down, then take a clean plate for the filter's settings."""
        self._plate.taking.begin()
        self._instance.event.signal()

    def close(self) -> None:
        """Let go of the model; the record's objects stay.  The thread has ended or does this last."""
        self._loader.stop()
        self._seat.close()
        gpu.refuse_pictures(self._address)
        if self._engine is not None:
            self._engine.close()
        self._background.close()
        self.status.remove_file()

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        with working():
            try:
                with self._interruption.applied():
                    self._work()
            finally:
                self._seat.close()
                self._lane.close()
                self._instance.let_go()

    def _work(self) -> None:
        yield_to_obs()
        if self._instance.shader_problem is not None:
            self.status.report("shader", self._instance.shader_problem)
        try:
            while not self._stopping:
                if self._instance.hotkeys.are_behind():
                    self._instance.ask_ui_thread()
                self._instance.event.wait(_WAIT_MS)
                if not self._stopping:
                    self._turn()
        except Interrupted:
            pass
        except BaseException as cause:
            # Whatever it was, the picture must not stay as it is.
            self._fail("worker", RvmError(f"The matting thread ended ({cause!r}).", _RETRY))
            self.status.write()
            if isinstance(cause, Exception):
                raise

    def _turn(self) -> None:
        """One wake-up: settings, size, a picture if there is one."""
        if self._retry:
            self._retry, self._download = False, True
            self._trust_again()
            self._wish = None
            self._background.forget_failures()
            self.status.forget_problems()
        settings_changed = self._instance.settings.changed()
        if settings_changed:
            self._apply_settings()
        try:
            self._ensure_engine()
            self._plate.ensure(self._engine, self._settings)
            self._ensure_room()
            self._matte_in_turn()
        except RvmError as problem:
            self._seat.leave()
            self._fail("engine", problem)
            self._leave_provider(problem)
        self._background.ensure(self._settings, is_hidden=self._is_hidden())
        self.status.happening(" ".join(filter(None, (self._loader.text, self._plate.taking.text))))
        mark = self.preset.is_changed if self._settings.preset else None
        self.status.refresh(self._settings.show_status, settings_changed, mark)
        self.status.write_sometimes()

    def _apply_settings(self) -> None:
        """Bring the filter's settings into the record; what is wrong with them is said once."""
        settings, problems = Settings.from_values(self._instance.settings.take())
        texts = {str(problem) for problem in problems}
        for text in sorted(texts - self._said):
            log.warning(f"'{self._instance.name}': {text}")
        self._said |= texts
        self._settings = settings
        self.preset.follow(settings.preset)
        how = (
            Mode[settings.mode.upper()],
            settings.latency == "lowest",
            UntilReady[settings.effective_until_ready.upper()],
            settings.reset_on_scene_switch,
            Fit[settings.background_fit.upper()],
        )
        ground = _stored_color(settings.background_color)
        zones = settings.zones if settings.show_zones else ()
        gpu.configure(
            self._address,
            np.array(how, np.int64),
            _linear(ground),
            ground,
            contrast_gain(settings.edge_contrast),
            np.array(zones, np.float64).reshape(-1, 5),
        )

    def _fail(self, part: str, problem: RvmError) -> None:
        """Take the matte off the screen, say once what happened, and wait for a change or a retry."""
        gpu.refuse_pictures(self._address)
        self._instance.reset(Reason.FAILURE)
        self.status.report(part, problem)

    def _trust_again(self) -> None:
        """Somebody asks that the chosen provider be tried once more."""
        from rvm_core.matting import ledger

        ledger.forget(self._settings.provider)

    def _leave_provider(self, problem: RvmError) -> None:
        """Go on with the processor where another one failed at work."""
        engine, granted = self._engine, self._granted
        if engine is None or granted is None or engine.info.provider == "cpu":
            return
        if isinstance(problem, InferenceError):
            problem = engine.distrust_provider(problem.problem)
        if isinstance(problem, ProviderError) and not self._loader.text:  # or another engine comes anyway
            self._refusal = problem
            self._loader.load(granted._replace(provider="cpu"), download=False)

    def _ensure_engine(self) -> None:
        s = self._settings
        wish = Wish(s.model, s.quality, s.provider, s.threads)
        if wish != self._wish:  # a failure is not tried again by itself
            self._wish = wish
            self._refusal = None
            self._loader.load(wish, download=self._download)
            self._download = False
        loaded = self._loader.take()
        if loaded is not None:
            self._take_over(loaded)

    def _take_over(self, loaded: Loaded) -> None:
        """Matte with the engine that has been made; where there is none, the last one goes on."""
        if loaded.engine is None:
            assert loaded.problem is not None
            if self._engine is None or self.status.blocks:
                self._fail("engine", loaded.problem)  # which says nothing of the provider at work
            else:
                self.status.report("wish", loaded.problem)
            return
        previous, self._engine = self._engine, loaded.engine
        self._engine.call_on(self._lane)
        if previous is not None:
            previous.close()
            self._instance.reset(Reason.MODEL)
        self.status.solved("engine")
        if self._refusal is None:  # else the last one goes on elsewhere, whatever was wished for since
            self._granted = self._wish
            self.status.solved("wish")
        refusal = self._refusal or loaded.refusal
        if refusal is None:
            self.status.solved("refusal")
        else:
            self.status.report("refusal", refusal)
        info = self._engine.info
        self.status.engine_loaded(info, self._engine.left_out())
        log.info(
            f"'{self._instance.name}': {info.model} on {info.provider}, {info.threads} threads, "
            f"level {info.level}, ready in {loaded.seconds:.1f} s"
            + (f"; the official graph runs: {info.why_official}" if info.why_official else "")
        )

    def _ensure_room(self) -> None:
        """GPU objects for the picture that the graphics thread sees and the size that the network takes."""
        wanted = unpack_wanted(atomics.load(self._address + offset("wanted")))
        width, height, _ = wanted
        if self._engine is None or self.status.blocks or not width or not height:
            return
        size = self._engine.internal_size(width, height)
        if self._plate.wants_pictures:
            size = self._engine.plate_size(width, height)
        new_slots = self._slots_key != wanted
        new_buffers = self._buffers is None or self._buffers.size != size
        if not new_slots and not new_buffers and self._record["accepting"][0]:
            return
        complete = True
        if new_slots:
            complete = gpu.make_slots(self._address, *wanted)
            self._slots_key = wanted
        if new_buffers:
            # the former buffers live until the record points to these
            buffers = Buffers(*size)
            complete = buffers.install(self._address) and complete
            self._buffers = buffers
        if not complete:
            self._slots_key, self._buffers = (), None
            raise HostError("The graphics card has no memory left.", f"Close something. {_RETRY}")
        gpu.accept_pictures(self._address)
        self._front = self._back = gpu.WORKER_BOX
        if new_slots:
            self._engine.reset("new size")
        self._cuts.forget()
        self.status.engine_loaded(self._engine.info, self._engine.left_out())
        self.status.room_made(width, height, *size)

    def _matte_in_turn(self) -> None:
        """Matte the newest picture, if there is one and no other filter's is matted now."""
        if self._engine is None or self._buffers is None or not self._record["accepting"][0]:
            self._seat.leave()
        elif not has_picture(self._address):
            atomics.store(self._address + offset("taken_ns"), 0)  # idle: any picture is welcome
            self._seat.leave()
        elif self._seat.may_matte(self._engine.info.provider, in_program=bool(self._record["in_program"][0])):
            self._matte_next()
            self._seat.leave()

    def _matte_next(self) -> None:
        assert self._engine is not None
        assert self._buffers is not None
        self._front = index = take_picture(self._address, self._front)
        taken_ns = api.function("os_gettime_ns")()
        was_away, self._taken_ns = taken_ns - self._taken_ns > _AWAY_NS, taken_ns
        atomics.store(self._address + offset("taken_ns"), taken_ns)
        self._tell_period(round(1e9 * self._seat.period_s))
        frame, captured_ns = int(self._record["in_frame"][0, index]), int(self._record["in_ns"][0, index])
        epoch = int(self._record["in_epoch"][0, index])
        self._lane.hurries = epoch != self._epoch  # viewers see no matte until then, or an old one
        self._follow_epoch(epoch, captured_ns)
        picture = self._buffers.pictures[index]
        if self._plate.wants_pictures:
            self._plate.take_of(picture)
            self._pass_over(frame)
            return
        if self._cuts.is_cut(picture, captured_ns):
            self._engine.reset("cut")
            atomics.store(self._address + offset("cut_frame"), frame)
            self._instance.reset(Reason.CUT)
        missed_frames = self._newly_lagged()
        if was_away:  # then others made OBS miss them
            missed_frames = 0
        self._engine.host_missed(missed_frames)
        self._engine.share(self._seat.sharing)
        try:
            alpha, foreground = self._engine.step_internal(picture)
            if self._engine.problem:
                raise PlateError(
                    self._engine.problem, "Put the camera back, or capture the clean plate again."
                )
        except PlateError as problem:
            self._plate.is_wrong(problem)
            self._pass_over(frame)
            return
        except RvmError:
            raise
        except Exception as cause:
            raise InferenceError(f"The network failed ({cause}).", _RETRY) from cause
        if self._engine.is_doubtful:  # the last matte stays until that is certain or over
            self._pass_over(frame)
            return
        self._plate.is_right()
        from rvm_core.pipeline import Workshop, finish, visible_area

        self._workshop = self._workshop or Workshop()
        back = self._back
        full_width, full_height, _ = self._slots_key
        settings = self._settings
        blurs = settings.mode == "blur" or self._record["look"][0] == Mode.BLUR
        if settings.mode != "blur" and blurs:  # until what is to stand behind the person instead is there
            settings = replace(settings, mode="blur")
        matte = self._buffers.mattes[back]
        is_edged = finish(
            picture,
            alpha,
            foreground,
            settings,
            full_width / picture.shape[1],
            matte=matte,
            detail=self._buffers.details[back],
            edge=self._buffers.edges[back],
            background=self._buffers.blurred[back],
            workshop=self._workshop,
        )
        self._record["out_blurs"][0, back], self._record["out_edged"][0, back] = blurs, is_edged
        self._record["out_frame"][0, back] = frame
        self._record["out_ns"][0, back] = captured_ns
        self._record["out_area"][0, back] = visible_area(matte[..., 3], (full_width, full_height))
        self._back = publish_result(self._address, back)
        self.status.matte_done(self._engine.last_ms, captured_ns)
        busy_s = (api.function("os_gettime_ns")() - taken_ns) / 1e9
        sharing = self._seat.sharing  # each rests for his part
        time.sleep(self._rest.after(busy_s * sharing, missed_frames) / sharing)

    def _pass_over(self, frame: int) -> None:
        """Let the graphics thread have back the slot of a picture that gets no matte."""
        self._record["out_frame"][0, self._back] = -frame
        self._back = publish_result(self._address, self._back)

    def _newly_lagged(self) -> int:
        """Frames that OBS was late for since the last call."""
        before, self._lagged_frames = self._lagged_frames, api.function("obs_get_lagged_frames")()
        return max(self._lagged_frames - before, 0)  # OBS counts anew when its video is set anew

    def _tell_period(self, last_ns: int) -> None:
        """Let the graphics thread know how often a picture can be taken, so that it captures no other."""
        before = self._period_ns or last_ns
        self._period_ns = (7 * before + last_ns) // 8
        atomics.store(self._address + offset("period_ns"), self._period_ns)

    def _follow_epoch(self, epoch: int, captured_ns: int) -> None:
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
            self._cuts.forget()
        if any(bits & Reason.MEDIA for _, bits in reasons):
            self._cuts.expect(captured_ns)

    def _is_hidden(self) -> bool:
        """Whether nobody has seen the filter for a moment."""
        rendered, now = int(self._record["frames_rendered"][0]), time.monotonic()
        if rendered != self._rendered:
            self._rendered, self._seen_at = rendered, now
        return now - self._seen_at > _HIDDEN_AFTER_S


def _stored_color(color: int) -> NDArray[np.float64]:
    """OBS's 0xAABBGGRR as red, green and blue, 0..1."""
    return np.array([color & 255, color >> 8 & 255, color >> 16 & 255], np.float64) / 255


def _linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB values 0..1 as linear light."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
