"""What OBS's logs and crash reports say of Python and of the script."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

import pytest

from rvm_core.desktop import logs
from rvm_core.desktop.logs import last_crash, last_errors, last_log
from rvm_core.desktop.obs import Kind, Obs
from tests.recorded import RecordedMachine

LINUX = "/home/streamer/.config/obs-studio"
WINDOWS = r"C:\Users\streamer\AppData\Roaming\obs-studio"
LATER = f"{LINUX}/logs/2026-11-27 00-00-00.txt"


def obs_of(machine: RecordedMachine, config: str) -> Obs:
    return Obs(Kind.INSTALLED, PurePath("obs"), None, None, machine.path(config))


def log_of(*lines: str) -> logs.Log:
    """The log with these lines, as the newest of several on Linux."""
    text = "".join(f"01:02:03.004: {line}\n" for line in lines)
    machine = RecordedMachine("logs_linux", files={LATER: text})
    log = last_log(machine, obs_of(machine, LINUX))
    assert log is not None
    assert log.file == machine.path(LATER)
    return log


def test_a_log_of_obs_29_tells_what_is_ours() -> None:
    machine = RecordedMachine("logs_linux")
    log = last_log(machine, obs_of(machine, LINUX))
    assert log is not None
    assert log.started == datetime(2026, 11, 26, 1, 22, 46)
    assert (log.version, log.platform) == ("29.0.2.1-1+b1", "linux")
    assert log.scripts == ("obs_rvm_filter.py", "threads.py")
    assert log.said == ("obs-rvm 0.1.0 registered “RVM Background” with libobs 29.0.2.1-1+b1",)
    assert log.has_ended
    assert not log.is_safe_mode
    assert last_errors(log) == ()


def test_the_newest_log_tells_why_python_is_missing() -> None:
    machine = RecordedMachine("logs_windows")
    log = last_log(machine, obs_of(machine, WINDOWS))
    assert log is not None
    assert (log.version, log.platform) == ("31.0.3", "64-bit, windows")
    assert last_errors(log) == (
        "LoadLibrary failed for '~/AppData/Local/Programs/Python/Python313/python312.dll': "
        "The specified module could not be found.",
        "[Python] Could not load library: ~/AppData/Local/Programs/Python/Python313/",
    )


@pytest.mark.parametrize(
    "line",
    [
        "[Python] Failed to import: PyCMethod_New",
        "[Python] Error importing obspython.py', unloading obs-python",
        "[Python] Failed to load python plugin",
        "Unsupported/unknown script type: /x/obs_rvm_filter.py",
        "os_dlopen(/Library/Python.framework/Versions/3.13/lib/libpython3.12.dylib): not found",
    ],
)
def test_each_way_to_lose_python_is_told(line: str) -> None:
    assert last_errors(log_of(line)) == (line,)


def test_the_end_of_a_traceback_is_what_failed() -> None:
    said = [
        "Traceback (most recent call last):",
        '  File "/home/streamer/.local/share/obs-rvm/obs_rvm_filter.py", line 38, in script_load',
        "    import numpy as np",
        "ModuleNotFoundError: No module named 'numpy'",
    ]
    marked = [f"[Python: obs_rvm_filter.py] {line}" for line in [*said, ""]]
    log = log_of(*marked[:3], "    another module", *marked[3:], "    one more")
    assert log.said == (said[0], said[1].replace("/home/streamer", "~"), *said[2:])
    assert last_errors(log) == (said[-1],)


def test_a_text_of_several_lines_is_marked_in_its_first_only() -> None:
    chain = "The above exception was the direct cause of the following exception:"
    lines = ["Traceback (most recent call last):", "  File x", "KeyError: 1", "", chain, ""]
    lines += ["Traceback (most recent call last):", "  File y", "ValueError: 2", ""]
    log = log_of(
        "[obs-rvm] A filter could not be made.", *lines, "    vlc-video.so", "[obs-rvm] more", "  no"
    )
    assert log.said == ("A filter could not be made.", *filter(None, lines), "more")
    assert last_errors(log) == ("KeyError: 1", "ValueError: 2")


def test_a_thread_of_ours_is_known_by_its_files() -> None:
    foreign = ["Traceback (most recent call last):", '  File "/x/other.py", line 1', "OSError: theirs"]
    ours = ["Traceback (most recent call last):", '  File "/x/rvm_core/a.py", line 1', "OSError: ours"]
    log = log_of(*[f"[Unknown Script] {line}" for line in [*foreign, *ours, *foreign]])
    assert log.said == tuple(ours)


def test_a_traceback_that_nobody_marked_is_not_ours() -> None:
    assert log_of("Traceback (most recent call last):", "  File x", "KeyError: 1").said == ()


def test_a_script_that_was_reloaded_is_named_once() -> None:
    assert log_of(*["[obs-scripting]: Loaded python script: a.py"] * 2).scripts == ("a.py",)


def test_a_failure_is_told_once() -> None:
    failed = ["[Python: obs_rvm_filter.py]   File x", "[Python: obs_rvm_filter.py] KeyError: 1"]
    assert last_errors(log_of(*failed, *failed)) == ("KeyError: 1",)


def test_safe_mode_and_a_log_without_an_end_show() -> None:
    log = log_of(
        "OBS 31.0.0 (mac)", "[Safe Mode] Safe mode launch selected, loading third-party plugins is disabled"
    )
    assert log.is_safe_mode
    assert not log.has_ended


def test_of_a_long_log_start_and_end_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "START", 60)
    monkeypatch.setattr(logs, "END", 60)
    log = log_of("OBS 31.0.0 (mac)", *["[obs-rvm] middle"] * 99, "[obs-rvm] last")
    assert log.version == "31.0.0"
    assert log.said[-1] == "last"
    assert len(log.said) < 9


def test_without_logs_there_is_none() -> None:
    machine = RecordedMachine("logs_linux")
    assert last_log(machine, obs_of(machine, "/nowhere")) is None
    assert last_crash(machine, obs_of(machine, LINUX)) is None


def test_the_newest_crash_tells_what_was_at_work() -> None:
    machine = RecordedMachine("logs_windows")
    crash = last_crash(machine, obs_of(machine, WINDOWS))
    assert crash is not None
    assert crash.when == datetime(2026, 11, 25, 21)
    assert crash.what == (
        "Unhandled exception: c0000005",
        r"Fault address: 7FFB1C2A3B40 (~\appdata\local\programs\python\python312\python312.dll)",
    )
    assert crash.is_in_python


def test_a_crash_elsewhere_is_not_pythons() -> None:
    file = rf"{WINDOWS}\crashes\Crash 2026-11-26 00-00-00.txt"
    text = "Thread 1: (Crashed)\r\nnvwgf2umx.dll!0x1\r\n\r\nThread 2:\r\npython312.dll!0x1\r\n"
    machine = RecordedMachine("logs_windows", files={file: text})
    crash = last_crash(machine, obs_of(machine, WINDOWS))
    assert crash is not None
    assert not crash.is_in_python
