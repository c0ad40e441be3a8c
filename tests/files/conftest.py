"""Fixtures for tests of video files: clips that ffmpeg makes, and a network whose matte is known."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rvm_core import paths, settings
from rvm_core.cli import video as command
from rvm_core.kernels._jit import cache_dir
from rvm_core.schema import of_models
from rvm_core.video import Converted, replace_background
from rvm_core.video.overlap import STAGE
from tests import graphs
from tests.conftest import PROJECT
from tests.files import films

GOOD = "graph_good"
"""Bright is person."""


def threads() -> int:
    """How many stages are at work."""
    return sum(thread.name == STAGE for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def no_stage_is_left() -> Iterator[None]:
    """A stage that outlives its film goes on in files that are closed."""
    yield
    assert threads() == 0


@pytest.fixture(scope="session")
def graph_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the test graphs."""
    folder = tmp_path_factory.mktemp("data")
    graphs.build_all(folder)
    return folder


@pytest.fixture
def data(graph_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, in use in this process: its models are choices of the schema."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(graph_home))
    schema = tuple(
        replace(setting, choices=tuple(of_models("title").items())) if setting.key == "model" else setting
        for setting in settings.SCHEMA
    )
    for module in (settings, command):
        monkeypatch.setattr(module, "SCHEMA", schema)
    return graph_home


@pytest.fixture
def convert(data: Path) -> Callable[..., Converted]:  # noqa: ARG001 - it must be there
    """``replace_background`` with the graph that takes what is bright for a person."""

    def converted(clip: Path, output: Path, **options: Any) -> Converted:
        return replace_background(clip, output, **{"model": GOOD, "mode": "color", **options})

    return converted


@pytest.fixture
def process(graph_home: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts ``obs-rvm video`` as a process of its own, with the test graphs."""

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        own = {paths.DATA_DIR_VARIABLE: str(graph_home), "NUMBA_CACHE_DIR": str(cache_dir())}
        return subprocess.Popen(
            [sys.executable, "-m", "rvm_core", "video", *map(str, arguments)],
            cwd=PROJECT,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    return start


@pytest.fixture
def ffmpeg() -> Callable[..., None]:
    """Runs ffmpeg; skips where it or ffprobe is not installed."""
    films.need_ffmpeg()

    def run(*arguments: object) -> None:
        done = subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-bitexact", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    return run
