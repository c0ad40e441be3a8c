"""What the filter hears of the frontend, and when it stops listening."""

from __future__ import annotations

from typing import Any

import pytest

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core.libobs import constants as c  # noqa: E402 - libobs must be loaded first
from rvm_core.obs_filter import ending, instance, registration  # noqa: E402


class Frontend:
    """OBS's frontend since OBS 30: after its EXIT event it takes no call any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.callbacks: list[Any] = []
        self.complaints = 0
        self.at_exit: list[Any] = []
        self._is_there = True
        functions = {
            "obs_frontend_add_event_callback": self._add,
            "obs_frontend_remove_event_callback": self._remove,
        }
        monkeypatch.setattr(registration.api, "frontend_function", functions.get)
        monkeypatch.setattr(registration.atexit, "register", lambda *call: self.at_exit.append(call))
        monkeypatch.setattr(registration, "_followed", [])
        for room in (registration.clearing, registration.scenes):  # they ask libobs, which is not running
            monkeypatch.setattr(room, "on_event", lambda _event: None)

    def _add(self, callback: Any, _data: Any) -> None:
        self.callbacks.append(callback)

    def _remove(self, callback: Any, _data: Any) -> None:
        if not self._is_there:
            self.complaints += 1
        else:
            self.callbacks.remove(callback)

    def tell(self, event: int) -> None:
        for callback in reversed(list(self.callbacks)):
            callback(event, None)

    def end(self, *, tells: bool = True) -> None:
        """As OBS ends; then the interpreter."""
        if tells:
            self.tell(c.OBS_FRONTEND_EVENT_EXIT)
            self._is_there = False
        for function, *arguments in reversed(self.at_exit):
            function(*arguments)


@pytest.mark.parametrize("tells", [True, False])
def test_the_frontend_is_left_before_it_is_gone(monkeypatch: pytest.MonkeyPatch, tells: bool) -> None:
    frontend = Frontend(monkeypatch)
    registration._follow_frontend()
    assert len(frontend.callbacks) == 1
    frontend.tell(c.OBS_FRONTEND_EVENT_SCENE_LIST_CHANGED)
    assert len(frontend.callbacks) == 1
    frontend.end(tells=tells)
    assert (frontend.callbacks, frontend.complaints) == ([], 0)


def test_the_first_sign_of_the_end_asks_the_workers_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(instance, "stop_all", lambda: asked.append(True))
    monkeypatch.setattr(ending, "begin", lambda _longest_s: None)
    frontend = Frontend(monkeypatch)
    registration._follow_frontend()
    frontend.tell(c.OBS_FRONTEND_EVENT_SCENE_LIST_CHANGED)
    assert asked == []
    frontend.tell(c.OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN)
    assert asked == [True]
