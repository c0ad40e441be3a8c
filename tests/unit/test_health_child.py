"""What is heard of a program that may crash."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rvm_core import paths
from rvm_core.health import child
from rvm_core.health.child import Ending
from tests.unit.visits import make_environment

PYTHON = Path(sys.executable)


def run(text: str, *words: str, limit_s: float = 60.0) -> Ending:
    return child.program(PYTHON, text, *words, limit_s=limit_s)


def test_answers_are_told_from_what_drivers_print() -> None:
    ending = run('print(\'{"a": 1}\\nversion 7\\n[2]\\n3\\n{broken\\n{"b": "ä→"}\')')
    assert ending == Ending(({"a": 1}, {"b": "ä→"}))
    assert ending.answer == {"b": "ä→"}
    assert run("").answer == {}


@pytest.mark.skipif(sys.platform == "win32", reason="it has no signals")
def test_a_crash_is_named_and_what_was_said_before_it_is_kept() -> None:
    ending = run("import os; print('{}', flush=True); os.kill(os.getpid(), 11)")
    assert ending == Ending(({},), "it crashed (SIGSEGV)")


def test_the_last_words_of_a_program_that_failed() -> None:
    assert run("raise ValueError('too\\nbad\\n')").fault == "bad"
    assert run("import os; os._exit(7)").fault == "it ended with code 7"
    assert child._how(0xC0000005, "") == "it crashed (0xC0000005)"


def test_a_program_that_hangs_is_ended() -> None:
    assert run("import time; time.sleep(600)", limit_s=1).fault == "it did not end within 1 s"


def test_a_part_of_the_doctor_runs_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    words = ("--child", "load", "abacus")
    assert child.doctor(PYTHON, *words, limit_s=60).answer == {"why_not": "onnxruntime has no such provider"}


def test_another_python_has_an_obs_rvm_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our packages are made for ours."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    make_environment()
    ending = child.doctor(paths.environment_python(), "--child", "load", "abacus", limit_s=60)
    assert ending.fault.endswith("No module named rvm_core")


def test_a_program_that_is_none(tmp_path: Path) -> None:
    ending = child.program(tmp_path / "python", "", limit_s=60)
    assert ending.answers == ()
    assert ending.fault.startswith("it cannot be started (")
