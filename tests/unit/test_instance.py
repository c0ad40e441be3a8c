"""What becomes of a filter's own changes of its settings, what a filter holds, and when it is freed."""

from __future__ import annotations

import gc
import threading
from collections import Counter, deque
from types import SimpleNamespace
from typing import Any

import pytest

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core.libobs.handles import Event  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter import ending, instance, turns, values  # noqa: E402
from rvm_core.obs_filter import worker as worker_module  # noqa: E402
from rvm_core.obs_filter.worker import Worker  # noqa: E402


def bare() -> Any:
    """An instance of which nothing has been made."""
    return instance.Instance.__new__(instance.Instance)


def test_settings_that_cannot_be_kept_hold_up_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []

    def change(_source: int, changes: Any) -> None:
        if "plate" in changes:
            raise UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed")
        kept.append(changes)

    monkeypatch.setattr(values, "change", change)
    monkeypatch.setattr(instance.api, "function", lambda _name: lambda *_: None)
    living = bare()
    living.source, living.hotkeys = 0, SimpleNamespace(follow=lambda: None)
    monkeypatch.setattr(values, "of_source", lambda _source: {"preset": ""})
    living._to_keep = deque()
    monkeypatch.setattr(living, "ask_ui_thread", lambda: None)
    living.keep({"plate": "\udcff"})
    living.keep({"mode": "blur"})
    with pytest.raises(UnicodeEncodeError):
        living.tend()
    living.tend()
    assert kept == [{"mode": "blur"}]


def test_values_of_a_preset_come_to_nothing_once_another_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"preset": "Soft", "mode": "image"}
    monkeypatch.setattr(values, "of_source", lambda _source: dict(held))
    monkeypatch.setattr(values, "change", lambda _source, changes: held.update(changes))
    monkeypatch.setattr(instance.api, "function", lambda _name: lambda *_: None)
    living = bare()
    living.source, living.hotkeys, living._to_keep = 0, SimpleNamespace(follow=lambda: None), deque()
    monkeypatch.setattr(living, "ask_ui_thread", lambda: None)
    living.keep({"mode": "blur"}, preset="Soft")
    assert living.wanted()["mode"] == "blur"
    living.tend()
    assert held["mode"] == "blur"
    living.keep({"mode": "color"}, preset="Soft")
    held.update(preset="", mode="transparent")  # the user resets the filter
    assert living.wanted()["mode"] == "transparent"
    living.tend()
    assert held["mode"] == "transparent"
    assert not living._to_keep


