"""The script finds its packages wherever it stands; if it finds none it says why, and hides its sources."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from installer.layout import SCRIPT, Layout
from rvm_core import paths
from rvm_core.libobs.structs import ObsSourceInfo
from tests.conftest import PROJECT

HOST = Path(__file__).with_name("script_host.py")
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
REMEDY = "Run the installer and start OBS again."
KIND = {"rvm_background_filter": "RVM Background"}

# Just enough of the package for the script, with the real `upgrades`.
PACKAGE = {
    "__init__.py": '__version__ = "1.0"\n',
    "late.py": "",
    "obs_filter/__init__.py": (
        "def register():\n"
        "    import numpy\n"
        "    from rvm_core.obs_filter import registration\n"
        "    return registration.register()\n"
    ),
    "obs_filter/registration.py": (
        "import obspython\n"
        "from rvm_core import upgrades\n"
        "def register():\n"
        "    if not obspython.obs_source_get_display_name('ours'):\n"
        "        obspython.obs_source_get_display_name.__self__.update(\n"
        "            ours='it', rvm_background_filter='RVM Background')\n"
        "        upgrades.guard()\n"
    ),
    "obs_filter/scenes.py": "def load(settings): pass\ndef unload(): pass\n",
    "obs_filter/language.py": "def tr(text): return text\n",
}
NUMPY_WITH_ADVICE = """
try:
    from numpy import core
except ImportError as cause:
    raise ImportError("A page of advice") from cause
