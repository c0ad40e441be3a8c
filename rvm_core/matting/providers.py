"""What may run a network on this computer: onnxruntime's own providers, and its plug-ins.

A plug-in is a Python package beside plain onnxruntime that brings one provider (onnxruntime's documentation,
"Plugin Execution Provider Libraries").  It offers the devices that it finds, and none where there are none.
It is registered once per process and never unregistered: sessions may live as long as the process.

Measured with onnxruntime 1.32: registering takes 1 to 30 ms and prints nothing; unregistering under a living
session, or registering WebGPU twice, ends the process.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import importlib.util
import json
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from rvm_core.own_packages import own

with own("onnxruntime"):
    import onnxruntime as ort

BUILT_IN: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
}
"""Provider names of the settings, and those of onnxruntime where it was built with them."""


class PlugIn(NamedTuple):
    """The packages that bring a provider, any one of them, and the module that each of them is.

    Its functions tell where the library is and onnxruntime's name for the provider.  needs: libraries beside
    it that the system's loader does not find by itself.
    """

    packages: tuple[str, ...]
    module: str
    functions: tuple[str, str] = ("get_library_path", "get_ep_name")
    needs: tuple[str, ...] = ()


PLUG_INS: Mapping[str, PlugIn] = {
    "webgpu": PlugIn(("onnxruntime-ep-webgpu",), "onnxruntime_ep_webgpu"),
    "tensorrt": PlugIn(
        ("onnxruntime-ep-nv-tensorrt-rtx-cu13", "onnxruntime-ep-nv-tensorrt-rtx-cu12"),
        "onnxruntime_ep_nv_tensorrt_rtx",
        needs=("libcudart.so.*",),
    ),
    "openvino": PlugIn(("onnxruntime-ep-openvino",), "onnxruntime_ep_openvino"),
    "mlx": PlugIn(("onnxruntime-ep-mlx",), "onnxruntime_ep_mlx", ("library_path", "ep_name")),
}

PROVIDERS = tuple(dict.fromkeys([*BUILT_IN, *PLUG_INS]))
"""Every name of the settings but ``auto``."""

_TOLD = ("DRM_CARD", "FULL_DEVICE_NAME", "LUID", "ov_device", "version")
"""What of a device's own description says which one it is; the rest are places on this disk and the like."""

_KINDS = ("CPU", "NPU", "GPU")
"""Of devices, the one that we want most last."""

_lock = threading.Lock()


class Provider(NamedTuple):
    """One that can be used here.

    theirs: onnxruntime's name for it.  what: the versions and the device that give its results.
    device: a plug-in's; None for one that onnxruntime was built with.
    """

    name: str
    theirs: str
    what: str
    device: Any = None


def available() -> Mapping[str, Provider]:
    """All that can be used here by the settings' name, the processor first.  Any thread; slow once."""
    with _lock:
        found = [_looked_up(name) for name in PROVIDERS]
    return {one.name: one for one in found if isinstance(one, Provider)}


def why_not(name: str) -> str:
    """What keeps the provider `name` from being available, as a clause; empty when nothing does.

    No other one is loaded for it.
    """
    with _lock:
        found = _looked_up(name)
    return "" if isinstance(found, Provider) else found


@own()
def installed() -> tuple[str, ...]:
    """The providers that are here, whether they work or not; nothing is loaded."""
    built_in = set(ort.get_available_providers())
    return tuple(
        name
        for name in PROVIDERS
        if BUILT_IN.get(name) in built_in
        or (name in PLUG_INS and importlib.util.find_spec(PLUG_INS[name].module) is not None)
    )


@cache
def _looked_up(name: str) -> Provider | str:
    """The provider, or why it cannot be used."""
    if BUILT_IN.get(name) in ort.get_available_providers():
        return Provider(name, BUILT_IN[name], f"onnxruntime {ort.__version__}")
    if name in PLUG_INS:
        return _plugged(name, PLUG_INS[name])
    return "this onnxruntime was built without it" if name in BUILT_IN else "onnxruntime has no such provider"


@own()
def _plugged(name: str, plug_in: PlugIn) -> Provider | str:
    if importlib.util.find_spec(plug_in.module) is None:
        return f"not installed; it comes with the package {plug_in.packages[0]}"
    try:
        module = importlib.import_module(plug_in.module)
        library, theirs = (str(getattr(module, function)()) for function in plug_in.functions)
        if not _devices(theirs):  # a second registration ends the process at its next session
            for pattern in plug_in.needs:
                for file in sorted(Path(library).parent.glob(pattern)):
                    ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)
            ort.register_execution_provider_library(f"obs-rvm {name}", library)
        devices = _devices(theirs)
        if not devices:
            return f"{plug_in.module} finds no device; its driver may be missing"
        device = max(devices, key=lambda one: _KINDS.index(one.device.type.name))
        return Provider(name, theirs, f"{_version(plug_in)} on {_description(device)}", device)
    except Exception as fault:  # made for another onnxruntime, or in want of a driver's library
        return f"{plug_in.module} cannot be loaded: {' '.join(str(fault).split())[:300]}"


def _devices(theirs: str) -> list[Any]:
    return [device for device in ort.get_ep_devices() if device.ep_name == theirs]


def options(provider: Provider, threads: int) -> dict[str, str]:
    """What a plug-in is to be told for a session with so many processor `threads`."""
    if provider.name != "openvino" or provider.device is None:
        return {}
    # its own pool would take every core from OBS, and half precision is not what was proved elsewhere
    on_processor = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    return {"load_config": json.dumps({"CPU": on_processor})}


def _version(plug_in: PlugIn) -> str:
    for package in plug_in.packages:
        try:
            return f"{package} {importlib.metadata.version(package)}, onnxruntime {ort.__version__}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"{plug_in.module}, onnxruntime {ort.__version__}"


def _description(device: Any) -> str:
    """The hardware in words, and by its numbers."""
    hardware = device.device
    words = [hardware.vendor, hardware.type.name, f"{hardware.vendor_id:04x}:{hardware.device_id:04x}"]
    told = {**hardware.metadata, **device.ep_metadata}
    words += [f"{key} {told[key]}" for key in _TOLD if key in told]
    return " ".join(word for word in words if word)