class Host:
    """libobs as far as it makes and frees an instance; `held` counts what was taken and not given back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: Counter[str] = Counter()
        self.log: list[str] = []
        self._functions: dict[str, Any] = {
            "obs_source_get_name": lambda _source: b"Matte",
            "obs_source_get_weak_source": lambda _source: self._take("weak reference") or 1,
            "obs_weak_source_release": lambda _weak: self._give("weak reference"),
            "obs_data_get_json": lambda _data: b"{}",
            "obs_get_lagged_frames": lambda: 0,
            "blog": lambda _level, _format, line: self.log.append(line.value.decode()),
        }
        real = libobs.function
        monkeypatch.setattr(libobs, "function", lambda name: self._functions.get(name) or real(name))
        monkeypatch.setattr(instance.gpu, "begin", lambda _address: self._take("GPU objects"))
        monkeypatch.setattr(instance.gpu, "end", lambda _address: self._give("GPU objects"))
        for name in ("configure", "refuse_pictures", "set_backdrop"):
            monkeypatch.setattr(instance.gpu, name, lambda *_: None)
        monkeypatch.setattr(instance.effect, "handles", dict)
        monkeypatch.setattr(instance.own_source, "place", lambda _weak: None)
        monkeypatch.setattr(Worker, "_work", lambda worker: worker._instance.event.wait(60_000))
        host = self

        class CountedEvent(Event):
            def __init__(self) -> None:
                super().__init__()
                host._take("event")

            def close(self) -> None:
                super().close()
                host._give("event")

        monkeypatch.setattr(instance, "Event", CountedEvent)

    def _take(self, what: str) -> None:
        self.held[what] += 1

    def _give(self, what: str) -> None:
        self.held[what] -= 1


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


def leave_alone(_address: int, _settings: int) -> None:
    """The native `update`."""


def instances() -> int:
    gc.collect()
    # isinstance would ask a weak proxy for what it stands for, which may be gone
    return sum(issubclass(type(one), instance.Instance) for one in gc.get_objects())


STEPS: dict[str, tuple[Any, str]] = {
    "weak reference": (libobs, "function"),
    "event": (instance, "Event"),
    "effect": (instance.effect, "handles"),
    "GPU objects": (instance.gpu, "begin"),
    "settings": (instance, "SettingsBlock"),
    "hotkeys": (instance, "Hotkeys"),
    "worker": (instance, "Worker"),
    "status": (worker_module, "Status"),
    "loader": (worker_module, "Loader"),
    "background": (worker_module, "Background"),
    "idle lane": (worker_module, "IdleLane"),
    "seat": (worker_module, "Seat"),
    "look over": (instance.Instance, "look_over"),
    "first settings": (instance.gpu, "configure"),
    "thread": (threading.Thread, "start"),
}


@pytest.mark.parametrize("step", [*STEPS, "update"])
def test_a_create_that_fails_leaves_nothing(host: Host, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    failures: list[str] = []

    def fail(*_given: Any, **_named: Any) -> Any:
        failures.append(step)
        raise OSError(f"no {step}")

    if step in STEPS:
        place, name = STEPS[step]
        if step == "weak reference":
            host._functions["obs_source_get_weak_source"] = fail
        else:
            monkeypatch.setattr(place, name, fail)
    threads, seats = threading.active_count(), list(turns._turns._seats)
    before = instances()
    for _ in range(200):
        made = instance.create(7, 0, fail if step == "update" else leave_alone)
        assert made == instance._blank.ctypes.data, "OBS would show what the filter is to hide"
        instance.destroy(made)
    assert len(failures) == 200
    assert +host.held == Counter()
    assert instances() == before
    assert (threading.active_count(), turns._turns._seats) == (threads, seats)
    assert instance.living() == []
    assert f"no {step}" in host.log[-1]


def test_a_filter_that_was_made_and_destroyed_leaves_nothing(host: Host) -> None:
    before = instances()
    for _ in range(50):
        address = instance.create(7, 0, leave_alone)
        assert instance.find(address) is not None
        assert +host.held == Counter({"weak reference": 1, "event": 1, "GPU objects": 1})
        instance.destroy(address)
        assert +host.held == Counter()
    assert instances() == before


def test_a_worker_that_hangs_keeps_its_memory_until_it_ends(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_deadline", ending.CommonDeadline(0.1))
    began, may_end = threading.Event(), threading.Event()

    def hang(_worker: Worker) -> None:
        began.set()
        assert may_end.wait(60)

    monkeypatch.setattr(Worker, "_work", hang)
    address = instance.create(7, 0, leave_alone)
    thread = instance.find(address).worker._thread  # type: ignore[union-attr]
    assert began.wait(60)
    instance.destroy(address)
    assert instance.find(address) is None
    assert "its matting still runs" in host.log[-1]
    assert +host.held == Counter({"weak reference": 1, "event": 1, "GPU objects": 1})
    may_end.set()
    thread.join(60)
    assert +host.held == Counter()
    assert instances() == 0


def test_all_are_asked_to_end_before_one_is_waited_for(host: Host) -> None:
    addresses = [instance.create(7, 0, leave_alone) for _ in range(3)]
    workers = [one.worker for one in instance.living()]
    instance.stop_all()
    for worker in workers:
        worker._thread.join(60)
        assert not worker.is_alive()
    for address in addresses:
        instance.destroy(address)
    assert +host.held == Counter()
