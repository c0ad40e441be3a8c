"""The hotkeys of one filter, in OBS's Settings > Hotkeys under the source that the filter is on.

libobs takes no hotkeys of a filter, so they are the parent's, and are saved with it: their names hold the
filter's.  They exist once the parent is known, and follow the filter to another name.

OBS calls :func:`_pressed` while it holds the lock of all hotkeys.  Python must not run there: another script
may hold the GIL and wait for that lock (obspython's functions for hotkeys keep the GIL).  So a press is only
counted, natively, and done by the thread on which libobs destroys sources.
"""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import carray, from_dtype, types

from rvm_core.errors import RvmError
from rvm_core.libobs import api, log
from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import immortal
from rvm_core.libobs.native import symbol
from rvm_core.obs_filter import atomics, own_source
from rvm_core.obs_filter._native import callback
from rvm_core.obs_filter.actions import ACTIONS, perform
from rvm_core.obs_filter.parents import name_of, parent

if TYPE_CHECKING:
    from rvm_core.obs_filter.instance import Instance

_ASK_EVERY_S = 0.5
_PRESSES = np.dtype(
    [
        ("count", "i8"),  # atomic: presses that are not done yet
        ("count_address", "i8"),
        ("alive", "i8"),  # address of a flag: the interpreter runs
        ("instance", "i8"),
        ("task", "i8"),  # what the destroying thread calls with the instance
    ],
    align=True,
)
_queue_task = symbol("obs_queue_task")


@callback(types.void(types.CPointer(from_dtype(_PRESSES)), types.uintp, types.intp, types.uint8))
def _pressed(presses: Any, number: int, hotkey: int, is_down: int) -> None:
    """`obs_hotkey_func`, obs-hotkey.h."""
    p = carray(presses, 1)[0]
    if is_down != 0 and atomics.load(p.alive) != 0:
        atomics.fetch_add(p.count_address, 1)
        _queue_task(types.int32(c.OBS_TASK_DESTROY), p.task, p.instance, types.int32(0))


_on_press = immortal(_pressed).address


class Hotkeys:
    """One for each action.  `task` is the address of a task that calls :meth:`serve` of the instance."""

    def __init__(self, instance: Instance, task: int) -> None:
        self._source, self._weak = instance.source, instance.weak
        self._presses = np.zeros(len(ACTIONS), _PRESSES)
        self._addresses = [self._presses[k : k + 1].ctypes.data for k in range(len(ACTIONS))]
        self._presses["count_address"] = self._addresses  # the first field
        self._presses["alive"] = instance.record["alive"][0]
        self._presses["instance"], self._presses["task"] = instance.address, task
        self._ids: list[int] = []
        self._stand: tuple[int, str] | None = None
        self._asked = -_ASK_EVERY_S

    def are_behind(self) -> bool:
        """Whether :meth:`follow` has something to do; not again at once.  The worker."""
        if api.frontend_function("obs_frontend_add_event_callback") is None:  # nobody presses keys
            return False
        where = own_source.place(self._weak)
        if (
            where is None
            or (where.parent, where.name) == self._stand
            or time.monotonic() < self._asked + _ASK_EVERY_S
        ):
            return False
        self._asked = time.monotonic()
        return True

    def follow(self) -> None:
        """Register with the source that the filter is on, under the filter's name.

        UI thread: elsewhere OBS might save that source meanwhile, and free what is read here.
        """
        stand = self._standing()
        if stand == self._stand:
            return
        with parent(self._source) as source:
            if source:  # else the filter has been taken off, and will be destroyed, or is not yet on
                kept = [api.function("obs_hotkey_save")(number) for number in self._ids]
                self.close()
                self._ids = [
                    api.function("obs_hotkey_register_source")(
                        source, f"obs-rvm.{action.name}.{stand[1]}".encode(),
                        action.label(stand[1]).encode(), _on_press, address,
                    )
                    for action, address in zip(ACTIONS, self._addresses, strict=True)
                ]  # fmt: skip
                for number, bindings in zip(self._ids, kept, strict=False):
                    if bindings:  # else the former parent is gone
                        api.function("obs_hotkey_load")(number, bindings)
                        api.function("obs_data_array_release")(bindings)
        self._stand = stand

    def serve(self, living: Instance) -> None:
        """Do what was pressed since the last call."""
        for action, address in zip(ACTIONS, self._addresses, strict=True):
            for _ in range(atomics.exchange(address, 0)):
                try:
                    perform(action.do, living)
                except RvmError as problem:
                    log.warning(f"'{living.name}': {problem}")
                except Exception:
                    log.error(f"'{living.name}': {action.name} failed\n{traceback.format_exc()}")

    def close(self) -> None:
        """Take them out of OBS.  No press is under way once this returns."""
        numbers, self._ids = self._ids, []
        for number in numbers:
            api.function("obs_hotkey_unregister")(number)

    def _standing(self) -> tuple[int, str]:
        """Where the filter is, and what it is called."""
        return api.function("obs_filter_get_parent")(self._source) or 0, name_of(self._source)
