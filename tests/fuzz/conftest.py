"""How the property tests run: briefly and the same each time, or for FUZZ_MINUTES with new random examples.

``FUZZ_MINUTES=10 pytest tests/fuzz/test_ini.py`` divides its minutes among the tests that it runs, repeats
each until its time is over, and prints how many examples each has seen.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
BRIEF_EXAMPLES, LONG_EXAMPLES = 60, 200

_common: dict[str, Any] = {
    "deadline": None,  # other programs may have the processor
    "database": None,
    "print_blob": True,
    "suppress_health_check": [
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
}
settings.register_profile("brief", derandomize=True, max_examples=BRIEF_EXAMPLES, **_common)
settings.register_profile("long", max_examples=LONG_EXAMPLES, **_common)
settings.load_profile("long" if MINUTES else "brief")

_counts: dict[str, int] = {}
_shares: list[float] = []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Each test has the same share of the time."""
    _shares[:] = [60 * MINUTES / max(len(session.items), 1)]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Count examples; in a long run, start the test again until its time is over."""
    handle = getattr(pyfuncitem.obj, "hypothesis", None)
    if handle is None:
        return (yield)
    inner = handle.inner_test

    @functools.wraps(inner)
    def counted(*arguments: Any, **named: Any) -> Any:
        _counts[pyfuncitem.nodeid] = _counts.get(pyfuncitem.nodeid, 0) + 1
        return inner(*arguments, **named)

    handle.inner_test = counted
    try:
        last = time.monotonic() + _shares[0]
        result = yield
        while time.monotonic() < last:
            pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames})
        return result
    finally:
        handle.inner_test = inner


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many examples each test has seen, those of shrinking a failure included."""
    for name, count in _counts.items():
        terminalreporter.write_line(f"{count:8} examples  {name}")
