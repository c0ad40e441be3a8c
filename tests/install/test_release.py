"""A release holds what it should, is the same each time, and works where there is no checkout."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import rvm_core
from installer import release
from rvm_core import paths
from tests.conftest import PROJECT
from tests.video import read_frames, write_clip

SIZE, COUNT = (64, 96, 3), 4


@dataclass(frozen=True)
class Released:
    """The files of one release."""

    folder: Path

    def file(self, pattern: str) -> Path:
        (found,) = self.folder.glob(pattern)
        return found


@pytest.fixture(scope="session")
def commit() -> str:
    """What is being worked on, as a commit: HEAD, with changes to its files if there are any."""
    try:
        words = ["git", "-c", "user.name=test", "-c", "user.email=", "stash", "create"]
        made = subprocess.run(words, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout of git, which a release is made from")
    return made or "HEAD"


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python that has what builds."""
    try:
        return release.make_tools(tmp_path_factory.mktemp("tools"))
    except subprocess.CalledProcessError:
        pytest.skip(f"the package index does not give {' and '.join(release.TOOLS)}")


@pytest.fixture(scope="session")
def released(commit: str, tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Released:
    """The release."""
    folder = tmp_path_factory.mktemp("release")
    release.release(commit, folder, tools)
    return Released(folder)


def names(archive: Path) -> set[str]:
    """The files in a zip or a wheel."""
    with zipfile.ZipFile(archive) as opened:
        return set(opened.namelist())


def tracked(folder: str) -> set[str]:
    """The committed files in a folder of the project, by their names in the project."""
    words = ["git", "ls-files", "-z", folder]
    listed = subprocess.run(words, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    return {name for name in listed.split("\0") if (PROJECT / name).is_file()}


def test_the_wheel_holds_the_package_and_nothing_else(released: Released) -> None:
    held = names(released.file("*.whl"))
    about = f"obs_rvm-{rvm_core.__version__}.dist-info/"
    wanted = tracked("rvm_core") | {"rvm_core/models/manifest.json", "rvm_core/obs_rvm_filter.py"}
    assert {name for name in held if not name.startswith(about)} == wanted
    assert f"{about}licenses/LICENSE" in held


def test_the_version_stands_in_one_place(released: Released) -> None:
    version = rvm_core.__version__
    assert {file.name for file in released.folder.iterdir()} == {
        f"obs_rvm-{version}-py3-none-any.whl",
        f"obs_rvm-{version}.tar.gz",
        f"obs-rvm-{version}.zip",
        "SHA256SUMS",
    }
    found = subprocess.run(
        ["git", "grep", "--files-with-matches", "--fixed-strings", version, "--", "*.py", "*.toml", "*.txt"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert [name for name in found if not name.startswith("tests/")] == ["rvm_core/__init__.py"]


def test_the_sdist_builds_the_wheel_that_the_checkout_builds(
    released: Released, commit: str, tools: Path, tmp_path: Path
) -> None:
    sdist, wheel = released.file("*.tar.gz"), released.file("*.whl")
    with tarfile.open(sdist) as archive:
        stored = {Path(entry.name).relative_to(sdist.name.removesuffix(".tar.gz")) for entry in archive}
        newest = max(entry.mtime for entry in archive)
    assert {Path("installer/install.py"), Path("tests/run.sh"), Path("models/manifest.json")} <= stored
    tree = subprocess.run(["git", "archive", commit], cwd=PROJECT, check=True, capture_output=True).stdout
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    subprocess.run(["tar", "-x", "-C", checkout], input=tree, check=True)
    subprocess.run(
        [tools, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, checkout],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(int(newest))},
        check=True,
        capture_output=True,
    )
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_the_same_commit_gives_the_same_bytes(
    released: Released, commit: str, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    monkeypatch.setenv("LC_ALL", "C")
    time.tzset()
    before = os.umask(0o077)
    try:
        release.release(commit, tmp_path, tools)
    finally:
        os.umask(before)
        monkeypatch.undo()
        time.tzset()
    for file in released.folder.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


def test_the_sums_are_those_of_the_files(released: Released) -> None:
    lines = released.file("SHA256SUMS").read_text(encoding="utf-8").splitlines()
    told = dict(reversed(line.split("  ")) for line in lines)
    files = [file for file in released.folder.iterdir() if file.name != "SHA256SUMS"]
    assert told == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_the_zip_holds_what_the_installer_needs_and_shows_what_to_click(released: Released) -> None:
    top = f"obs-rvm-{rvm_core.__version__}"
    with zipfile.ZipFile(released.file("*.zip")) as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        batch = archive.read(f"{top}/install-windows.bat")
        wheel = archive.read(f"{top}/wheels/{released.file('*.whl').name}")
    held = {name.removeprefix(f"{top}/") for name in modes}
    starters = {"install-windows.bat", "install-macos.command", "install-linux.sh"}
    on_top = {"LICENSE", "README.md", "README.txt", "obs_rvm_filter.py", "pyproject.toml", *starters}
    assert {name for name in held if "/" not in name} == on_top
    python = {name for name in tracked("installer") if name.endswith(".py")}
    assert "installer/steps/__init__.py" in python
    assert held - on_top == {
        *tracked("rvm_core"),
        *(python - {"installer/release.py"}),
        "models/manifest.json",
        f"wheels/{released.file('*.whl').name}",
    }
    assert {name for name, mode in modes.items() if mode != 0o644} == {f"{top}/{name}" for name in starters}
    assert b"\r\n" in batch
    assert wheel == released.file("*.whl").read_bytes()


def test_the_zip_takes_an_offline_folder_along(commit: str, tools: Path, tmp_path: Path) -> None:
    prepared = tmp_path / "prepared"
    (prepared / "wheels").mkdir(parents=True)
    (prepared / "wheels" / "some-1-py3-none-any.whl").write_bytes(b"wheel")
    (prepared / "offline.json").write_bytes(b"{}")
    release.release(commit, tmp_path, tools, prepared)
    with zipfile.ZipFile(next(tmp_path.glob("*.zip"))) as archive:
        top = f"obs-rvm-{rvm_core.__version__}/offline"
        assert archive.read(f"{top}/wheels/some-1-py3-none-any.whl") == b"wheel"
        assert archive.read(f"{top}/offline.json") == b"{}"


@pytest.fixture(scope="session")
def extracted(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extracted zip, in a folder with a name that people have."""
    folder = tmp_path_factory.mktemp("zip") / "Meine Größe & Co (1)"
    with zipfile.ZipFile(released.file("*.zip")) as archive:
        archive.extractall(folder)
    (top,) = folder.iterdir()
    return top


@pytest.mark.skipif(sys.platform == "win32", reason="the starter for Windows is tested by itself")
def test_the_extracted_starter_plans(extracted: Path, tmp_path: Path) -> None:
    starter = extracted / "install-linux.sh"
    ended = subprocess.run(
        ["sh", starter, "--dry-run", "--data-dir", tmp_path / "data"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Plan:" in ended.stdout
    assert "nothing was changed" in ended.stdout
    assert not (tmp_path / "data").exists()


class Command:
    """The wheel in an empty environment of its own; what it depends on comes from the tests' environment."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self._elsewhere = folder / "elsewhere"
        self._elsewhere.mkdir()
        environment = folder / "Größe"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
        paths_of = [scripts / "python", "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
        packages = subprocess.run(paths_of, check=True, capture_output=True, text=True).stdout.strip()
        own = sysconfig.get_paths()["purelib"]
        # Searched last; the .pth files in there do nothing, so the checkout does not come along.
        (Path(packages) / "others.pth").write_text(own + "\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--python", scripts / "python"]
        how = ["--no-deps", "--no-index", "--ignore-installed"]
        subprocess.run([*pip, "install", *how, wheel], check=True, capture_output=True)
        self._command = scripts / "obs-rvm"
        self._python = scripts / "python"

    def run(self, *words: str | Path, codes: tuple[int, ...] = (0,)) -> str:
        """What ``obs-rvm`` prints, started where there is no checkout, and ended with one of `codes`."""
        return self._run([self._command, *words], codes)

    def place(self) -> Path:
        """Where the package is imported from."""
        return Path(self._run([self._python, "-c", "import rvm_core; print(rvm_core.__file__)"]).strip())

    def _run(self, words: list[str | Path], codes: tuple[int, ...] = (0,)) -> str:
        own = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
        own[paths.DATA_DIR_VARIABLE] = os.environ[paths.DATA_DIR_VARIABLE]
        ended = subprocess.run(words, cwd=self._elsewhere, env=own, capture_output=True, text=True)
        assert ended.returncode in codes, ended.stderr
        return ended.stdout


@pytest.fixture(scope="session")
def command(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The wheel's command."""
    return Command(tmp_path_factory.mktemp("installed"), released.file("*.whl"))


def test_the_installed_package_is_the_wheels(command: Command) -> None:
    assert PROJECT not in command.place().parents
    assert command.run("--version").split()[-1] == rvm_core.__version__


def test_the_installed_command_knows_its_presets_and_models(command: Command) -> None:
    assert "Virtual set" in command.run("presets", "list")
    assert "rvm_mobilenetv3" in command.run("models", "list")


def test_the_installed_doctor_answers(command: Command) -> None:
    told = json.loads(command.run("doctor", "--json", codes=(0, 2)))
    assert told["version"] == rvm_core.__version__


@pytest.mark.usefixtures("default_model_file")
def test_the_installed_command_turns_a_film(command: Command, tmp_path: Path) -> None:
    frames = [np.full(SIZE, 40 * number, dtype=np.uint8) for number in range(1, COUNT + 1)]
    clip = write_clip(tmp_path / "clip.mp4", frames)
    command.run("video", clip, "--output", tmp_path / "out.mp4", "--mode", "color")
    assert len(read_frames(tmp_path / "out.mp4", "rgb24")) == COUNT
