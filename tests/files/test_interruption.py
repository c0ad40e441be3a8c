"""Whatever ends the work: the old output is there, or none."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rvm_core.video import Converted, Progress
from tests.files import films
from tests.files.conftest import GOOD

Start = Callable[..., subprocess.Popen[str]]
LONG_S = 60.0
"""Seconds of film: more than any of these processes gets done."""


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("long") / "film.mp4"


@pytest.fixture
def film(long_film: Path, ffmpeg: Callable[..., None]) -> Path:
    if not long_film.exists():
        films.bright(ffmpeg, long_film, "-preset", "ultrafast", seconds=LONG_S, sound=True)
    return long_film


def partial(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if "partial" in path.name]


def wait_for_work(folder: Path, process: subprocess.Popen[str]) -> None:
    """Until something of the output is written."""
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in partial(folder)):
        assert process.poll() is None, process.communicate(timeout=60)
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_at_ten_moments(film: Path, process: Start, tmp_path: Path) -> None:
    chosen = random.Random(4)
    output = tmp_path / "out.mp4"
    was_at_work = 0
    for turn in range(10):
        old = f"old {turn}".encode() if turn % 2 else None
        output.unlink(missing_ok=True)
        if old is not None:
            output.write_bytes(old)
        running = process("--model", "graph_slow", "--mode", "color", film, "-o", output, "--overwrite")
        if turn >= 3:  # the first ones are killed while they begin
            wait_for_work(tmp_path, running)
        time.sleep(chosen.uniform(0, 0.6))
        assert running.poll() is None
        running.kill()
        running.communicate(timeout=60)
        was_at_work += bool(partial(tmp_path))
        assert (output.read_bytes() if output.exists() else None) == old
    assert was_at_work >= 7
    last = process("--model", GOOD, "--mode", "color", film, "-o", output, "--overwrite", "--end", 0.2)
    assert last.wait(60) == 0, last.communicate(timeout=60)
    last.communicate(timeout=60)
    assert films.names(tmp_path) == ["out.mp4"], "what the killed ones left is gone"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["out.mp4", "frames/%05d.png"])
def test_interrupted(number: signal.Signals, name: str, film: Path, process: Start, tmp_path: Path) -> None:
    running = process("--model", "graph_slow", "--mode", "color", film, "-o", tmp_path / name)
    deadline = time.monotonic() + 60
    while not partial(tmp_path):
        assert running.poll() is None, running.communicate(timeout=60)
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.3)
    running.send_signal(number)
    _, told = running.communicate(timeout=30)
    assert running.returncode == 130
    assert told.splitlines()[-1].startswith("obs-rvm: interrupted")
    assert "Traceback" not in told
    assert films.names(tmp_path) == []


def test_a_full_disk(film: Path, process: Start, tmp_path: Path) -> None:
    """No file may become larger than 100 kB."""
    output = tmp_path / "out.mkv"
    output.write_text("old")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    running = process(
        *("--model", GOOD, "--mode", "color", "--codec", "ffv1", film, "-o", output, "--overwrite"),
        preexec_fn=limit,
    )
    _, told = running.communicate(timeout=120)
    assert running.returncode == 2, told
    assert told.count("\n") == 1
    assert "cannot be written (File too large)" in told
    assert output.read_text() == "old"
    assert films.names(tmp_path) == ["out.mkv"]


def test_progress_that_raises_ends_the_work(
    film: Path, tmp_path: Path, convert: Callable[..., Converted]
) -> None:
    def stop(progress: Progress) -> None:
        assert 0 < progress.frames < progress.expected
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(film, tmp_path / "out.mp4", progress=stop)
    assert films.names(tmp_path) == []


def test_a_folder_in_which_other_films_fail(film: Path, process: Start, tmp_path: Path) -> None:
    """Of a batch, what can be made is made."""
    text, output = tmp_path / "text.mp4", tmp_path / "made"
    text.write_text("hello")
    running = process("--model", GOOD, "--mode", "color", "--end", 0.2, text, film, "-o", output)
    said, told = running.communicate(timeout=120)
    assert running.returncode == 2
    assert told.count("not a video") == 1
    assert "film.mp4: 5 frames" in said
    assert films.names(output) == ["film.mp4"]
