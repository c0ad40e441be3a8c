"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rvm_core import __version__, cli, paths
from tests import graphs


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    graphs.build_all(tmp_path)
    return tmp_path


def test_list_as_text_and_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "models" / "graph_nan.onnx").write_bytes(b"damaged")
    (data / "models" / "graph_slow.onnx").unlink()
    assert cli.main(["models", "list", "--json"]) == 0
    states = {model["name"]: model for model in json.loads(capsys.readouterr().out)["models"]}
    wanted = {"graph_good": "ready", "graph_nan": "damaged", "graph_slow": "absent", "rvm_resnet50": "absent"}
    assert {name: states[name]["state"] for name in wanted} == wanted
    assert states["graph_good"]["path"] == str(data / "models" / "graph_good.onnx")
    assert cli.main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(states)
    assert [line.split()[:2] for line in lines if line.startswith("graph_nan")] == [["graph_nan", "damaged"]]


def test_get_and_verify(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = data / "models" / "graph_good.onnx"
    target.unlink()
    assert cli.main(["models", "verify", "graph_good"]) == 2
    assert "obs-rvm models get graph_good" in capsys.readouterr().err
    assert cli.main(["models", "get", "graph_good"]) == 0
    assert str(target) in capsys.readouterr().out
    assert cli.main(["models", "verify", "graph_good"]) == 0


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("action", ["get", "verify"])
def test_a_fault_is_one_line_and_2(capsys: pytest.CaptureFixture[str], action: str) -> None:
    assert cli.main(["models", action, "nothing"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("obs-rvm: There is no model called 'nothing'.")


def test_a_broken_manifest_is_one_line_and_2(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "manifest.json").write_text("{")
    assert cli.main(["models", "list"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


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
def test_looking_up_loads_nothing_heavy() -> None:
    program = (
        "import sys; from rvm_core import cli; cli.main(['models', 'list']);"
        "heavy = {'numpy', 'numba', 'onnxruntime', 'cv2'} & set(sys.modules); assert not heavy, heavy"
    )
    done = run("-c", program)
    assert done.returncode == 0, done.stderr


def test_warm_fills_the_cache(data: Path) -> None:
    done = run("-m", "rvm_core", "warm")
    assert done.returncode == 0, done.stderr
    assert "Kernels are ready" in done.stdout
    assert str(data) in done.stdout
    assert len({file.name.split("-")[0] for file in data.glob("numba-cache/**/*.nbc")}) >= 8
