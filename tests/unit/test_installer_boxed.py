"""An environment that lives in a flatpak or a snap, as the installer outside sees it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from installer import environment, install
from installer.layout import Layout
from installer.target import Target
from installer.wishes import Wishes
from rvm_core.desktop.obs import Kind, Obs
from tests.unit.installers import INSTALL, debian, facts


def test_its_python_may_lead_nowhere_outside(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.environment_python.parent.mkdir(parents=True)
    layout.environment_marker.write_text(json.dumps({"fingerprint": "one"}))
    assert not environment.is_current(layout, "one")
    layout.environment_python.symlink_to("/usr/bin/python3.99")
    assert environment.is_current(layout, "one")


def test_on_the_way_back_the_folder_that_is_there_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OBS_RVM_DATA_DIR", raising=False)
    monkeypatch.setattr(install, "default_data_dir", lambda: tmp_path / "usual")
    home = tmp_path / ".var" / "app" / "com.obsproject.Studio"
    boxed = Obs(
        Kind.FLATPAK, tmp_path / "flatpak", (32, 0), "x86_64", home / "config" / "obs-studio", (3, 12)
    )
    usual = replace(boxed, kind=Kind.DISTRIBUTION)
    seen = replace(facts(debian()), target=Target(usual, (boxed,)))
    record = home / "data" / "obs-rvm" / "installed.json"
    leaving = Wishes(is_uninstall=True)
    assert install.data_dir(seen, leaving) == tmp_path / "usual"
    record.parent.mkdir(parents=True)
    record.touch()
    assert install.data_dir(seen, leaving) == record.parent
    assert install.data_dir(seen, replace(leaving, obs="distribution")) == tmp_path / "usual"
    assert install.data_dir(seen, INSTALL) == tmp_path / "usual"
    assert install.data_dir(replace(seen, target=Target(boxed, (usual,))), INSTALL) == record.parent
