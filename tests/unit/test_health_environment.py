"""What the doctor says of the data folder, the installation, the environment and its packages."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from rvm_core import __version__, paths
from rvm_core.health import environment, installation, packages, storage
from rvm_core.health.finding import RENEW, REPAIR
from rvm_core.health.packages import PACKAGES
from tests.conftest import PROJECT
from tests.unit.visits import add_package, case, make_environment, of, only_problem


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(folder))
    monkeypatch.delenv(paths.SITE_PACKAGES_VARIABLE, raising=False)
    return folder


def write_record(**values: object) -> None:
    paths.install_record_file().write_text(json.dumps(values), encoding="utf-8")


def packed(*without: str) -> Path:
    """An environment with stand-ins for every package but some; its site-packages."""
    folder = make_environment()
    for package in PACKAGES:
        if package.name not in without:
            add_package(folder, package.name, ".".join(map(str, package.oldest)), package.module)
    return folder


def test_a_data_folder_that_can_be_written() -> None:
    assert [one.state for one in of(storage.look)] == ["good"]


def test_a_data_folder_that_is_not_there_yet_is_well(data: Path) -> None:
    data.rmdir()
    (finding,) = of(storage.look)
    assert finding.state == "good"
    assert "not there yet" in finding.told


def test_a_data_folder_that_cannot_be_written(data: Path) -> None:
    data.rmdir()
    data.write_text("a file in its place", encoding="utf-8")
    told, remedy = only_problem(storage.look)
    assert told.startswith(f"Nothing can be written in {data} (")
    assert paths.DATA_DIR_VARIABLE in remedy


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LEAST_FREE_BYTES", 10**18)
    told, remedy = only_problem(storage.look)
    assert re.search(r"has only \d+ MB left", told)
    assert "Make room" in remedy


def test_a_checkout_is_as_well_as_an_installation() -> None:
    assert [one.state for one in of(installation.look)] == ["good"]
    write_record(state="installed", version=__version__)
    assert [one.state for one in of(installation.look)] == ["good"]


def test_an_installation_that_was_interrupted() -> None:
    write_record(state="installing", version=__version__)
    assert only_problem(installation.look) == ("The installation was interrupted.", REPAIR)


def test_an_installation_of_another_version() -> None:
    write_record(state="installed", version="0.0.1")
    told, remedy = only_problem(installation.look)
    assert (told, remedy) == (f"obs-rvm 0.0.1 is installed, and this is {__version__}.", REPAIR)


@pytest.mark.parametrize("text", ["[]", "{", "\udcff"])
def test_an_installer_s_record_that_cannot_be_read(text: str) -> None:
    paths.install_record_file().write_bytes(text.encode("utf-8", "surrogateescape"))
    told, remedy = only_problem(installation.look)
    assert "cannot be read" in told
    assert remedy == REPAIR
    assert not case().record


def test_no_environment(data: Path) -> None:
    told, remedy = only_problem(environment.look)
    assert told == f"There is no environment for OBS in {data / 'venv'}."
    assert remedy == "Run the installer."


def test_an_environment_that_is_half_made() -> None:
    make_environment(is_complete=False)
    told, remedy = only_problem(environment.look)
    assert told.endswith("is only half made.")
    assert remedy == REPAIR


def test_an_environment_that_is_well() -> None:
    make_environment()
    (finding,) = of(environment.look)
    assert finding.state == "good"
    assert re.search(r"Python 3\.\d+\.\d+", finding.told)


@pytest.mark.skipif(os.name == "nt", reason="an environment holds no links there")
def test_an_environment_whose_python_is_gone(data: Path) -> None:
    make_environment()
    python = paths.environment_python()
    python.unlink()
    python.symlink_to(data / "uninstalled")
    told, remedy = only_problem(environment.look)
    assert told.endswith("was made of is gone.")
    assert remedy == REPAIR


def test_an_environment_whose_python_does_not_run() -> None:
    make_environment()
    python = paths.environment_python()
    python.unlink()
    python.write_text("no program", encoding="utf-8")
    told, remedy = only_problem(environment.look)
    assert told.startswith("The environment's Python does not run: it cannot be started (")
    assert remedy == RENEW


def test_an_environment_with_another_obs_rvm() -> None:
    add_package(make_environment(), "obs-rvm", "0.0.1")
    told, remedy = only_problem(environment.look)
    assert told == f"The environment has obs-rvm 0.0.1, and this is {__version__}."
    assert remedy == REPAIR


def test_an_installed_environment_without_obs_rvm() -> None:
    site_packages = make_environment()
    write_record(state="installed", version=__version__)
    assert "has no obs-rvm" in only_problem(environment.look)[0]
    add_package(site_packages, "obs-rvm", __version__)
    assert not of(environment.look, state="problem")


def test_packages_of_the_user_s_choice(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(paths.SITE_PACKAGES_VARIABLE, str(data))
    assert [one.state for one in of(environment.look)] == ["good"]
    monkeypatch.setenv(paths.SITE_PACKAGES_VARIABLE, str(data / "nowhere"))
    told, _ = only_problem(environment.look)
    assert str(data / "nowhere") in told


def test_the_packages_are_those_of_the_project() -> None:
    """A wheel does not carry pyproject.toml, so they are said twice."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    named = re.findall(r'"([\w-]+)>=([\d.]+)"', block[1])
    assert named == [(one.name, ".".join(map(str, one.oldest))) for one in PACKAGES]


