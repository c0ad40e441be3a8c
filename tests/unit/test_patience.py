from __future__ import annotations

import sys

import pytest

from rvm_core import patience
from rvm_core.patience import patiently


class Busy:
    """Refuses so many times, as Windows does while a scanner has the file open."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise PermissionError(13, "in use")
        return "done"


def test_on_windows_what_is_refused_for_a_moment_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert patiently(Busy(3)) == "done"


def test_what_stays_refused_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(patience, "LIMIT_S", 0.1)
    with pytest.raises(PermissionError, match="in use"):
        patiently(Busy(10**6))


def test_elsewhere_a_refusal_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(PermissionError):
        patiently(Busy(1))
