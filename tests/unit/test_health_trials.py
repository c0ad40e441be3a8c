"""What the doctor says of models, compiled code, providers and a second of mattes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from rvm_core import outside, paths
from rvm_core.errors import ModelError
from rvm_core.health import cache, matte, models, providers
from rvm_core.health.case import Case
from rvm_core.health.finding import Finding
from tests import graphs
from tests.unit.visits import case, make_environment, of, only_problem

COMPILED = paths.numba_cache_dir()
PLUG_IN = "onnxruntime_ep_webgpu"
PACKAGE = "onnxruntime-ep-webgpu"
WARM = "Run: obs-rvm warm"

# A plug-in whose device is the processor itself, as onnxruntime offers it.
DISGUISED = """
import os, onnxruntime
def get_library_path(): return onnxruntime.__file__
def get_ep_name(): return "CPUExecutionProvider"
"""


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test graphs; what is compiled lies where it lay."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(folder))
    monkeypatch.delenv(paths.STATUS_DIR_VARIABLE, raising=False)
    graphs.build_all(folder)
    return folder


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The module of WebGPU's plug-in, for the programs that the doctor starts; it is empty."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    module = folder / f"{PLUG_IN}.py"
    module.touch()
    return module


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(COMPILED))


def of_webgpu(visit: Case | None = None) -> Finding:
    (finding,) = (one for one in of(providers.look, visit) if "webgpu" in one.told)
    return finding


# models


def test_models_that_are_ready_say_their_hashes() -> None:
    ready = [one.told for one in of(models.look, state="good")]
    assert any(told.startswith("graph_good: ready, sha256 ") for told in ready)
    assert any(told.startswith("graph_slow: ready, sha256 ") for told in ready)


def test_a_model_that_was_cut_off(data: Path) -> None:
    file = data / "models" / "graph_good.onnx"
    file.write_bytes(file.read_bytes()[:-1])
    told, remedy = only_problem(models.look)
    assert told == f"The model graph_good is damaged: {file} is not the file it must be."
    assert remedy == "Run: obs-rvm models get graph_good"


def test_any_model_that_is_damaged(data: Path) -> None:
    (data / "models" / "graph_slow.onnx").write_bytes(b"")
    assert only_problem(models.look)[1] == "Run: obs-rvm models get graph_slow"


def test_a_model_that_is_missing(data: Path) -> None:
    (data / "models" / "graph_good.onnx").unlink()
    told, remedy = only_problem(models.look)
    assert told == "The model graph_good is absent."
    assert remedy == "Run: obs-rvm models get graph_good"


def test_a_preset_s_model_that_is_missing_is_worth_a_note() -> None:
    found = [one for one in of(models.look, state="note") if "mediapipe_selfie" in one.told]
    assert [(one.told, one.remedy) for one in found] == [
        (
            "The model mediapipe_selfie is absent; the preset “Weak computer” needs it.",
            "Run: obs-rvm models get mediapipe_selfie",
        )
    ]


def test_a_model_that_nobody_vouches_for(data: Path) -> None:
    manifest = data / "manifest.json"
    listed = json.loads(manifest.read_text(encoding="utf-8"))
    source = {"url": "https://example.org/graph_good.onnx"}
    listed["models"]["graph_good"].update(bytes=None, sha256=None, sources=[source])
    manifest.write_text(json.dumps(listed), encoding="utf-8")
    told, remedy = only_problem(models.look)
    assert told == "The model graph_good is unverified."
    assert remedy == "Run: obs-rvm models get graph_good"


def test_a_list_of_models_that_cannot_be_read(data: Path) -> None:
    (data / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"manifest\.json cannot be used"):
        of(models.look)


# compiled code


def compile_for(folder: Path, room: str, python: str = "") -> None:
    """A file as numba names them."""
    python = python or f"py{sys.version_info[0]}{sys.version_info[1]}"
    place = folder / f"{room}_0123"
    place.mkdir(parents=True)
    (place / f"file.function-1.{python}.nbi").touch()


def test_compiled_code_that_is_complete() -> None:
    for room in ("kernels", "obs_filter"):
        compile_for(paths.numba_cache_dir(), room)
    assert [one.state for one in of(cache.look)] == ["good"]


def test_nothing_is_compiled() -> None:
    told, remedy = only_problem(cache.look)
    assert told.startswith("Nothing is compiled yet")
    assert remedy == WARM


def test_the_callbacks_are_not_compiled() -> None:
    compile_for(paths.numba_cache_dir(), "kernels")
    assert only_problem(cache.look) == ("OBS's callbacks are not compiled yet.", WARM)


def test_what_is_compiled_is_of_another_state_of_the_code() -> None:
    for room in ("kernels", "obs_filter"):
        compile_for(paths.numba_cache_dir().with_name("0123456789abcdef"), room)
    assert only_problem(cache.look) == ("The compiled code is of another version of obs-rvm.", WARM)


def test_what_is_compiled_is_of_another_python() -> None:
    for room in ("kernels", "obs_filter"):
        compile_for(paths.numba_cache_dir(), room, "py39")
    assert only_problem(cache.look) == ("The kernels and OBS's callbacks are not compiled yet.", WARM)


def test_compiled_code_cannot_be_kept(data: Path) -> None:
    (data / "numba-cache").touch()
    told, remedy = only_problem(cache.look)
    assert told.startswith(f"Compiled code cannot be kept in {paths.numba_cache_dir()} (")
    assert remedy == "Make that folder yours to write."


# providers


def test_providers_that_are_not_there_are_no_problem() -> None:
    found = of(providers.look)
    assert [one.state for one in found] == ["good"] * len(found)
    assert found[0].told == "cpu: always there"
    assert found[-1].told.startswith("not installed: webgpu, ")


def test_a_plug_in_that_cannot_be_loaded_says_why_in_its_own_words(plug_in: Path) -> None:
    plug_in.write_text("raise RuntimeError('vulkan-1.dll is missing')", encoding="utf-8")
    finding = of_webgpu()
    assert finding.state == "note"
    assert finding.told == f"webgpu cannot be used: {PLUG_IN} cannot be loaded: vulkan-1.dll is missing."
    assert "driver" in finding.remedy


def test_a_plug_in_without_a_device(plug_in: Path) -> None:
    plug_in.write_text(DISGUISED.replace("CPUExecutionProvider", "Nobody's"), encoding="utf-8")
    finding = of_webgpu()
    assert finding.state == "note"
    assert finding.told.startswith("webgpu cannot be used: ")


@pytest.mark.skipif(os.name == "nt", reason="it has no signals")
def test_a_plug_in_that_kills_whoever_loads_it(plug_in: Path) -> None:
    plug_in.write_text("import os; os.kill(os.getpid(), 11)", encoding="utf-8")
    finding = of_webgpu()
    assert finding.state == "problem"
    assert finding.told == "webgpu ends every program that loads it, OBS too: it crashed (SIGSEGV)."
    assert finding.remedy == f"Run: {sys.executable} -m pip uninstall --yes {PACKAGE}"


def test_a_provider_that_proves_itself(plug_in: Path) -> None:
    plug_in.write_text(DISGUISED, encoding="utf-8")
    finding = of_webgpu()
    assert finding.state == "good"
    assert "ms a picture, the processor" in finding.told
    assert "graph_good.onnx with" in finding.told
    told = of_webgpu(case(is_quick=True)).told
    assert told == finding.told  # which was kept


@pytest.mark.skipif(os.name == "nt", reason="it has no signals")
def test_a_provider_that_crashes_when_it_is_tried(plug_in: Path) -> None:
    crash = "\nonnxruntime.InferenceSession = lambda *_, **__: os.kill(os.getpid(), 11)"
    plug_in.write_text(DISGUISED + crash, encoding="utf-8")
    finding = of_webgpu()
    assert finding.state == "note"
    assert finding.told == "webgpu is left out: it crashed (SIGSEGV) when it was tried."
    assert "it ended the program when it was last tried" in of_webgpu(case(is_quick=True)).told


def test_a_provider_that_fails_when_it_is_tried(plug_in: Path) -> None:
    failure = "\ndef fail(*_, **__): raise RuntimeError('the device was lost')"
    plug_in.write_text(f"{DISGUISED}{failure}\nonnxruntime.InferenceSession = fail", encoding="utf-8")
    finding = of_webgpu()
    assert finding.state == "note"
    assert finding.told.startswith("webgpu is left out: ")
    assert "the device was lost" in finding.told
    assert "driver" in finding.remedy


def test_in_a_hurry_nothing_is_tried(plug_in: Path) -> None:
    plug_in.write_text(DISGUISED, encoding="utf-8")
    assert of_webgpu(case(is_quick=True)).told == "webgpu: there, and not tried yet"
    assert of(matte.look, case(is_quick=True))[0].told == "not tried, as was asked"


def test_beside_a_filter_at_work_nothing_is_tried_unasked(plug_in: Path) -> None:
    plug_in.write_text(DISGUISED, encoding="utf-8")
    outside.appear()
    try:
        assert of_webgpu().told == "webgpu: there, and not tried yet"
        assert "at work" in of(matte.look)[0].told
        assert "ms a picture" in of_webgpu(case(tried="webgpu")).told
    finally:
        outside.disappear()


def test_a_provider_that_is_not_there_can_be_asked_for() -> None:
    (finding,) = of(providers.look, case(tried="mlx"), "note")
    assert finding.told == (
        "mlx cannot be used: not installed; it comes with the package onnxruntime-ep-mlx."
    )
    assert "driver" not in finding.remedy
    told, remedy = only_problem(providers.look, case(tried="abacus"))
    assert told == "There is no provider 'abacus' to try."
    assert remedy.startswith("Use one of: cpu, ")


def test_a_python_without_onnxruntime_cannot_be_asked() -> None:
    make_environment()
    assert only_problem(providers.look)[0].startswith("onnxruntime cannot be asked what it runs on: ")


# mattes


@pytest.mark.usefixtures("compiled")
def test_a_second_of_mattes() -> None:
    (finding,) = of(matte.look)
    assert finding.state in ("good", "note")
    assert " in a second, " in finding.told
    assert "graph_good, " in finding.told
    assert "on cpu" in finding.told


@pytest.mark.usefixtures("compiled")
def test_mattes_that_are_slow() -> None:
    (finding,) = of(matte.look, case(model="graph_slower"))
    assert finding.state == "note"
    assert finding.told.startswith("Mattes are slow: ")
    assert "Weak computer" in finding.remedy


@pytest.mark.usefixtures("compiled")
def test_mattes_that_fail() -> None:
    told, _ = only_problem(matte.look, case(model="graph_contract"))
    assert told.startswith("No matte can be made. graph_contract.onnx is not an RVM model")
    told, _ = only_problem(matte.look, case(model="graph_nan"))
    assert told.startswith("No matte can be made. ")


def test_without_its_model_no_matte_is_tried(data: Path) -> None:
    (data / "models" / "graph_good.onnx").unlink()
    (finding,) = of(matte.look)
    assert (finding.state, finding.told) == ("note", "not tried: the model graph_good is not ready")


def test_mattes_that_crash() -> None:
    make_environment()  # without any package
    told, _ = only_problem(matte.look)
    assert told.startswith("No matte can be made: ")
    assert told.endswith("No module named rvm_core.")
