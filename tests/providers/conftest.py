"""The rival onnxruntime of this folder's tests."""

from __future__ import annotations

import pytest

from rvm_core import paths
from tests.providers import rival as rivals
from tests.providers.rival import Rival
from tests.providers.staging import Unobtainable


@pytest.fixture(scope="session")
def rival() -> Rival:
    """onnxruntime with WebGPU on a software Vulkan; skips, saying why, where it cannot be had."""
    try:
        return rivals.obtain(paths.data_dir() / "test-providers")
    except Unobtainable as reason:
        pytest.skip(str(reason))
