"""One filter on one source: the shared record, its GPU objects, its worker."""

from __future__ import annotations

import ctypes
import json
import textwrap
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import numpy as np

from rvm_core.errors import HostError
from rvm_core.libobs import api, log
from rvm_core.libobs import constants as c
from rvm_core.libobs.handles import Event, immortal
from rvm_core.obs_filter import atomics, effect, ending, gpu, own_source, values
from rvm_core.obs_filter.hotkeys import Hotkeys
from rvm_core.obs_filter.parents import name_of
from rvm_core.obs_filter.settings_block import SettingsBlock
from rvm_core.obs_filter.state import STATE, Reason, offset
from rvm_core.obs_filter.worker import Worker
from rvm_core.settings import BY_KEY, PRESET_KEY, SCHEMA, Role

LONGEST_LIST = 300
"""Characters of a list in the log."""
_alive = immortal(np.ones(1, np.int64))
ALIVE = int(_alive.ctypes.data)
"""The address of the flag that the interpreter runs."""
_renders = immortal(np.zeros(1, np.int64))
"""How often any instance was rendered; written under the graphics lock alone."""
_blank = immortal(np.zeros(1, STATE))
_blank["self"], _blank["alive"], _blank["renders"] = (
    _blank.ctypes.data,
    _alive.ctypes.data,
    _renders.ctypes.data,
)
_instances: dict[int, Instance] = {}
_lock = threading.Lock()


class _Kept(NamedTuple):
    """A change of settings that waits for the UI thread; the fields are those of :meth:`Instance.keep`."""

    changes: Mapping[str, Any]
    preset: str | None

    def fits(self, held: Mapping[str, Any]) -> bool:
        """Whether the settings `held` still name its preset."""
        return self.preset is None or held[PRESET_KEY] == self.preset


def create(source: int, settings: int, update: Any) -> int:
    """A new instance for the filter `source`; its `void *data`.  `update` is the native callback.

    Never 0: OBS would show the room.  Where an instance cannot be made, it is a record that draws nothing.
    """
    instance = None
    try:
        instance = Instance(source)
        with _lock:  # before it begins: what it asks of the UI thread must find it
            _instances[instance.address] = instance
        instance.look_over(settings)
        update(instance.address, settings)
        instance.worker.start()
    except Exception:
        log.error(f"A filter could not be made and hides its source. Remove it.\n{traceback.format_exc()}")
        if instance is not None:
            destroy(instance.address)
        return int(_blank.ctypes.data)
    return instance.address


def destroy(address: int) -> None:
    """End the instance at `address`, see :meth:`Instance.close`.  Never the graphics thread."""
    with _lock:
        instance = _instances.pop(address, None)
    if instance is not None:
        instance.close()


def find(address: int) -> Instance | None:
    """The living instance at `address`."""
    with _lock:
        return _instances.get(address)


def interpreter_ends() -> None:
    """From here on native code must not call Python."""
    _alive[0] = 0


def living() -> list[Instance]:
    """All instances."""
    with _lock:
        return list(_instances.values())


def stop_all() -> None:
    """Ask every worker to end, as OBS is about to; nobody waits here.  Any thread but the graphics thread."""
    with _lock:  # so none is freed meanwhile
        for one in _instances.values():
            one.worker.stop()


@contextmanager
def held(address: int) -> Iterator[Instance | None]:
    """The living instance at `address`, which lives on until the end of the block; None where it is going."""
    with _lock:  # `destroy` waits for it
        instance = _instances.get(address)
        source = api.function("obs_weak_source_get_source")(instance.weak) if instance is not None else None
    try:
        yield instance if source else None
    finally:
        if source:
            api.function("obs_source_release")(source)


@contextmanager
def all_held() -> Iterator[list[Instance]]:
    """Every living instance, as by :func:`held`."""
    with ExitStack() as stack:
        found = [stack.enter_context(held(address)) for address in list(_instances)]
        yield [living for living in found if living is not None]


def _task(body: Callable[[Instance], None]) -> Any:
    """A task for `obs_queue_task`, which takes the address of an instance and finds it only if it lives."""

    def run(address: int) -> None:
        with held(address) as instance:
            if instance is not None:
                body(instance)

    return immortal(ctypes.CFUNCTYPE(None, ctypes.c_void_p)(run))


_on_ui_thread: Any = _task(lambda instance: instance.tend())
_on_press: Any = _task(lambda instance: instance.hotkeys.serve(instance))