def test_this_environment_s_packages_are_well() -> None:
    (finding,) = of(packages.look)
    assert finding.state == "good"
    assert "onnxruntime 1." in finding.told


def test_an_environment_without_packages() -> None:
    make_environment()
    told, remedy = only_problem(packages.look)
    assert told == f"{paths.environment_python()} lacks {', '.join(one.name for one in PACKAGES)}."
    assert remedy == RENEW


def test_a_package_that_is_missing() -> None:
    packed("numba")
    assert only_problem(packages.look) == (f"{paths.environment_python()} lacks numba.", RENEW)


def test_a_package_that_is_too_old() -> None:
    add_package(packed("onnxruntime"), "onnxruntime", "1.9.1", "onnxruntime")
    told, remedy = only_problem(packages.look)
    assert told == "onnxruntime 1.9.1 is too old; it must be 1.20 or newer."
    assert remedy == RENEW


FAULTS = {
    "raise ImportError('libGL.so.1: cannot open shared object file: No such file or directory')": (
        "ImportError: libGL.so.1: cannot open shared object file",
        "Install the system's package that has libGL.so.1.",
    ),
    "raise ImportError('DLL load failed while importing it: a module was not found.')": (
        "DLL load failed",
        "https://aka.ms/vs/17/release/vc_redist.x64.exe",
    ),
    "import what_it_needs": ("No module named 'what_it_needs'", RENEW),
    "raise SystemExit(1)": ("SystemExit: 1", RENEW),
    "import os; os.abort()": ("it crashed (SIGABRT)", RENEW),
    "import os; os._exit(0)": ("it ended the program", RENEW),
}


@pytest.mark.parametrize("program", FAULTS)
def test_a_package_that_cannot_be_imported(program: str) -> None:
    """Whatever it does, those after it are still looked at."""
    fault, expected = FAULTS[program]
    site_packages = packed("onnx", "tflite")
    add_package(site_packages, "onnx", "1.16", "onnx", program)
    found = of(packages.look, state="problem")
    assert [one.told for one in found if "lacks" in one.told] == [
        f"{paths.environment_python()} lacks tflite."
    ]
    (broken,) = (one for one in found if "lacks" not in one.told)
    assert broken.told.startswith("onnx")
    assert fault in broken.told
    assert expected in broken.remedy


def test_the_opencv_with_windows_beside_the_one_without() -> None:
    """It brings a second Qt into OBS."""
    add_package(packed(), "opencv-python", "4.12.0")
    told, remedy = only_problem(packages.look)
    assert told == "opencv-python is installed beside opencv-python-headless, and each spoils the other."
    assert remedy == RENEW
