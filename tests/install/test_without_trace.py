"""The way back, when all other tests of this folder have ended: pytest takes its files by their names."""

from __future__ import annotations

from tests.install.conftest import Installed, install, tree


def test_an_uninstallation_leaves_no_trace(installed: Installed) -> None:
    data = installed.layout.data
    for own in [data / "manifest.json", *data.glob("graph_*.onnx")]:  # these tests' own
        own.unlink()
    done = install(installed.home, "--uninstall", "--data-dir", data)
    assert done.returncode == 0, done.stdout
    folder = installed.home.parent
    after = tree(folder)
    before = installed.before
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == set()
