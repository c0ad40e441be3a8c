"""Nothing of this computer is told to the makers of what we build on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests import graphs

OPEN = """
import sys
from rvm_core.matting import Matting
Matting(sys.argv[1], "fast", "cpu").close()
"""


def test_a_session_leaves_no_trace_outside_the_data_folder(tmp_path: Path) -> None:
    data, home = tmp_path / "data", tmp_path / "home"
    data.mkdir()
    home.mkdir()
    graphs.build_all(data)
    foreign = ("XDG_CACHE_HOME", "XDG_DATA_HOME", "ORT_DISABLE_TELEMETRY")
    bare = {name: value for name, value in os.environ.items() if name not in foreign}
    own = {"HOME": str(home), "OBS_RVM_DATA_DIR": str(data), "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", OPEN, "graph_good"], check=True, env={**bare, **own}, timeout=120)
    assert [str(file) for file in home.rglob("*")] == []
