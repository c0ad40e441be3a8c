"""Which plug-ins of onnxruntime exist for which computers: the wheels on PyPI.

Read there for onnxruntime-ep-webgpu 0.4.0, onnxruntime-ep-openvino 1.8.1,
onnxruntime-ep-nv-tensorrt-rtx-cu13 0.5.0 and onnxruntime-ep-mlx 0.31.0.  All but OpenVINO's want an
onnxruntime of 1.24 or newer, which has no wheels for Python 3.10 and none for Intel Macs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Wheel(NamedTuple):
    """oldest: the macOS or glibc that its tag names; empty on Windows."""

    megabytes: int
    oldest: tuple[int, ...] = ()


class Wheels(NamedTuple):
    """The oldest Python, and what there is for (system, architecture)."""

    oldest_python: tuple[int, int]
    files: Mapping[tuple[str, str], Wheel]


WHEELS: Mapping[str, Wheels] = {
    "webgpu": Wheels(
        (3, 11),
        {
            ("Windows", "x86_64"): Wheel(13),
            ("Windows", "arm64"): Wheel(14),
            ("Linux", "x86_64"): Wheel(7, (2, 28)),
            ("Linux", "arm64"): Wheel(6, (2, 28)),
            ("Darwin", "arm64"): Wheel(5, (14,)),
        },
    ),
    "openvino": Wheels(
        (3, 10),
        {("Windows", "x86_64"): Wheel(76), ("Linux", "x86_64"): Wheel(53, (2, 28))},
    ),
    "tensorrt": Wheels(
        (3, 11),
        {
            ("Windows", "x86_64"): Wheel(111),
            ("Windows", "arm64"): Wheel(99),
            ("Linux", "x86_64"): Wheel(147, (2, 28)),
            ("Linux", "arm64"): Wheel(135, (2, 35)),
        },
    ),
    "mlx": Wheels((3, 11), {("Darwin", "arm64"): Wheel(43, (14,))}),
}
"""By the extra of pyproject.toml."""
