"""In a real OBS: the installed script mattes from where it stands, and hides its sources where it cannot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from installer.layout import SCRIPT
from installer.sandbox import Sandbox, color_source, image_source
from tests.install.conftest import BEHIND, Installed
from tests.obs import helpers
from tests.obs.helpers import FILTER, HEIGHT, LEFT, RIGHT, SOURCE, WIDTH, Probe, matting_filter
from tests.obs.picture_helpers import Inside

Make = Callable[..., Sandbox]
Run = Callable[[Path], AbstractContextManager["Desk"]]

RESTART = "Start OBS again."
INSTALL = "Run the installer and start OBS again."


@dataclass(frozen=True)
class Desk:
    """An OBS with a picture in front of a colour, and our filter on the picture."""

    obs: Sandbox
    probe: Probe
    inside: Inside
    folder: Path

    def picture(self) -> helpers.Picture:
        """The scene as it is now."""
        return helpers.read_picture(self.obs.screenshot("Main", self.folder / "shot.png", WIDTH, HEIGHT))

    @property
    def hides(self) -> bool:
        """Whether nothing but what is behind can be seen."""
        return bool(np.abs(self.picture().astype(int) - BEHIND).max() <= 1)

    @property
    def mattes(self) -> bool:
        """Whether the persons, and not their room, are before what is behind."""
        now = self.picture().astype(int)
        persons = all(helpers.inside(square, now).min() >= 250 for square in (LEFT, RIGHT))
        corners = now[:: HEIGHT - 1, :: WIDTH - 1]
        return persons and bool(np.abs(corners - BEHIND).max() <= 1)

    def description(self) -> str:
        """What the script says under Tools > Scripts."""
        return str(self.probe.call("description", module=SCRIPT.stem))

    def words_in_the_filter(self) -> list[str]:
        """The texts in the filter's own window."""
        return [row["text"] for row in self.inside.call("properties", source=SOURCE, filter=FILTER)]


@pytest.fixture
def desk(sandbox: Make, tmp_path: Path) -> Run:
    @contextmanager
    def running(script: Path) -> Iterator[Desk]:
        probe, inside = Probe(tmp_path / "probe"), Inside(tmp_path / "inside")
        image = helpers.write_picture(tmp_path / "picture.png", helpers.picture(LEFT, RIGHT))
        red, green, blue = BEHIND
        back = color_source("back", 0xFF000000 | blue << 16 | green << 8 | red, WIDTH, HEIGHT)
        front = image_source(SOURCE, image, [matting_filter()])
        with sandbox(
            width=WIDTH,
            height=HEIGHT,
            sources=[back, front],
            scripts=[(script, {}), probe.script, inside.script],
        ) as obs:
            yield Desk(obs, probe, inside, tmp_path)
            assert obs.quit() == 0

    return running


@pytest.fixture
def broken(installed: Installed, tmp_path: Path) -> Installed:
    """A copy of the installation, to be broken."""
    return installed.linked(tmp_path / "data")


# -- places ------------------------------------------------------------------------------------------


def test_the_script_at_its_stable_place_mattes(desk: Run, installed: Installed) -> None:
    with desk(installed.script) as at:
        helpers.eventually(lambda: at.mattes, "the persons without their room")
        assert "could not start" not in at.description()
        loaded = at.inside.call("origins", modules=["rvm_core", "numpy"])
        assert {Path(file).parents[1] for file in loaded.values()} == {installed.packages}


def test_the_script_within_the_wheel_mattes(desk: Run, installed: Installed, tmp_path: Path) -> None:
    default = tmp_path / "home" / ".local" / "share" / "obs-rvm"
    default.parent.mkdir(parents=True)
    default.symlink_to(installed.layout.data)
    with desk(installed.script_in_wheel) as at:
        helpers.eventually(lambda: at.mattes, "the persons without their room")
        assert "could not start" not in at.description()


# -- problems ----------------------------------------------------------------------------------------


def assert_hidden(at: Desk, *words: str) -> None:
    """The sources are hidden, and why is said wherever somebody may look."""
    assert at.hides
    heard = (at.description(), "\n".join(at.words_in_the_filter()), at.obs.log())
    for word in (*words, INSTALL):
        assert all(word in said for said in heard), heard[:2]


def test_an_environment_of_another_python_hides(desk: Run, broken: Installed) -> None:
    library = broken.packages.parent
    library.rename(library.with_name("python3.9"))
    settings = broken.layout.environment / "pyvenv.cfg"
    settings.write_text(settings.read_text().replace("version = 3.", "version = 3.9 # 3."))
    with desk(broken.script) as at:
        assert_hidden(at, f"but the environment {broken.layout.environment} was made for 3.9.")


def test_an_environment_without_its_folder_for_this_python_hides(desk: Run, broken: Installed) -> None:
    library = broken.packages.parent
    library.rename(library.with_name("python3.9"))
    with desk(broken.script) as at:
        assert_hidden(at, f"none in {broken.packages}")


def test_a_half_made_environment_hides_until_obs_starts_again(desk: Run, broken: Installed) -> None:
    broken.layout.environment_marker.unlink()
    with desk(broken.script) as at:
        assert_hidden(at, f"The environment {broken.layout.environment} is incomplete")
        broken.layout.environment_marker.write_text("{}")
        assert at.probe.reload()
        assert RESTART in at.description()
        assert at.hides


def test_an_installation_without_the_package_hides(desk: Run, broken: Installed) -> None:
    shutil.rmtree(broken.packages / "rvm_core")
    with desk(broken.script) as at:
        assert_hidden(at, f"RVM Background is not installed: there is no rvm_core beside {broken.script}")


def test_a_lone_script_hides(desk: Run, tmp_path: Path) -> None:
    (tmp_path / "Downloads").mkdir()
    script = Path(shutil.copy(SCRIPT, tmp_path / "Downloads"))
    with desk(script) as at:
        assert_hidden(at, f"RVM Background is not installed: there is no rvm_core beside {script}")


def test_a_missing_package_hides(desk: Run, broken: Installed) -> None:
    (broken.packages / "numba").unlink()
    with desk(broken.script) as at:
        assert_hidden(at, f"The package numba is missing in {broken.packages}")


def test_packages_of_another_processor_hide(desk: Run, broken: Installed) -> None:
    numpy = broken.packages / "numpy"
    real = numpy.resolve()
    numpy.unlink()
    shutil.copytree(real, numpy)
    for library in numpy.rglob("*multiarray_umath*.so"):
        library.write_bytes(b"for another processor" * 1000)
    with desk(broken.script) as at:
        assert_hidden(at, f"cannot load the packages in {broken.packages}: ", "invalid ELF header")


# -- upgrades ----------------------------------------------------------------------------------------


def test_an_upgrade_beside_a_running_obs_asks_for_a_new_start(desk: Run, installed: Installed) -> None:
    face = installed.packages / "rvm_core" / "__init__.py"
    text = face.read_text()
    with desk(installed.script) as at:
        helpers.eventually(lambda: at.mattes, "the persons without their room")
        try:
            face.write_text(text.replace('__version__ = "', '__version__ = "9.'))
            assert at.probe.reload()
        finally:
            face.write_text(text)
        assert "was installed while another version is at work. " + RESTART in at.description()
        assert at.mattes, "what is loaded goes on"
