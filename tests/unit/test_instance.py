"""What becomes of a filter's own changes of its settings, and of a filter that goes while OBS ends."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

libobs = pytest.importorskip("rvm_core.libobs.api")
try:
    libobs.load_installed()
except Exception as missing:
    pytest.skip(f"compiled callbacks need libobs: {missing}", allow_module_level=True)

from rvm_core.obs_filter import instance, values  # noqa: E402 - libobs must be loaded first


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
    living._to_keep = deque([{"plate": "\udcff"}, {"mode": "blur"}])
    with pytest.raises(UnicodeEncodeError):
        living.tend()
    living.tend()
    assert kept == [{"mode": "blur"}]


def test_obs_may_end_while_a_filter_is_being_destroyed() -> None:
    bare().stop_work()
    stopped = []
    living = bare()
    living.worker = SimpleNamespace(stop=lambda: stopped.append(1))
    living.stop_work()
    assert stopped == [1]
