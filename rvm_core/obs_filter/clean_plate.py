"""The clean plate of one filter: read for the engine, missed, and taken anew.  The worker's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rvm_core import plates
from rvm_core.errors import PlateError
from rvm_core.libobs import log
from rvm_core.obs_filter.plate_taking import PlateTaking
from rvm_core.obs_filter.state import Reason
from rvm_core.obs_filter.status import Status
from rvm_core.settings import BY_KEY, MODE_KEY, MODEL_KEY, PLATE_KEY, Settings

if TYPE_CHECKING:
    from rvm_core.matting import Matting
    from rvm_core.obs_filter.instance import Instance

_LACK, _CAPTURE = "clean_plate", "capture"


class CleanPlate:
    """Sees that an engine that needs a plate has that of the settings, and says what keeps it from that."""

    def __init__(self, instance: Instance, status: Status) -> None:
        self.taking = PlateTaking()
        self._instance, self._status = instance, status
        self._in_use: tuple[Matting, str] | None = None

    @property
    def wants_pictures(self) -> bool:
        """Whether pictures go into a plate and not to the engine, which is one that needs it."""
        return self._in_use is not None and self.taking.wants_pictures

    def ensure(self, engine: Matting | None, settings: Settings) -> None:
        """Give `engine` the plate of `settings`, if it needs one and has another."""
        if self.taking.text and not BY_KEY[PLATE_KEY].applies(
            {MODE_KEY: settings.mode, MODEL_KEY: settings.model}
        ):
            self.taking.cancel()
        if engine is None or not engine.needs_plate:
            self._in_use = None
            self.is_right()
            return
        file = settings.plate
        if self._in_use == (engine, file):
            return
        self._in_use = (engine, file)
        engine.use_plate(None)
        try:
            engine.use_plate(plates.read(file))
        except PlateError as problem:
            self._lack(problem)
            return
        self._instance.reset(Reason.PLATE)
        self.is_right()
        self._status.solved(_CAPTURE)

    def is_wrong(self, problem: PlateError) -> None:
        """No matte could be made, or none may be shown: nothing of the room until there is a right plate."""
        if not self._status.has(_LACK):  # or that there is none is said already
            self._lack(problem)

    def is_right(self) -> None:
        """A matte was made with it, or none is needed."""
        self._status.solved(_LACK)

    def take_of(self, picture: NDArray[np.uint8]) -> None:
        """Gather `picture`, uint8 [h, w, 3|4] sRGB; a complete plate becomes the filter's setting."""
        try:
            file = self.taking.add(picture)
        except PlateError as problem:
            log.warning(f"'{self._instance.name}': {problem}")
            self._status.report(_CAPTURE, problem)
            return
        if file is not None:
            self._instance.keep({PLATE_KEY: str(file)})
            log.info(f"'{self._instance.name}': the clean plate was captured ({file.name})")

    def _lack(self, problem: PlateError) -> None:
        if not self._status.has(_LACK):
            self._instance.reset(Reason.FAILURE)
        self._status.report(_LACK, problem)
