"""The graphics processors of recorded computers, and the plug-ins that fit them."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from rvm_core.desktop.graphics import NPU, Graphics, find_graphics, fitting_plugins
from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.plug_in_wheels import WHEELS
from rvm_core.desktop.pythons import Python
from tests.recorded import RecordedMachine

PROJECT = Path(__file__).resolve().parents[2]
RTX_3060 = Graphics("nvidia", "NVIDIA GeForce RTX 3060")
ARC = Graphics("intel", "Intel(R) Arc(TM) Graphics")
RADEON = Graphics("amd", "AMD Radeon RX 7800 XT")
APPLE = Graphics("apple", "Apple silicon")


def python(version: tuple[int, int] = (3, 12), architecture: str | None = "x86_64") -> Python:
    return Python(PurePosixPath("python"), version, architecture, PurePosixPath("/"), "somewhere")


def extras(machine: Any, which: Python, *graphics: Graphics) -> list[str]:
    return [plug_in.extra for plug_in in fitting_plugins(machine, which, graphics)]


WINDOWS = RecordedMachine("graphics_windows")
LINUX = RecordedMachine("graphics_linux")
MACOS = RecordedMachine("python_macos")


def test_windows_tells_them_with_the_fastest_first() -> None:
    assert find_graphics(WINDOWS) == (
        Graphics("nvidia", "NVIDIA GeForce RTX 4060 Laptop GPU"),
        Graphics("intel", "Intel(R) Arc(TM) Graphics"),
        Graphics(NPU, "Intel(R) AI Boost"),
    )


def test_linux_tells_the_model_where_nvidia_s_driver_does() -> None:
    assert find_graphics(LINUX) == (RTX_3060, Graphics("amd", "AMD graphics"))


def test_linux_tells_the_vendor_where_nvidia_s_driver_is_not() -> None:
    model = "/proc/driver/nvidia/gpus/0000:01:00.0/information"
    machine = RecordedMachine("graphics_linux", files={model: None})
    assert find_graphics(machine)[0] == Graphics("nvidia", "NVIDIA graphics")


def test_intel_s_neural_processor_is_seen_on_linux() -> None:
    found = find_graphics(RecordedMachine("graphics_linux_intel"))
    assert found == (Graphics("intel", "Intel graphics"), Graphics(NPU, "Intel NPU"))


@pytest.mark.parametrize("name", ["graphics_windows_basic", "graphics_linux_virtual"])
def test_virtual_and_driverless_ones_are_none(name: str) -> None:
    assert find_graphics(RecordedMachine(name)) == ()


def test_a_mac_has_apple_silicon_or_nothing_for_us() -> None:
    assert find_graphics(MACOS) == (APPLE,)
    assert find_graphics(RecordedMachine("python_macos", architecture="x86_64")) == ()


def test_this_computer_can_be_looked_at() -> None:
    machine = ThisMachine()
    for plug_in in fitting_plugins(machine, python(architecture=None), find_graphics(machine)):
        assert plug_in.extra in WHEELS


@pytest.mark.parametrize(
    ("name", "is_served"),
    [
        ("NVIDIA GeForce RTX 3060", True),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", True),
        ("NVIDIA GeForce RTX 5090", True),
        ("NVIDIA RTX A2000 12GB", True),
        ("NVIDIA RTX 2000 Ada Generation", True),
        ("NVIDIA RTX PRO 4000 Blackwell", True),
        ("NVIDIA GeForce RTX 2080 Ti", False),
        ("Quadro RTX 4000", False),
        ("NVIDIA GeForce GTX 1660", False),
        ("NVIDIA graphics", False),
    ],
)
def test_tensorrt_is_for_ampere_and_later(name: str, is_served: bool) -> None:
    wanted = ["tensorrt", "webgpu"] if is_served else ["webgpu"]
    assert extras(WINDOWS, python(), Graphics("nvidia", name)) == wanted


@pytest.mark.parametrize(
    ("machine", "which", "graphics", "wanted"),
    [
        (WINDOWS, python(), (ARC,), ["openvino", "webgpu"]),
        (WINDOWS, python(), (RADEON,), ["webgpu"]),
        (WINDOWS, python(), (RTX_3060, ARC), ["tensorrt", "webgpu", "openvino"]),
        (WINDOWS, python(), (RADEON, Graphics(NPU, "Intel(R) AI Boost")), ["webgpu", "openvino"]),
        (LINUX, python(), (RTX_3060,), ["tensorrt", "webgpu"]),
        (MACOS, python(architecture="universal2"), (APPLE,), ["mlx", "webgpu"]),
        (MACOS, python(architecture="arm64"), (APPLE,), ["mlx", "webgpu"]),
        (WINDOWS, python(), (Graphics(NPU, "Intel(R) AI Boost"),), ["openvino"]),
        (WINDOWS, python(), (), []),
    ],
)
def test_each_processor_gets_its_own_plug_in_first(
    machine: RecordedMachine, which: Python, graphics: tuple[Graphics, ...], wanted: list[str]
) -> None:
    assert extras(machine, which, *graphics) == wanted


@pytest.mark.parametrize(
    ("machine", "which", "graphics", "wanted"),
    [
        (WINDOWS, python((3, 10)), (RTX_3060, ARC), ["openvino"]),  # no onnxruntime 1.24 for Python 3.10
        (LINUX, python((3, 10)), (RTX_3060,), []),
        (MACOS, python((3, 10), "arm64"), (APPLE,), []),
        (WINDOWS, python(architecture="arm64"), (ARC,), ["webgpu"]),
        (LINUX, python(architecture="arm64"), (ARC,), ["webgpu"]),
        (MACOS, python(architecture="x86_64"), (APPLE,), []),
        (
            RecordedMachine("python_macos", commands={"sw_vers -productVersion": "13.7"}),
            python(),
            (APPLE,),
            [],
        ),
    ],
)
def test_what_pip_would_not_find_is_never_chosen(
    machine: RecordedMachine, which: Python, graphics: tuple[Graphics, ...], wanted: list[str]
) -> None:
    assert extras(machine, which, *graphics) == wanted


@pytest.mark.parametrize(
    ("libc", "wanted"),
    [("glibc 2.39", ["tensorrt", "webgpu"]), ("glibc 2.31", ["webgpu"]), ("glibc 2.17", []), (None, [])],
)
def test_linux_needs_a_c_library_that_is_new_enough(libc: str | None, wanted: list[str]) -> None:
    machine = RecordedMachine("graphics_linux", commands={"getconf GNU_LIBC_VERSION": libc})
    assert extras(machine, python(architecture="arm64"), RTX_3060) == wanted


def test_the_reason_and_the_size_are_told() -> None:
    [tensorrt, webgpu] = fitting_plugins(LINUX, python(), (RTX_3060,))
    assert tensorrt.why == "NVIDIA GeForce RTX 3060: TensorRT is NVIDIA's own way to it."
    assert tensorrt.megabytes == 147
    assert webgpu.why == "NVIDIA GeForce RTX 3060: WebGPU runs on any graphics driver."
    [older] = fitting_plugins(LINUX, python(), (Graphics("nvidia", "NVIDIA GeForce GTX 1080"),))
    assert older.why.endswith("TensorRT asks for GeForce RTX 30 or newer.")


@pytest.mark.parametrize("extra", WHEELS)
def test_pyproject_has_the_extra_for_the_same_pythons(extra: str) -> None:
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    [wanted] = re.findall(rf"^{extra} = (.+)$", text, re.M)
    marker = re.search(r"python_version >= '3\.(\d+)'", wanted)
    assert WHEELS[extra].oldest_python == ((3, int(marker[1])) if marker else (3, 10))