"""
REAL = ("errors.py", "own_packages.py", "upgrades.py")


@dataclass(frozen=True)
class Outcome:
    """What the host tells."""

    descriptions: list[str]
    log: list[list[str]]
    registered: dict[str, str]
    refused: dict[str, str]
    offsets: dict[str, int]
    loaded: dict[str, str]
    path: list[list[str]]
    data: str | None
    found_data: str

    @property
    def works(self) -> bool:
        """Whether the package's own filter is registered."""
        return "ours" in self.registered

    @property
    def hides(self) -> bool:
        """Whether a filter that hides its sources is registered in its place."""
        return self.registered == KIND


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def host(script: Path, home: Path, *steps: str, **environ: str) -> Outcome:
    """Load `script` as OBS does, in a Python that has no packages, for a user at `home`."""
    own = {"HOME": str(home), "USERPROFILE": str(home), "PATH": os.defpath}
    done = subprocess.run(
        [sys.executable, "-S", "-B", str(HOST), str(script), *steps],
        env=own | environ,
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return Outcome(**json.loads(done.stdout))


def write_package(folder: Path) -> Path:
    """The package in `folder`, where it is imported from."""
    for name, text in PACKAGE.items():
        file = folder / "rvm_core" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name in REAL:
        shutil.copy(PROJECT / "rvm_core" / name, folder / "rvm_core" / name)
    return folder


def write_numpy(folder: Path, text: str = "") -> Path:
    """A dependency in `folder`."""
    (folder / "numpy").mkdir(parents=True, exist_ok=True)
    (folder / "numpy" / "__init__.py").write_text(text)
    return folder


def put_script(folder: Path) -> Path:
    """A copy of the script in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(SCRIPT, folder))


def make_environment(data: Path, version: str = VERSION) -> Path:
    """What the installer makes below `data`, of another version of Python perhaps; its site-packages."""
    layout = Layout(data)
    library = "Lib" if sys.platform == "win32" else f"lib/python{version}"
    packages = layout.environment / library / "site-packages"
    write_numpy(write_package(packages))
    (layout.environment / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}.7\n")
    layout.environment_marker.write_text("{}")
    return packages


def install(data: Path) -> tuple[Path, Path]:
    """An installation in `data`: its script and its packages."""
    script, packages = put_script(data), make_environment(data)
    (data / "installed.json").write_text("{}")
    return script, packages


def default_data(home: Path) -> Path:
    """Where the installer puts everything for a user at `home` who wishes nothing else."""
    if sys.platform == "win32":
        return home / "AppData" / "Local" / "obs-rvm"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "obs-rvm"
    return home / ".local" / "share" / "obs-rvm"


def both_from(packages: Path) -> dict[str, str]:
    return {"rvm_core": str(packages), "numpy": str(packages)}


# -- places ------------------------------------------------------------------------------------------


def test_a_checkout_uses_its_own_package_and_the_dependencies_of_the_environment(
    tmp_path: Path, home: Path
) -> None:
    checkout = write_package(tmp_path / "checkout")
    packages = make_environment(default_data(home))
    found = host(put_script(checkout), home)
    assert found.works
    assert found.loaded == {"rvm_core": str(checkout), "numpy": str(packages)}


def test_the_installed_script_uses_the_environment_beside_it(tmp_path: Path, home: Path) -> None:
    data = tmp_path / "of my choice"
    script, packages = install(data)
    make_environment(default_data(home))
    found = host(script, home)
    assert found.works
    assert found.loaded == both_from(packages)
    assert found.data == str(data)


def test_a_data_folder_that_the_user_named_stays_it(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    found = host(script, home, OBS_RVM_DATA_DIR=str(tmp_path / "other"))
    assert found.loaded == both_from(packages)
    assert found.data == str(tmp_path / "other")


def test_the_script_within_a_wheel_uses_the_packages_around_it(tmp_path: Path, home: Path) -> None:
    packages = write_numpy(write_package(tmp_path / "lib" / "site-packages"))
    make_environment(default_data(home))
    found = host(put_script(packages / "rvm_core"), home)
    assert found.works
    assert found.loaded == both_from(packages)
    assert found.data is None


@pytest.mark.parametrize("variable", ["", "OBS_RVM_DATA_DIR"])
def test_a_lone_copy_uses_the_environment_of_the_data_folder(
    variable: str, tmp_path: Path, home: Path
) -> None:
    data = tmp_path / "data" if variable else default_data(home)
    packages = make_environment(data)
    found = host(put_script(tmp_path / "Downloads"), home, **({variable: str(data)} if variable else {}))
    assert found.works
    assert found.loaded == both_from(packages)


@pytest.mark.parametrize("place", ["data", "wheel", "Downloads"])
def test_a_folder_of_packages_that_the_user_named_goes_before_all(
    place: str, tmp_path: Path, home: Path
) -> None:
    script, packages = install(tmp_path / "data")
    if place == "wheel":
        script = put_script(packages / "rvm_core")
    elif place == "Downloads":
        script = put_script(tmp_path / "Downloads")
    named = write_numpy(write_package(tmp_path / "named"))
    found = host(script, home, OBS_RVM_SITE_PACKAGES=str(named))
    assert found.loaded == both_from(named)
    assert found.data == (str(tmp_path / "data") if place == "data" else None)


def test_without_an_environment_the_packages_are_those_of_the_python(tmp_path: Path, home: Path) -> None:
    own = write_numpy(write_package(tmp_path / "own"))
    found = host(put_script(tmp_path / "Downloads"), home, PYTHONPATH=str(own))
    assert found.works
    assert found.loaded == both_from(own)


def test_nothing_on_the_users_own_path_shadows_ours(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    users = write_numpy(write_package(tmp_path / "users"))
    assert host(script, home, PYTHONPATH=str(users)).loaded == both_from(packages)


def test_an_environment_without_the_package_is_not_completed_from_elsewhere(
    tmp_path: Path, home: Path
) -> None:
    script, packages = install(tmp_path / "data")
    shutil.rmtree(packages / "rvm_core")
    users = write_package(tmp_path / "users")
    found = host(script, home, PYTHONPATH=str(users))
    assert found.hides
    assert f"none in {packages}" in found.descriptions[0]


@pytest.mark.parametrize("override", [None, "~/elsewhere", "relative"])
def test_the_data_folder_is_the_one_of_the_package(
    override: str | None, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"OBS_RVM_DATA_DIR": override} if override else {}
    script = put_script(tmp_path / "Downloads")
    found = host(script, home, **environ)
    for variable in ("OBS_RVM_DATA_DIR", "LOCALAPPDATA", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in {"HOME": str(home), "USERPROFILE": str(home), **environ}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(script.parent)
    assert found.found_data == str(paths.data_dir())


# -- other scripts -----------------------------------------------------------------------------------


def test_pythons_path_stays_as_it_is(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    users = write_numpy(tmp_path / "users")
    found = host(script, home, "reload", "reload", PYTHONPATH=str(users))
    before, after = found.path
    assert after == before
    assert found.loaded == both_from(packages)


@pytest.mark.parametrize("reloads", [0, 2])
def test_what_another_script_imports_after_us_is_its_own(reloads: int, tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    users = tmp_path / "users"
    for folder in (users, packages):
        (folder / "cv2").mkdir(parents=True)
        (folder / "cv2" / "__init__.py").touch()
    found = host(script, home, *["reload"] * reloads, "import=cv2", PYTHONPATH=str(users))
    assert found.loaded == {**both_from(packages), "cv2": str(users)}


def test_what_only_we_have_others_get_from_us(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    (packages / "cv2").mkdir()
    (packages / "cv2" / "__init__.py").touch()
    assert host(script, home, "import=cv2").loaded["cv2"] == str(packages)


def test_a_package_that_another_script_loaded_first_is_used(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    users = write_numpy(tmp_path / "users")
    found = host(script, home, "before=numpy", PYTHONPATH=str(users))
    assert found.works
    assert found.loaded == {"rvm_core": str(packages), "numpy": str(users)}


@pytest.mark.parametrize("fault", ["ImportError('it is too old')", "AttributeError('it is too old')"])
def test_a_package_that_another_script_loaded_first_and_that_does_not_fit_is_said(
    fault: str, tmp_path: Path, home: Path
) -> None:
    script, packages = install(tmp_path / "data")
    users = write_numpy(tmp_path / "users", "__version__ = '1.2'")
    (packages / "rvm_core" / "obs_filter" / "scenes.py").write_text(f"raise {fault}")
    found = host(script, home, "before=numpy", PYTHONPATH=str(users))
    said = (
        f"Another script loaded numpy 1.2 from {users} first, with which RVM Background cannot work:"
        " it is too old. Remove that script in Tools &gt; Scripts, add it again after RVM Background,"
        " and start OBS again."
    )
    assert found.hides
    assert found.descriptions == [f"<b>RVM Background could not start.</b><p>{said}"]


# -- problems ----------------------------------------------------------------------------------------


def is_told(found: Outcome, *words: str) -> bool:
    """Whether the description and the log say `words` and what to do, and the sources are hidden."""
    level, line = found.log[0]
    said = f"RVM Background cannot work and hides its sources: {' '.join(words)} {REMEDY}"
    assert [level, line] == ["error", said]
    assert found.descriptions == [f"<b>RVM Background could not start.</b><p>{' '.join(words)} {REMEDY}"]
    assert any("Traceback" in text for _, text in found.log), "an engineer needs more"
    return found.hides


@pytest.mark.parametrize("place", ["data", "wheel", "named"])
def test_an_environment_of_another_python_is_said(place: str, tmp_path: Path, home: Path) -> None:
    script = put_script(tmp_path / "data")
    (tmp_path / "data" / "installed.json").write_text("{}")
    packages = make_environment(tmp_path / "data", "3.9")
    if place == "wheel":
        script = put_script(packages / "rvm_core")
    found = host(script, home, **({"OBS_RVM_SITE_PACKAGES": str(packages)} if place == "named" else {}))
    environment = tmp_path / "data" / "venv"
    assert is_told(
        found, f"This OBS runs Python {VERSION}, but the environment {environment} was made for 3.9."
    )


def test_an_environment_that_is_half_made_is_said(tmp_path: Path, home: Path) -> None:
    script, _ = install(tmp_path / "data")
    environment = Layout(tmp_path / "data").environment
    Layout(tmp_path / "data").environment_marker.unlink()
    said = f"The environment {environment} is incomplete: it was cut off, or is being made."
    assert is_told(host(script, home), said)


def test_a_lone_script_without_anything_still_hides_its_sources(tmp_path: Path, home: Path) -> None:
    script = put_script(tmp_path / "Downloads")
    environment = default_data(home) / "venv"
    assert is_told(
        host(script, home),
        f"RVM Background is not installed: there is no rvm_core beside {script} and none in {environment}.",
    )


def test_a_missing_package_is_named(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    shutil.rmtree(packages / "numpy")
    assert is_told(host(script, home), f"The package numpy is missing in {packages}.")


def test_packages_of_another_processor_are_told_in_the_systems_own_words(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    write_numpy(packages, NUMPY_WITH_ADVICE)
    library = packages / "numpy" / f"core{EXTENSION_SUFFIXES[0]}"
    library.write_bytes(b"for another processor" * 100)
    found = host(script, home)
    assert found.hides
    assert f"cannot load the packages in {packages}: " in found.descriptions[0]
    assert library.name in found.descriptions[0]
    assert "advice" not in found.descriptions[0]
    assert REMEDY in found.descriptions[0]


def test_a_python_that_is_too_old_is_said(tmp_path: Path, home: Path) -> None:
    script, _ = install(tmp_path / "data")
    said = "This OBS runs Python 3.8, and 3.10 is the oldest that will do."
    assert is_told(host(script, home, "python=3.8"), said)


def test_a_python_that_is_too_old_can_read_the_script() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_any_other_failure_hides_the_sources_too(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    write_numpy(packages, "raise KeyError('what <nobody> thought of')")
    found = host(script, home)
    assert found.hides
    assert "KeyError" in found.descriptions[0]
    assert "&lt;nobody&gt;" in found.descriptions[0], "a description is rich text"


def test_the_filter_that_hides_has_the_struct_of_libobs(tmp_path: Path, home: Path) -> None:
    offsets = host(put_script(tmp_path), home).offsets
    others = {
        "get_size_and_defaults": "get_width",
        "update_to_video_tick": "update",
        "others": "filter_video",
    }
    ours = {name: getattr(ObsSourceInfo, others.get(name, name)).offset for name in offsets}
    assert offsets == ours


# -- upgrades ----------------------------------------------------------------------------------------


def test_a_reloaded_script_goes_on_with_what_is_loaded(tmp_path: Path, home: Path) -> None:
    script, _ = install(tmp_path / "data")
    found = host(script, home, "reload", "import=rvm_core.late")
    first, second = found.descriptions
    assert first == second
    assert not found.log
    assert not found.refused


def test_after_an_upgrade_nothing_new_is_loaded_beside_the_old(tmp_path: Path, home: Path) -> None:
    script, _ = install(tmp_path / "data")
    found = host(script, home, "upgrade=2.0", "reload", "import=rvm_core.late")
    said = "RVM Background 2.0 was installed while another version is at work. Start OBS again."
    assert said not in found.descriptions[0]
    assert said in found.descriptions[1]
    assert found.log[0] == ["error", f"RVM Background: {said}"]
    assert found.refused == {"rvm_core.late": said}


def test_files_that_are_gone_leave_what_is_loaded_at_work(tmp_path: Path, home: Path) -> None:
    script, packages = install(tmp_path / "data")
    found = host(script, home, f"remove={packages}", "reload", "import=rvm_core.late")
    said = "The files of RVM Background are gone, or are being replaced. Start OBS again."
    assert said in found.descriptions[1]
    assert found.works
    assert found.refused == {"rvm_core.late": said}