class Instance:
    """One filter.  libobs owns it from create to destroy, and its worker's thread while it runs.

    Whoever lets go last frees it: a worker that does not end in time must still find its memory.
    source: to be used while libobs has not called destroy; the worker uses `weak` (``own_source``) instead.
    """

    def __init__(self, source: int) -> None:
        with ExitStack() as made:  # undone where something fails
            self._make(source, made)
            self._made = made.pop_all()

    def _make(self, source: int, made: ExitStack) -> None:
        self.source = source
        self._name = name_of(source)
        self._owners = 1
        self._owners_lock = threading.Lock()
        self._is_freed = False
        # The graphics thread reads this memory until libobs says destroy, even past the interpreter's end.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))
        made.callback(ctypes.pythonapi.Py_DecRef, ctypes.py_object(self))
        # Between the last release and `destroy`, `obs_source_get_ref` would read what libobs has freed.
        self.weak = int(api.function("obs_source_get_weak_source")(source) or 0)
        made.callback(api.function("obs_weak_source_release"), self.weak)
        self.event = Event()
        made.callback(self.event.close)
        self.record = np.zeros(1, STATE)
        self.address = self.record.ctypes.data
        record = self.record
        record["self"], record["source"], record["event"] = self.address, source, self.event.address
        record["alive"], record["renders"] = _alive.ctypes.data, _renders.ctypes.data
        record["spaces"] = [c.GS_CS_SRGB, c.GS_CS_SRGB_16F, c.GS_CS_709_EXTENDED]
        record["space"] = -1
        record["keeps_color"], record["removes_color"] = (0.0, 0.7, 0.1, 1.0), (0.9, 0.05, 0.05, 1.0)
        self.shader_problem: HostError | None = None
        try:
            for field, value in effect.handles().items():
                record[field] = value
        except HostError as problem:  # then it draws nothing: OBS would show the room without a filter
            self.shader_problem = problem
        self._to_keep: deque[_Kept] = deque()
        gpu.begin(self.address)
        made.callback(gpu.end, self.address)
        self.settings = SettingsBlock(record)
        self.hotkeys: Hotkeys = Hotkeys(self, ctypes.cast(_on_press, ctypes.c_void_p).value or 0)
        self.worker = Worker(self)
        made.callback(self._close_worker)

    def _close_worker(self) -> None:
        self.worker.close()  # `try_again` may have replaced the first one

    @property
    def name(self) -> str:
        """The filter's name, as the user gave it; the last one once libobs destroys it."""
        where = own_source.place(self.weak)
        if where is not None:
            self._name = where.name
        return self._name

    @property
    def source_name(self) -> str:
        """The name of the source that the filter is on; empty while it is on none."""
        where = own_source.place(self.weak)
        return where.parent_name if where is not None else ""

    def keep(self, changes: Mapping[str, Any], *, preset: str | None = None) -> None:
        """Change some settings, as if the user had.  Any thread; it happens on the UI thread.

        preset: the name of the preset whose values these are.  Once another one is chosen, they are dropped.
        """
        self._to_keep.append(_Kept(changes, preset))
        self.ask_ui_thread()

    def wanted(self) -> dict[str, Any]:
        """The filter's settings with all that :meth:`keep` was given.  Any thread."""
        waiting = list(self._to_keep)  # read first: what is done meanwhile is in both
        found = values.of_source(self.source)
        for kept in waiting:
            if kept.fits(found):
                found.update(kept.changes)
        return found

    def ask_ui_thread(self) -> None:
        """Let the UI thread :meth:`tend` to this.  Any thread; on the UI thread it happens at once.

        A libobs without a frontend has none: there the thread that destroys sources does it.
        """
        has_frontend = api.frontend_function("obs_frontend_add_event_callback") is not None
        where = c.OBS_TASK_UI if has_frontend else c.OBS_TASK_DESTROY
        api.function("obs_queue_task")(where, _on_ui_thread, self.address, False)

    def tend(self) -> None:
        """What :meth:`keep` was given, and where the hotkeys belong.  UI thread."""
        self.hotkeys.follow()
        if self._to_keep:
            while self._to_keep:
                kept = self._to_keep[0]
                try:
                    if kept.fits(values.of_source(self.source)):
                        values.change(self.source, kept.changes)
                finally:  # or what cannot be kept would hold up all that follows
                    self._to_keep.popleft()
            api.function("obs_source_update_properties")(self.source)

    def look_over(self, data: int) -> None:
        """Before the first update: say which settings of `data` are unknown, and whether a preset is all."""
        try:
            given = set(json.loads(api.function("obs_data_get_json")(data)))
        except RecursionError:  # something unknown, nested deeper than Python reads
            given = {setting.key for setting in SCHEMA}
        unknown = sorted(given - set(BY_KEY))
        if unknown:
            log.warning(
                f"'{self.name}': settings that this version does not know are left alone: "
                f"{textwrap.shorten(', '.join(map(repr, unknown)), LONGEST_LIST)}"
            )
        self.worker.preset.is_alone = not any(
            BY_KEY[key].role is not Role.APART for key in given & set(BY_KEY)
        )

    def update_properties(self) -> None:
        """Have OBS rebuild the filter's settings window if it is open.  Not the graphics thread."""
        own_source.update_properties(self.weak)

    def reset(self, reason: Reason) -> None:
        """Begin a new epoch at the next picture.  Any thread."""
        atomics.fetch_or(self.address + offset("reset_bits"), int(reason))

    def try_again(self) -> None:
        """After a failure: load everything anew, downloading a missing model.  Any thread."""
        if not self.worker.is_alive():
            self.worker.close()
            self.worker = Worker(self)
            self.worker.start()
        self.worker.retry()

    def close(self) -> None:
        """libobs calls no callback any more: end the worker and free everything.

        Returns once that has happened, or after two seconds for all filters that are closed one after another
        (``ending``); the worker's thread then frees it when it ends.
        """
        self.hotkeys.close()
        self.worker.stop()
        self.let_go()
        if not ending.wait_until(lambda: self._is_freed):
            log.warning(
                f"'{self.name}' is gone, but its matting still runs after {ending.LONGEST_WAIT_S:g} s. "
                "Its memory is freed when that ends."
            )

    def keep_for_worker(self) -> None:
        """The worker's thread begins."""
        with self._owners_lock:
            self._owners += 1

    def let_go(self) -> None:
        """One of the owners needs it no more.  Any thread but the graphics thread."""
        with self._owners_lock:
            self._owners -= 1
            if self._owners:
                return
        try:
            self._made.close()
        finally:
            del self.worker  # it knows this instance: left to Python's search for cycles, the memory piles up
            self._is_freed = True
