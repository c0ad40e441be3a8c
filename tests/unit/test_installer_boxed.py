"""An environment that lives in a flatpak or a snap, as the installer outside sees it."""

from __future__ import annotations

import json
from pathlib import Path

from installer import environment
from installer.layout import Layout


def test_its_python_may_lead_nowhere_outside(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.environment_python.parent.mkdir(parents=True)
    layout.environment_marker.write_text(json.dumps({"fingerprint": "one"}))
    assert not environment.is_current(layout, "one")
    layout.environment_python.symlink_to("/usr/bin/python3.99")
    assert environment.is_current(layout, "one")
