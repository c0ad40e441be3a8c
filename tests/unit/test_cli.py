"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rvm_core import __version__, cli, paths, presets
from tests import graphs


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    graphs.build_all(tmp_path)
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=Path(cli.__file__).resolve().parents[2],
        env=dict(os.environ),
    )


@pytest.mark.usefixtures("data")
def test_version_of_the_module_as_a_command() -> None:
    done = run("-m", "rvm_core", "--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"obs-rvm {__version__}")


@pytest.mark.usefixtures("data")
def test_a_name_that_the_output_cannot_write_ends_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    presets.save("日本語", {})
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")  # as on Windows, where output goes into a file
    done = run("-m", "rvm_core", "presets", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u65e5\\u672c\\u8a9e" in done.stdout


@pytest.mark.usefixtures("data")
def test_looking_up_loads_nothing_heavy() -> None:
    program = (
        "import sys; from rvm_core import cli; cli.main(['models', 'list']);"
        "heavy = {'numpy', 'numba', 'onnxruntime', 'cv2', 'ssl', 'http.client'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    done = run("-c", program)
    assert done.returncode == 0, done.stderr


def test_warm_fills_the_cache(data: Path) -> None:
    done = run("-m", "rvm_core", "warm")
    assert done.returncode == 0, done.stderr
    assert "Kernels are ready" in done.stdout
    assert str(data) in done.stdout
    assert len({file.name.split("-")[0] for file in data.glob("numba-cache/**/*.nbc")}) >= 8
