"""What importing costs: seen in fresh processes, because pytest has loaded everything already."""

from __future__ import annotations

import subprocess
import sys
from ctypes.util import find_library

import pytest

from tests.contract.laws import is_within
from tests.contract.tree import PROJECT, shipped_modules

HEAVY = {"av", "cv2", "llvmlite", "numba", "numpy", "onnxruntime"}
# OBS waits for the script: these are loaded afterwards, on a worker thread.
LOADED_LATER = {"cv2", "onnxruntime"}
# PyAV has an FFmpeg of its own: never beside OBS's.
NEVER_IN_OBS = {"av"}
# As inside OBS: libobs is in the process, and its symbols are everybody's.
INSIDE_LIBOBS = "import ctypes\nctypes.CDLL({library!r}, mode=ctypes.RTLD_GLOBAL)\n"


def loaded_by(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter holds after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stdout.split()}


def test_importing_the_package_is_cheap() -> None:
    assert not HEAVY & loaded_by("import rvm_core, rvm_core.settings, rvm_core.paths, rvm_core.errors")


def test_a_heavy_import_is_seen() -> None:
    assert "numpy" in loaded_by("import numpy.linalg")


def test_what_obs_waits_for_loads_no_network() -> None:
    library = find_library("obs")
    if library is None:
        pytest.skip("libobs is not installed")
    # All that `register` needs: the callbacks are compiled when these are imported.
    loaded = loaded_by(INSIDE_LIBOBS.format(library=library) + "import rvm_core.obs_filter.registration")
    assert "numba" in loaded
    assert not (LOADED_LATER | NEVER_IN_OBS) & loaded


def test_the_worker_loads_no_second_ffmpeg() -> None:
    library = find_library("obs")
    if library is None:
        pytest.skip("libobs is not installed")
    code = "import rvm_core.obs_filter.worker, rvm_core.matting, rvm_core.pipeline, rvm_core.backdrop"
    assert not NEVER_IN_OBS & loaded_by(INSIDE_LIBOBS.format(library=library) + code)


PACKAGES = [
    module.name for module in shipped_modules() if module.is_package and is_within(module.name, ["rvm_core"])
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_exported_name_is_there(package: str) -> None:
    loaded_by(f"import {package} as it\nfor name in getattr(it, '__all__', ()): getattr(it, name)")
