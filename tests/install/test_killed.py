"""An installer that is killed, at whatever moment: the next one completes it, or takes everything back.

It is the real one, with real environments and a real pip; only the package that it installs is a stand-in, so
that many moments can be tried.  "Killed" is SIGKILL: nothing is tidied up.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installer import target
from installer.layout import MARKER, Layout
from installer.steps.offline import ABOUT, FORM
from installer.steps.project import MODEL, SMALL_MODEL
from rvm_core.desktop.machine import ThisMachine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the moments are those of Linux")

CUT_OFF = Path(__file__).with_name("cut_off.py")
NEVER = "never"
PATIENCE_S = 60
WHEEL = {
    "rvm_core/__init__.py": "__version__ = '9.0'\n",
    "rvm_core/health/__init__.py": "",
    "rvm_core/health/packages.py": "PACKAGES = ()\n",
    "rvm_core/obs_rvm_filter.py": "# the script\n",
    "rvm_core/__main__.py": """
import os, pathlib, sys, time
data = pathlib.Path(os.environ["OBS_RVM_DATA_DIR"])
if sys.argv[1] == "models":
    sys.exit((data / "models" / sys.argv[3]).read_text() != 1000 * "weights")
if sys.argv[1] == "warm" and not (data / "numba-cache").exists():
    (data / "numba-cache").mkdir()
    (data / "numba-cache" / "kernel").write_text("compiled")
""",
    **{f"rvm_core/part{number}.py": "x = 1\n" for number in range(100)},
    "obs_rvm-9.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: obs-rvm\nVersion: 9.0\n",
    "obs_rvm-9.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
SCRIPTS = [{"path": "/home/streamer/clock.lua", "settings": {"at": 1.50}}]
OUR_COPY = [{"path": "/home/streamer/Downloads/obs_rvm_filter.py", "settings": {"map": {}}}]

Tree = dict[str, bytes | str]


def tree(folder: Path) -> Tree:
    """Every file, link and folder below `folder`, but the log, and what Python compiled."""
    found: Tree = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "a folder"
        elif path.name != "install.log" and "__pycache__" not in path.parts:
            found[name] = path.read_bytes()
    return {name: what for name, what in found.items() if "__pycache__" not in name}


def differences(one: Tree, other: Tree) -> list[str]:
    """The names of what differs, ten at most."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))[:10]


