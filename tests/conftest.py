"""What tests of several folders share: reference clips, the model, a data folder that is not the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rvm_core import paths
from rvm_core.models import entry

PROJECT = Path(__file__).resolve().parents[1]
REFERENCE = PROJECT.parent / "shared"
DEFAULT_MODEL = "rvm_mobilenetv3"

# Before any test is imported: the kernels' cache and the models must not be the user's.
os.environ.setdefault(paths.DATA_DIR_VARIABLE, str(PROJECT / ".venv" / "data"))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder with reference clips and true alphas beside the project; skips where there is none."""
    folder = REFERENCE / "data"
    if not folder.is_dir():
        pytest.skip("The folder with the reference clips (../shared/data) is not on this machine.")
    return folder


@pytest.fixture(scope="session")
def default_model_file() -> Path:
    """The default model in the tests' data folder; skips where it was not fetched."""
    file = entry(DEFAULT_MODEL).path
    if not file.is_file():
        pytest.skip(f"The model was not fetched: python -m rvm_core models get {DEFAULT_MODEL}")
    return file
