"""The packages that the filter needs: there, new enough, and able to be imported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvm_core.health import child
from rvm_core.health.case import Case
from rvm_core.health.finding import RENEW, Finding, Subject

ABOUT = Subject("packages")
_LIMIT_S = 120


@dataclass(frozen=True)
class Package:
    """name: as pip knows it.  module: what is imported.  oldest: version that serves.

    rivals: packages that bring the same module, so that the two spoil each other.
    """

    name: str
    module: str
    oldest: tuple[int, ...]
    rivals: tuple[str, ...] = ()


PACKAGES = (
    Package("av", "av", (17, 1)),
    Package("flatbuffers", "flatbuffers", (23, 5)),
    Package("numpy", "numpy", (1, 26)),
    Package("numba", "numba", (0, 60)),
    Package("onnx", "onnx", (1, 16)),
    Package(
        "onnxruntime",
        "onnxruntime",
        (1, 20),
        ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-silicon"),
    ),
    Package(
        "opencv-python-headless",
        "cv2",
        (4, 9),
        ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless"),
    ),
    Package("tflite", "tflite", (2, 18)),
)
"""As in pyproject.toml, which a wheel does not carry."""

# Each line is flushed before the next import: the one after the last line is the one that crashed.
_PROGRAM = """
import importlib, importlib.metadata, json, sys
def version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
for name, module, rivals in json.loads(sys.argv[1]):
    fault = missing = ""
    try:
        importlib.import_module(module)
    except BaseException as cause:
        fault = type(cause).__name__ + ": " + " ".join(str(cause).split())[:300]
        missing = getattr(cause, "name", "") if isinstance(cause, ModuleNotFoundError) else ""
    there = [rival for rival in rivals if version(rival)]
    told = dict(name=name, version=version(name), fault=fault, missing=missing, rivals=there)
    print("\\n" + json.dumps(told), flush=True)
"""


def look(case: Case) -> Iterator[Finding]:
    """What is missing in one line, another problem each; or what is there."""
    found = {one["name"]: one for one in _imported(case.python)}
    missing = [package.name for package in PACKAGES if found[package.name]["missing"] == package.module]
    problems = [
        finding
        for package in PACKAGES
        if package.name not in missing
        for finding in _judged(package, found[package.name])
    ]
    if missing:
        yield ABOUT.problem(f"{case.python} lacks {', '.join(missing)}.", RENEW)
    yield from problems
    if not (missing or problems):
        yield ABOUT.good(", ".join(f"{one['name']} {one['version']}" for one in found.values()))


def _imported(python: Path) -> Iterator[Mapping[str, Any]]:
    """What importing each came to; a process for all, and another one after each crash."""
    left = list(PACKAGES)
    while left:
        asked = json.dumps([(one.name, one.module, one.rivals) for one in left])
        ending = child.program(python, _PROGRAM, asked, limit_s=_LIMIT_S)
        yield from ending.answers
        left = left[len(ending.answers) :]
        if left:
            fault = ending.fault or "it ended the program"
            yield {"name": left.pop(0).name, "version": "", "fault": fault, "missing": "", "rivals": []}


def _judged(package: Package, found: Mapping[str, Any]) -> Iterator[Finding]:
    name, version, fault = package.name, found["version"], found["fault"]
    if fault:
        yield ABOUT.problem(f"{name} {version} cannot be imported: {fault}.", _remedy(fault))
    elif version and _numbers(version) < package.oldest:
        oldest = ".".join(map(str, package.oldest))
        yield ABOUT.problem(f"{name} {version} is too old; it must be {oldest} or newer.", RENEW)
    for rival in found["rivals"]:
        yield ABOUT.problem(f"{rival} is installed beside {name}, and each spoils the other.", RENEW)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def _remedy(fault: str) -> str:
    library = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", fault)
    if library:
        return f"Install the system's package that has {library[1]}."
    if "DLL load failed" in fault:
        # https://onnxruntime.ai/docs/install: on Windows it needs Microsoft's Visual C++ runtime
        return "Install Microsoft's Visual C++ runtime: https://aka.ms/vs/17/release/vc_redist.x64.exe"
    return RENEW