@dataclass(frozen=True)
class Desk:
    """A user's home folder, and what is at hand to install."""

    home: Path
    offline: Path

    @property
    def layout(self) -> Layout:
        """Its data folder: where every Linux user has it."""
        return Layout(self.home / ".local" / "share" / "obs-rvm")

    def start(self, *words: str, at: int | str = NEVER) -> subprocess.Popen[str]:
        """An installer that is killed at a change of the disk: its number, or what cut_off.py says of it."""
        how = [] if "--uninstall" in words else ["--offline", str(self.offline), "--plugin", "none"]
        command = [sys.executable, "-B", str(CUT_OFF), str(self._trace), str(at), "--yes", *how, *words]
        return subprocess.Popen(
            command,
            env={"HOME": str(self.home), "PATH": os.defpath, "LANG": "C.UTF-8"},
            cwd=os.sep,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> None:
        """An installer that ends by itself, and is content."""
        installer = self.start(*words)
        said, _ = installer.communicate(timeout=PATIENCE_S)
        assert installer.returncode == 0, said

    def cut(self, *words: str, at: int | str) -> bool:
        """Whether an installer was killed at that change; else it has ended by itself."""
        installer = self.start(*words, at=at)
        said, _ = installer.communicate(timeout=PATIENCE_S)
        assert installer.returncode in (0, -signal.SIGKILL), said
        return installer.returncode != 0

    def last_change(self) -> str:
        """At which the last installer was killed."""
        return self._trace.read_text().splitlines()[-1]

    def put(self, state: Path) -> None:
        """Make the home folder what `state` is a copy of."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(state, self.home, symlinks=True)

    def keep(self, name: str) -> Path:
        """A copy of the home folder as it is now."""
        copy = self.home.with_name(name)
        shutil.rmtree(copy, ignore_errors=True)
        return Path(shutil.copytree(self.home, copy, symlinks=True))

    @property
    def _trace(self) -> Path:
        return self.home.with_name("trace")


@dataclass(frozen=True)
class States:
    """Copies of a home folder: before; with an environment, and nothing after that; with everything."""

    desk: Desk
    before: Path
    begun: Path
    whole: Path


def _collections(home: Path) -> None:
    scenes = home / ".config" / "obs-studio" / "basic" / "scenes"
    scenes.mkdir(parents=True)
    told = {"current_scene": "Scene", "sources": [], "modules": {"scripts-tool": []}}
    (scenes / "Compact.json").write_text(json.dumps(told, separators=(",", ":")))
    theirs = {**told, "modules": {"scripts-tool": SCRIPTS, "other": {}}}
    (scenes / "Scripts of others.json").write_bytes(
        json.dumps(theirs, indent=4).replace("\n", "\r\n").encode()
    )
    (scenes / "Ours by hand.json").write_text(json.dumps({**told, "modules": {"scripts-tool": OUR_COPY}}))
    (scenes / "Broken.json").write_text('{"sources": [')


def _offline(folder: Path) -> None:
    python = target.find(ThisMachine()).python
    if python is None:
        pytest.skip("There is no OBS that runs Python scripts, or no Python that fits it.")
    (folder / "wheels").mkdir(parents=True)
    with zipfile.ZipFile(folder / "wheels" / "obs_rvm-9.0-py3-none-any.whl", "w") as wheel:
        for name, text in WHEEL.items():
            wheel.writestr(name, text)
        names = [*WHEEL, "obs_rvm-9.0.dist-info/RECORD"]
        wheel.writestr(names[-1], "".join(f"{name},,\n" for name in names))
    (folder / "models").mkdir()
    for model in (MODEL, SMALL_MODEL):
        (folder / "models" / model).write_text(1000 * "weights")
    about = {"form": FORM, "system": "Linux", "architecture": platform.machine()}
    (folder / ABOUT).write_text(json.dumps({**about, "python": list(python.version)}))


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> States:
    """One real installation, killed as soon as its environment is complete, and completed by the next."""
    root = tmp_path_factory.mktemp("killed")
    desk = Desk(root / "home", root / "offline")
    _offline(desk.offline)
    _collections(desk.home)
    before = desk.keep("before")
    assert desk.cut(at=f"open {desk.layout.script}")
    for folder in desk.layout.environment.glob("lib/*/site-packages/[ps][ie][pt]*"):
        shutil.rmtree(folder)  # pip is not asked again, and it has a thousand files
    begun = desk.keep("begun")
    desk.run()
    return States(desk, before, begun, desk.keep("whole"))


def _when(installer: subprocess.Popen[str], happens: Callable[[], bool]) -> None:
    last = time.monotonic() + PATIENCE_S
    while not happens():
        assert installer.poll() is None, installer.communicate(timeout=PATIENCE_S)
        assert time.monotonic() < last
        time.sleep(0.001)


def _children(process: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:  # it has ended meanwhile
            continue
        if int(parent) == process:
            child = int(stat.parent.name)
            yield child
            yield from _children(child)


def _kill(installer: subprocess.Popen[str], *, with_children: bool) -> None:
    installer.send_signal(signal.SIGSTOP)  # or it would start others meanwhile
    victims = [installer.pid, *(_children(installer.pid) if with_children else ())]
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
    installer.wait(PATIENCE_S)
    assert installer.stdout
    installer.stdout.close()


def assert_no_half_passes_for_a_whole(states: States, moment: str) -> None:
    """An environment with a marker has all of the package."""
    if states.desk.layout.environment_marker.exists():
        missing = differences(_package(states.whole), _package(states.desk.home))
        assert not missing, f"{moment}: marked as complete, but for {missing}"


def _package(home: Path) -> Tree:
    return {name: what for name, what in tree(home).items() if "venv/lib/" in name and "rvm_core" in name}


def assert_all_is_taken_back(states: States, moment: str) -> None:
    """After an uninstallation the home folder is what it was before the installation."""
    states.desk.run("--uninstall")
    left = differences(tree(states.before), tree(states.desk.home))
    assert not left, f"{moment}: taken back, but for {left}"


def assert_all_is_there(states: States, moment: str) -> None:
    """After another installation the home folder is as if nothing had happened."""
    states.desk.run()
    other = differences(tree(states.whole), tree(states.desk.home))
    assert not other, f"{moment}: completed, but for {other}"


Check = Callable[[States, str], None]
CHECKS: tuple[Check, ...] = (assert_all_is_taken_back, assert_all_is_there)


def test_the_whole_has_what_an_installation_is_for(states: States) -> None:
    names = set(tree(states.whole))
    assert ".local/bin/obs-rvm" in names
    assert f".local/share/obs-rvm/venv/{MARKER}" in names
    scenes = states.whole / ".config" / "obs-studio" / "basic" / "scenes"
    script = str(states.desk.layout.script)
    assert [file.stem for file in sorted(scenes.iterdir()) if script in file.read_text()] == [
        "Compact",
        "Ours by hand",
        "Scripts of others",
    ]


def test_installed_twice_it_is_the_same(states: States) -> None:
    states.desk.put(states.whole)
    assert_all_is_there(states, "installed twice")
    assert_all_is_taken_back(states, "installed twice")


def test_killed_before_it_has_an_environment(states: States) -> None:
    desk, number, last = states.desk, 0, ""
    while "venv" not in last:
        desk.put(states.before)
        assert desk.cut(at=number)
        last = desk.last_change()
        assert_all_is_taken_back(states, f"killed at {last}")
        number += 1
    assert number > 10


@pytest.mark.parametrize("check", CHECKS)
def test_killed_after_it_has_an_environment(states: States, check: Check) -> None:
    """At every second moment each."""
    desk, number = states.desk, CHECKS.index(check)
    desk.put(states.begun)
    while desk.cut(at=number):
        check(states, f"killed at {desk.last_change()}")
        number += len(CHECKS)
        desk.put(states.begun)
    assert number > 40


def test_killed_while_it_is_taken_back(states: States) -> None:
    desk, number = states.desk, 0
    desk.put(states.whole)
    while desk.cut("--uninstall", at=number):
        last = desk.last_change()
        moment = f"killed while it was taken back, at {last}"
        assert_no_half_passes_for_a_whole(states, moment)
        if number % 4 == 0 and desk.layout.environment_marker.exists():
            assert_all_is_there(states, moment)
        assert_all_is_taken_back(states, moment)
        number += 1 if os.sep in last else 12  # one of the many files of a folder
        desk.put(states.whole)
    assert number > 100


@pytest.mark.parametrize("with_children", [True, False])
def test_killed_while_pip_works(states: States, with_children: bool) -> None:
    desk = states.desk
    desk.put(states.before)
    installer = desk.start()
    _when(installer, lambda: any(desk.layout.environment.glob("lib/*/site-packages/rvm_core")))
    _kill(installer, with_children=with_children)
    assert_no_half_passes_for_a_whole(states, "killed while pip worked")
    assert_all_is_taken_back(states, "killed while pip worked")


def test_killed_while_it_renews_the_old_environment_works(states: States) -> None:
    desk = states.desk
    desk.put(states.whole)
    old, packages = desk.layout.data / "venv.previous", "lib/*/site-packages/rvm_core"
    installer = desk.start("--upgrade")
    _when(installer, lambda: old.exists() and any(desk.layout.environment.glob(packages)))
    _kill(installer, with_children=True)
    assert_no_half_passes_for_a_whole(states, "killed while it renewed the environment")
    assert_all_is_there(states, "killed while it renewed the environment")


def test_killed_when_it_has_renewed_the_new_environment_works(states: States) -> None:
    desk = states.desk
    desk.put(states.whole)
    old = desk.layout.data / "venv.previous"
    assert desk.cut("--upgrade", at=f"os.remove {old / MARKER}")
    desk.run()
    assert any(desk.layout.environment.glob("lib/*/site-packages/pip")), "the old one has none"
    assert not old.exists()
    assert_all_is_taken_back(states, "renewed")
