"""The graphics processors of this computer, and the plug-ins of onnxruntime that fit them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rvm_core.desktop.binaries import architecture_name
from rvm_core.desktop.machine import Machine
from rvm_core.desktop.plug_in_wheels import WHEELS
from rvm_core.desktop.pythons import Python

NPU = "intel npu"
"""The vendor of Intel's neural processors, which only its own plug-in can use."""

_VENDORS = {0x10DE: "nvidia", 0x1002: "amd", 0x8086: "intel"}
"""By the vendor's number on the PCI bus.  Virtual ones (virtio 1AF4, VMware 15AD, QEMU 1234) are none."""

_NPU_VENDORS = {0x8086: NPU}

_FASTEST_FIRST = ("nvidia", "apple", "amd", "intel", NPU)
_WORDS = {"nvidia": "NVIDIA graphics", "amd": "AMD graphics", "intel": "Intel graphics", NPU: "Intel NPU"}
_CLASSES = r"HKLM\SYSTEM\CurrentControlSet\Control\Class"
_DISPLAYS = rf"{_CLASSES}\{{4d36e968-e325-11ce-bfc1-08002be10318}}"
_ACCELERATORS = rf"{_CLASSES}\{{f01a9d53-3ff6-48d2-9f97-c8a7004be10c}}"

_AMPERE = re.compile(r"GeForce RTX [3-9]0\d\d|\bRTX A\d{3,4}\b|\bRTX .*\bAda\b|\bRTX PRO\b")
"""NVIDIA's processors that the plug-in of TensorRT-RTX asks for in its package's description: Ampere (RTX 30)
and later.  TensorRT-RTX itself would also run on Turing (RTX 20)."""


@dataclass(frozen=True)
class Graphics:
    """A processor for graphics.  vendor: ``nvidia``, ``amd``, ``intel``, ``apple`` or `NPU`."""

    vendor: str
    name: str


@dataclass(frozen=True)
class PlugIn:
    """One that fits.  extra: its name in pyproject.toml.  why: in a sentence.  megabytes: its download."""

    extra: str
    why: str
    megabytes: int


def find_graphics(machine: Machine) -> tuple[Graphics, ...]:
    """Those that the system knows, the fastest kind first; empty where there is only a virtual one."""
    finders = {"Windows": _on_windows, "Darwin": _on_macos, "Linux": _on_linux}
    found = dict.fromkeys(finders[machine.system](machine)) if machine.system in finders else {}
    return tuple(sorted(found, key=lambda one: _FASTEST_FIRST.index(one.vendor)))


def _on_windows(machine: Machine) -> Iterator[Graphics]:
    for devices, vendors in ((_DISPLAYS, _VENDORS), (_ACCELERATORS, _NPU_VENDORS)):
        for number in machine.registry_keys(devices):
            device = rf"{devices}\{number}"
            told = re.search(r"VEN_([0-9A-F]{4})", machine.registry(device, "MatchingDeviceId") or "", re.I)
            vendor = vendors.get(int(told[1], 16)) if told else None
            if vendor:
                yield Graphics(vendor, machine.registry(device, "DriverDesc") or _WORDS[vendor])


def _on_macos(machine: Machine) -> Iterator[Graphics]:
    """What an Intel Mac has is of no use: no plug-in is made for it."""
    if machine.architecture == "arm64":
        yield Graphics("apple", "Apple silicon")


def _on_linux(machine: Machine) -> Iterator[Graphics]:
    models = list(_nvidia_models(machine))
    yield from (Graphics("nvidia", model) for model in models)
    for devices, vendors in (("/sys/class/drm", _VENDORS), ("/sys/class/accel", _NPU_VENDORS)):
        for device in machine.listed(machine.path(devices)):
            told = machine.read(device / "device" / "vendor")
            vendor = vendors.get(int(told, 16)) if told else None
            if vendor and not (vendor == "nvidia" and models):
                yield Graphics(vendor, _WORDS[vendor])


def _nvidia_models(machine: Machine) -> Iterator[str]:
    """As NVIDIA's own driver names them."""
    for card in machine.listed(machine.path("/proc/driver/nvidia/gpus")):
        told = re.search(rb"^Model:\s*(.+)$", machine.read(card / "information") or b"", re.M)
        if told:
            yield told[1].decode("utf-8", "replace").strip()


def fitting_plugins(machine: Machine, python: Python, graphics: tuple[Graphics, ...]) -> tuple[PlugIn, ...]:
    """The plug-ins that `python` can install here and some of `graphics` can use, best first."""
    found: dict[str, PlugIn] = {}
    for one in graphics:
        for extra, why in _wishes(one):
            megabytes = _wheel(machine, python, extra)
            if megabytes is not None:
                found.setdefault(extra, PlugIn(extra, why, megabytes))
    return tuple(found.values())


def _wishes(one: Graphics) -> Iterator[tuple[str, str]]:
    """What would serve it, best first, with the reason."""
    anywhere = f"{one.name}: WebGPU runs on any graphics driver"
    if one.vendor == "nvidia" and not _AMPERE.search(one.name):
        yield "webgpu", f"{anywhere}, and TensorRT asks for GeForce RTX 30 or newer."
        return
    if one.vendor == "nvidia":
        yield "tensorrt", f"{one.name}: TensorRT is NVIDIA's own way to it."
    elif one.vendor == "apple":
        yield "mlx", f"{one.name}: MLX is Apple's own way to it."
    elif one.vendor in ("intel", NPU):
        yield "openvino", f"{one.name}: OpenVINO is Intel's own way to it."
    if one.vendor != NPU:
        yield "webgpu", f"{anywhere}."


def _wheel(machine: Machine, python: Python, extra: str) -> int | None:
    """Megabytes of the file that pip would take; None where it would find none."""
    oldest_python, files = WHEELS[extra]
    # what is made for both of macOS's runs as what this computer is
    architecture = architecture_name(machine.architecture)
    if python.architecture not in (None, "universal2"):
        architecture = python.architecture
    wheel = files.get((machine.system, architecture))
    if wheel is None or python.version < oldest_python or _base_version(machine) < wheel.oldest:
        return None
    return wheel.megabytes


def _base_version(machine: Machine) -> tuple[int, ...]:
    """Of macOS, or of Linux's glibc: what wheels name.  Empty where it cannot be told, and on Windows."""
    commands = {"Darwin": ("sw_vers", "-productVersion"), "Linux": ("getconf", "GNU_LIBC_VERSION")}
    answer = machine.run(*commands[machine.system]) if machine.system in commands else None
    return tuple(int(part) for part in re.findall(r"\d+", answer or ""))
