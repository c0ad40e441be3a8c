"""What ``obs-rvm doctor``, run beside OBS, tells of the filters in it; nothing is written unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from installer.layout import DATA_DIR_VARIABLE, STATUS_DIR_VARIABLE
from installer.sandbox import Sandbox, image_source, scene
from rvm_core import outside
from tests.obs import helpers
from tests.obs.helpers import HEIGHT, LEFT, RIGHT, WIDTH, matting_filter

Make = Callable[..., Sandbox]


def doctor(environment: dict[str, str], *more: str) -> str:
    """What the doctor says to somebody who shares OBS's data folder."""
    unset = {STATUS_DIR_VARIABLE: ""}
    done = subprocess.run(
        [sys.executable, "-m", "rvm_core", "doctor", "--model", "graph_good", *more],
        env={**os.environ, **environment, **unset},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
    )
    return done.stdout  # it has problems: nothing is installed here


def test_the_doctor_is_told_by_each_filter_and_nothing_is_written_unasked(
    sandbox: Make, tmp_path: Path, write_picture: Callable[[Path, Any], Path]
) -> None:
    environment = helpers.graph_environment(tmp_path / "data")
    folder = Path(environment[DATA_DIR_VARIABLE]) / "status"
    image = write_picture(tmp_path / "picture.png", helpers.picture(LEFT, RIGHT))
    sources = [
        image_source("Good", image, [matting_filter()]),
        image_source("Bad", image, [matting_filter(model="graph_contract")]),
    ]
    env = environment | {STATUS_DIR_VARIABLE: ""}
    with sandbox(
        width=WIDTH,
        height=HEIGHT,
        env=env,
        sources=sources,
        scenes=[scene("Main", ["Good", "Bad"], WIDTH, HEIGHT)],
    ) as obs:
        obs.wait_log("graph_good on cpu")
        obs.wait_log("graph_contract.onnx is not an RVM model")
        mark = folder / f"{obs.pid}.running"
        assert list(folder.iterdir()) == [mark]

        def answers() -> dict[str, dict[str, Any]] | None:
            found = json.loads(doctor(environment, "--json"))["running"]
            assert found["processes"] == [obs.pid]
            told = {one["source"]: one for one in found["filters"]}
            return told if told.get("Good", {}).get("state") == "running" else None

        told = helpers.eventually(answers, "the good filter says that it runs")
        assert set(told) == {"Good", "Bad"}
        assert told["Good"]["model"] == "graph_good"
        assert told["Good"]["mattes_per_second"] > 0
        assert told["Good"]["latency_ms"] > 0
        assert told["Bad"]["state"] == "failed"
        assert "graph_contract.onnx is not an RVM model" in told["Bad"]["problem"]

        lines = [" ".join(line.split()) for line in doctor(environment).splitlines()]
        assert any(line.startswith("model graph_good, fast, on cpu") for line in lines)
        assert any(line.startswith("mattes ") and line.endswith(" ms each") for line in lines)
        assert any("failed. graph_contract.onnx is not an RVM model" in line for line in lines)

        def is_quiet() -> bool:
            return sorted(folder.iterdir()) == sorted([mark, folder / "asked"])

        helpers.eventually(is_quiet, "the filters stop writing", timeout_s=6 * outside.ASKED_FOR_S)
        assert helpers.quit_obs(obs) == 0
    assert list(folder.iterdir()) == [folder / "asked"]
    assert "no filter is running" in doctor(environment)
    assert not obs.log_lines("Traceback")
