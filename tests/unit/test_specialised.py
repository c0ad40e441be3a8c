"""The specialised graph: the same numbers as the official one, proved, kept, and never in the way."""

from __future__ import annotations

import builtins
import gc
import json
import logging
import shutil
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from rvm_core import Matting, paths
from rvm_core.errors import InferenceError, ModelMissing
from rvm_core.matting import providers, recurrent, rewrite, session, specialised
from rvm_core.matting.derived import derived
from rvm_core.matting.proof import prove
from rvm_core.models import ensure
from tests import graphs


@pytest.fixture(scope="session")
def official() -> Path:
    try:
        return ensure("rvm_mobilenetv3", download=False)
    except ModelMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("data")
def test_it_is_made_proved_and_kept(official: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rvm_core")
    made = specialised.specialised(official)
    assert made.why_official == ""
    assert made.path.parent == paths.specialised_dir()
    certificate = json.loads(made.path.with_suffix(".json").read_text(encoding="utf-8"))
    assert 0 < certificate["largest_difference"] < 1e-4
    assert len(caplog.records) == 1
    assert specialised.specialised(official) == made
    assert len(caplog.records) == 1, "made twice"
    assert sorted(one.suffix for one in made.path.parent.iterdir()) == [".json", ".onnx"]

    opened = session.Session(made.path, "cpu", 1)
    assert not recurrent.takes_ratio(opened)
    assert [opened.inputs[name][1] for name, _ in opened.contract.states] == [16, 20, 40, 64]
    operators = {node.op_type for node in onnx.load(made.path).graph.node}
    assert not operators & {"Expand", "Shape", "Slice", "ReduceMean"}


@pytest.mark.usefixtures("data")
def test_a_session_of_one_size(official: Path) -> None:
    """What compilers of graphics cards need: every size a number, and the same result."""
    file = specialised.specialised(official).path
    fixed, opened = session.Session(file, "cpu", 1, (64, 48)), session.Session(file, "cpu", 1)
    assert (fixed.size, opened.size) == ((64, 48), None)
    nodes = [*fixed._session.get_inputs(), *fixed._session.get_outputs()]
    assert all(isinstance(side, int) for node in nodes for side in node.shape)
    prove(fixed, opened)
    feeds = recurrent.zero_state(fixed, 80, 48)
    with pytest.raises(InferenceError):
        fixed.run({"src": session.value(np.zeros((1, 3, 48, 80), np.float32)), **feeds})


@pytest.mark.usefixtures("data")
def test_another_processor_prepares_for_each_size(official: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for one: onnxruntime's own, known by another name and allowed fixed sizes."""
    cpu = providers.available()["cpu"]
    monkeypatch.setattr(providers, "available", lambda: {"cpu": cpu, "webgpu": cpu._replace(name="webgpu")})
    monkeypatch.setattr(providers, "why_not", lambda _name: "")
    folder = paths.data_dir() / "models"
    folder.mkdir()
    shutil.copyfile(official, folder / official.name)
    grey = np.full((48, 64, 3), 128, np.uint8)
    with Matting(quality="fast", provider="webgpu") as engine, Matting(quality="fast") as on_cpu:
        for picture in (grey, np.ascontiguousarray(grey[:, :48])):
            former = weakref.ref(engine._network.call.session)
            np.testing.assert_allclose(
                engine.step_internal(picture)[0], on_cpu.step_internal(picture)[0], atol=1e-3
            )
            assert engine._network.call.session.size == picture.shape[1::-1]
            assert on_cpu._network.call.session.size is None
            gc.collect()
            assert former() is None, "each size takes memory of its own"


@pytest.mark.usefixtures("data")
def test_what_was_damaged_is_made_anew(official: Path) -> None:
    made = specialised.specialised(official).path
    whole = made.read_bytes()
    for content in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        made.write_bytes(content)
        assert specialised.specialised(official).why_official == ""
        assert made.read_bytes() == whole
    made.with_suffix(".json").write_text("[]", encoding="utf-8")
    assert specialised.specialised(official).why_official == ""
    assert "sha256" in json.loads(made.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("data")
def test_several_threads_make_one(official: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rvm_core")
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(specialised.specialised(official))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("data")
def test_a_graph_that_computes_something_else_is_refused(
    official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = rewrite.specialise

    def wrong(model: onnx.ModelProto) -> onnx.ModelProto:
        for constant in right(model).graph.initializer:
            if constant.name == "project_mat.conv.bias":
                off = onnx.numpy_helper.to_array(constant) + np.float32(0.01)
                constant.CopyFrom(onnx.numpy_helper.from_array(off, constant.name))
        return model

    monkeypatch.setattr(rewrite, "specialise", wrong)
    graph = specialised.specialised(official)
    assert graph.path == official
    assert "differs by 0.01" in graph.why_official
    assert not any(paths.specialised_dir().iterdir())


def test_a_graph_of_another_build_is_used_as_it_is(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    graphs.build_all(data)
    caplog.set_level(logging.INFO, "rvm_core")
    with Matting("graph_good", "fast") as engine:
        assert "the resize by the ratio is not there" in engine.info.why_official
    assert any("graph_good.onnx is used as it is" in record.getMessage() for record in caplog.records)


def test_without_the_package_or_a_place_to_write(
    official: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def no_onnx(name: str, *rest: Any) -> Any:
        if name.split(".")[0] == "onnx":
            raise ModuleNotFoundError("No module named 'onnx'")
        return real(name, *rest)

    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "rvm_core.matting.rewrite")
        patch.setattr(builtins, "__import__", no_onnx)
        assert specialised.specialised(official) == specialised.Graph(official, "No module named 'onnx'")
    (data / "specialised").write_text("a file where the folder belongs", encoding="utf-8")
    graph = specialised.specialised(official)
    assert graph.path == official
    assert "specialised" in graph.why_official


def test_the_engine_uses_it(official: Path, data: Path) -> None:
    (data / "models").mkdir()
    shutil.copyfile(official, data / "models" / official.name)
    with Matting(quality="fast") as engine:
        assert engine.info.why_official == ""
        assert not recurrent.takes_ratio(engine._network.call.session)


def test_another_model_or_another_form_is_made_anew(data: Path) -> None:
    """Of the same name."""
    proved: list[bytes] = []

    def prove(graph: Path, model: Path) -> dict[str, int]:
        assert graph.read_bytes() == model.read_bytes()
        proved.append(graph.read_bytes())
        return {}

    model = data / "model.onnx"
    files = []
    for content, form in ((b"one", 1), (b"two", 1), (b"two", 2)):
        model.write_bytes(content)
        files += [derived(model, form, Path.read_bytes, prove) for _ in range(2)]
    assert proved == [b"one", b"two", b"two"]
    assert len(set(files)) == 3
    assert [file.read_bytes() for file in files[::2]] == proved
