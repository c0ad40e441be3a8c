"""What may run a network here: packages beside onnxruntime, found, registered and described."""

from __future__ import annotations

import ctypes
import json
import sys
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from rvm_core.matting import providers
from rvm_core.settings import BY_KEY


class Kind(Enum):
    CPU = 0
    GPU = 1
    NPU = 2


def device(theirs: str, kind: Kind = Kind.GPU, **told: str) -> Any:
    hardware = types.SimpleNamespace(
        vendor="ACME",
        type=kind,
        vendor_id=0x10DE,
        device_id=0x2684,
        metadata={"LUID": "7", "path": "/nowhere"},
    )
    return types.SimpleNamespace(ep_name=theirs, device=hardware, ep_metadata=told)


class Runtime:
    """onnxruntime as far as it has to do with plug-ins."""

    __version__ = "9.9"

    def __init__(self) -> None:
        self.own = ["CPUExecutionProvider"]
        self.offers: list[Any] = []
        self.registered: list[tuple[str, str]] = []
        self.known: list[Any] = []

    def get_available_providers(self) -> list[str]:
        return self.own

    def get_ep_devices(self) -> list[Any]:
        return self.known

    def register_execution_provider_library(self, name: str, library: str) -> None:
        if "broken" in library:
            raise RuntimeError("cannot open shared object file\n  of the driver")
        self.registered.append((name, library))
        self.known = self.offers


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """No plug-in is installed, whatever this computer has."""
    found = Runtime()
    monkeypatch.setattr(providers, "ort", found)
    for plug_in in providers.PLUG_INS.values():
        monkeypatch.setitem(sys.modules, plug_in.module, None)
    providers._looked_up.cache_clear()
    yield found
    providers._looked_up.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, name: str, theirs: str, library: str = "/lib/it.so") -> None:
    plug_in = providers.PLUG_INS[name]
    module: Any = types.ModuleType(plug_in.module)
    module.__spec__ = types.SimpleNamespace()
    for function, result in zip(plug_in.functions, (library, theirs), strict=True):
        setattr(module, function, lambda result=result: result)
    monkeypatch.setitem(sys.modules, plug_in.module, module)


def test_every_choice_of_the_settings_is_a_provider() -> None:
    assert set(dict(BY_KEY["provider"].choices)) == {"auto", *providers.PROVIDERS}


def test_only_what_is_there(runtime: Runtime) -> None:
    runtime.own = ["CUDAExecutionProvider", "CPUExecutionProvider", "AzureExecutionProvider"]
    assert list(providers.available()) == ["cpu", "cuda"]
    assert providers.why_not("cpu") == ""
    assert providers.why_not("webgpu") == "not installed; it comes with the package onnxruntime-ep-webgpu"
    assert providers.why_not("directml") == "this onnxruntime was built without it"
    assert providers.why_not("abacus") == "onnxruntime has no such provider"


@pytest.mark.parametrize("name", providers.PLUG_INS)
def test_a_plug_in_is_registered_once(runtime: Runtime, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    install(monkeypatch, name, "TheirProvider")
    runtime.offers = [device("OtherProvider"), device("TheirProvider", Kind.CPU), device("TheirProvider")]
    found = providers.available()[name]
    assert (found.theirs, found.device) == ("TheirProvider", runtime.offers[2])
    assert runtime.registered == [(f"obs-rvm {name}", "/lib/it.so")]
    assert "onnxruntime 9.9 on ACME GPU 10de:2684 LUID 7" in found.what
    assert "/nowhere" not in found.what
    # a script that is loaded anew looks anew: what is registered must not be again
    providers._looked_up.cache_clear()
    assert providers.available()[name].device is runtime.offers[2]
    assert len(runtime.registered) == 1


def test_the_version_of_the_package_is_told(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "webgpu", "WebGpuExecutionProvider")
    runtime.offers = [device("WebGpuExecutionProvider", version="0.4")]
    monkeypatch.setattr(providers.importlib.metadata, "version", lambda package: f"1.2 of {package}")
    what = providers.available()["webgpu"].what
    assert what.startswith("onnxruntime-ep-webgpu 1.2 of onnxruntime-ep-webgpu, onnxruntime 9.9 on ")
    assert what.endswith("version 0.4")


def test_the_version_is_that_of_the_package_which_is_installed(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, instead = providers.PLUG_INS["tensorrt"].packages

    def version(package: str) -> str:
        if package == wanted:
            raise providers.importlib.metadata.PackageNotFoundError(package)
        return "0.5"

    monkeypatch.setattr(providers.importlib.metadata, "version", version)
    install(monkeypatch, "tensorrt", "Theirs")
    runtime.offers = [device("Theirs")]
    assert providers.available()["tensorrt"].what.startswith(f"{instead} 0.5, onnxruntime 9.9 on ")


@pytest.mark.parametrize("kinds", [(Kind.NPU, Kind.GPU, Kind.CPU), (Kind.CPU, Kind.GPU, Kind.NPU)])
def test_a_graphics_card_comes_first(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, kinds: tuple[Kind, ...]
) -> None:
    install(monkeypatch, "openvino", "Theirs")
    runtime.offers = [device("Theirs", kind) for kind in kinds]
    assert providers.available()["openvino"].device.device.type is Kind.GPU


def test_what_keeps_a_plug_in_away(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "webgpu", "WebGpuExecutionProvider")
    assert providers.why_not("webgpu") == "onnxruntime_ep_webgpu finds no device; its driver may be missing"
    install(monkeypatch, "openvino", "OpenVINOExecutionProvider", "/broken.so")
    providers._looked_up.cache_clear()
    why = providers.why_not("openvino")
    assert why == "onnxruntime_ep_openvino cannot be loaded: cannot open shared object file of the driver"
    assert list(providers.available()) == ["cpu"]
    assert runtime.registered == [("obs-rvm webgpu", "/lib/it.so")] * 2


def test_libraries_beside_it_are_loaded_first(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "libcudart.so.13.4").touch()
    loaded: list[tuple[str, int]] = []
    monkeypatch.setattr(providers.ctypes, "CDLL", lambda file, mode: loaded.append((file, mode)))
    install(monkeypatch, "tensorrt", "Theirs", str(tmp_path / "it.so"))
    runtime.offers = [device("Theirs")]
    assert "tensorrt" in providers.available()
    assert loaded == [(str(tmp_path / "libcudart.so.13.4"), ctypes.RTLD_GLOBAL)]


def test_openvino_is_told_how_many_threads_it_may_use(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, "openvino", "OpenVINOExecutionProvider")
    runtime.offers = [device("OpenVINOExecutionProvider", Kind.CPU)]
    found = providers.available()["openvino"]
    told = json.loads(providers.options(found, 3)["load_config"])
    assert told["CPU"]["INFERENCE_NUM_THREADS"] == 3
    assert told["CPU"]["INFERENCE_PRECISION_HINT"] == "f32"
    assert providers.options(providers.available()["cpu"], 3) == {}
    own = providers.Provider("openvino", "OpenVINOExecutionProvider", "onnxruntime built with it")
    assert providers.options(own, 3) == {}


def test_a_device_of_an_unknown_kind_keeps_no_other_away(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, "webgpu", "Theirs")
    strange = device("Theirs")
    strange.device.type = types.SimpleNamespace(name="TPU")
    runtime.offers = [strange]
    assert list(providers.available()) == ["cpu"]
    assert "cannot be loaded" in providers.why_not("webgpu")
