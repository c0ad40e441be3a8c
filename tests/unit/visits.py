"""What the tests of the doctor share: a visit, and what it came to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rvm_core import paths
from rvm_core.desktop.machine import Machine, ThisMachine
from rvm_core.health.case import Case
from rvm_core.health.finding import Finding
from tests.recorded import RecordedMachine

Look = Callable[[Case], Iterator[Finding]]


def case(machine: Machine | None = None, model: str = "graph_good", **more: Any) -> Case:
    """A visit to this computer, or to a recorded one."""
    return Case(machine or ThisMachine(), model, **more)


def recorded(name: str, **changed: Any) -> Case:
    """A visit to a recorded computer, with some of it changed."""
    return case(RecordedMachine(name, **changed))


def of(look: Look, visit: Case | None = None, state: str = "") -> list[Finding]:
    """What was found, of one `state` or of all."""
    found = list(look(visit or case()))
    return [one for one in found if state in ("", one.state)]


def only_problem(look: Look, visit: Case | None = None) -> tuple[str, str]:
    """(told, remedy) of the one problem that there is."""
    (problem,) = of(look, visit, "problem")
    assert problem.remedy
    return problem.told, problem.remedy


def make_environment(*, is_complete: bool = True) -> Path:
    """An environment without any package in the data folder, really; its site-packages."""
    folder = paths.environment_dir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    if is_complete:
        paths.environment_marker_file().write_text("{}", encoding="utf-8")
    found = paths.site_packages_dir()
    assert found is not None
    return found


def add_package(folder: Path, name: str, version: str, module: str = "", program: str = "") -> None:
    """A package as pip leaves it in `folder`, of one `module` that is the `program`."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(text, encoding="utf-8")
    if module:
        (folder / f"{module}.py").write_text(program, encoding="utf-8")


def search_path(*folders: Path) -> str:
    """For PYTHONPATH."""
    return os.pathsep.join(map(str, folders))
