"""Other scripts in the same OBS keep their packages, and the filter has its own."""

from __future__ import annotations

import json
import shutil
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from installer.layout import SCRIPT
from installer.sandbox import Sandbox, image_source
from tests.obs import helpers
from tests.obs.helpers import HEIGHT, LEFT, RIGHT, SOURCE, WIDTH, matting_filter

Make = Callable[..., Sandbox]
Found = dict[str, dict[str, Any]]

NEIGHBOUR = Path(__file__).with_name("neighbour_script.py")
PACKAGES = Path(sysconfig.get_paths()["purelib"])
STAND_IN = "def __getattr__(name):\n    raise AttributeError('a stand-in has nothing')\n"


class Neighbour:
    """Another script, with packages of its own: stand-ins, or links to real ones."""

    def __init__(self, folder: Path, name: str, imports: str) -> None:
        self.packages, self._report = folder / f"{name} packages", folder / f"{name}.json"
        self.packages.mkdir()
        settings = {"packages": str(self.packages), "imports": imports, "report": str(self._report)}
        self.script = (Path(shutil.copy(NEIGHBOUR, folder / f"{name}.py")), settings)

    def has_stand_in(self, name: str) -> None:
        """A package that nobody could work with."""
        (self.packages / name).mkdir()
        (self.packages / name / "__init__.py").write_text(STAND_IN)

    def has_link(self, name: str) -> None:
        """A package that works, at a place of its own."""
        for one in PACKAGES.glob(f"{name}*"):
            (self.packages / one.name).symlink_to(one)

    def of_own(self, name: str) -> str:
        return str(self.packages / name / "__init__.py")

    @property
    def found(self) -> Found:
        """What it saw when it was loaded, and when it was unloaded."""
        found: Found = json.loads(self._report.read_text())
        return found


def ours(name: str) -> str:
    return str(PACKAGES / name / "__init__.py")


@pytest.fixture
def beside(sandbox: Make, tmp_path: Path) -> Callable[..., None]:
    """Runs OBS with our script between two others, reloads ours twice, and quits."""
    probe = helpers.Probe(tmp_path / "probe")
    image = helpers.write_picture(tmp_path / "picture.png", helpers.picture(LEFT, RIGHT))
    matting = matting_filter(mode="image", background_file=str(image))

    def run(earlier: Neighbour, later: Neighbour) -> None:
        with sandbox(
            width=WIDTH,
            height=HEIGHT,
            sources=[image_source(SOURCE, image, [matting])],
            scripts=[earlier.script, (SCRIPT, {}), later.script, probe.script],
            env=helpers.graph_environment(tmp_path / "graphs"),
        ) as obs:
            status = helpers.wait_mattes(obs)
            for _ in range(2):
                assert probe.reload()
            helpers.wait_mattes(obs, since=status)
            assert obs.quit() == 0
        assert not obs.log_lines("Traceback")

    return run


def test_stand_ins_of_another_script_are_its_own(beside: Callable[..., None], tmp_path: Path) -> None:
    earlier, later = Neighbour(tmp_path, "earlier", ""), Neighbour(tmp_path, "later", "cv2 onnxruntime numpy")
    for name in ("cv2", "onnxruntime", "numpy"):
        later.has_stand_in(name)
    beside(earlier, later)

    before, after = earlier.found["loaded"], earlier.found["unloaded"]
    assert before["origins"]["numpy"] != ours("numpy"), "nothing of ours is there before we are"
    assert after["origins"]["numpy"] == ours("numpy"), "one that is loaded is everybody's"
    known = len(before["path"])
    assert after["path"][:known] == before["path"]
    added = [Path(entry) for entry in after["path"][known:]]
    # OBS itself adds the folder of each script.
    assert sorted(added) == sorted([SCRIPT.parent, NEIGHBOUR.parent, later.packages])

    for when in ("loaded", "unloaded"):
        seen = later.found[when]["origins"]
        assert seen == {
            "numpy": ours("numpy"),
            "cv2": later.of_own("cv2"),
            "onnxruntime": later.of_own("onnxruntime"),
        }
    assert later.found["unloaded"]["filters"] == {name: ours(name) for name in ("cv2", "onnxruntime")}


def test_the_numpy_of_an_earlier_script_is_everybodys(beside: Callable[..., None], tmp_path: Path) -> None:
    earlier, later = Neighbour(tmp_path, "earlier", "numpy cv2"), Neighbour(tmp_path, "later", "numpy")
    earlier.has_link("numpy")
    earlier.has_link("cv2")
    earlier.has_link("opencv")
    beside(earlier, later)
    for when in ("loaded", "unloaded"):
        assert earlier.found[when]["origins"]["numpy"] == earlier.of_own("numpy")
        assert earlier.found[when]["origins"]["cv2"] == earlier.of_own("cv2")
    assert later.found["loaded"]["origins"]["numpy"] == earlier.of_own("numpy")
    assert later.found["unloaded"]["filters"] == {name: ours(name) for name in ("cv2", "onnxruntime")}
