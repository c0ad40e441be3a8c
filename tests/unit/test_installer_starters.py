"""The double-click starters find a Python and hand it everything on, or say what to do where there is none.

The shell scripts run in every shell that is here, with programs of the test's own. The batch file runs in
Wine's cmd, the nearest to Windows that Debian has; CI does without (Wine takes 695 MB).
"""

from __future__ import annotations

import io
import os
import pty
import select
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

STARTERS = Path(__file__).resolve().parents[2] / "installer"
SCRIPTS = ("install.sh", "install.command")
SETUP = "import os, sys; print([os.getcwd(), *sys.argv[1:]]); sys.exit(7)"
AWKWARD = 'Jörg & Co\'s "new" (1) ! $HOME `x`'
ARGUMENTS = ["--offline", "a & b", "it's", 'a "quoted" ü!', "$HOME", "*", ""]
OWN_FOLDERS = ("/Library/Frameworks", "/opt/homebrew", "/usr/local")
SHELLS = [["dash"], ["bash"], ["busybox", "sh"], ["zsh"]]


class Posix:
    """A computer for the shell scripts: their folder, and the only programs that they find."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.unpacked = root / AWKWARD
        self.programs = root / "programs"
        self.elsewhere = root / "elsewhere"
        for folder in (self.unpacked, self.programs, self.elsewhere):
            folder.mkdir()
        for name in ("dirname", "sh", "uname"):
            (self.programs / name).symlink_to(str(shutil.which(name)))
        text = (STARTERS / "install.sh").read_text(encoding="utf-8")
        for folder in OWN_FOLDERS:  # this computer's own Pythons are not what is tested
            text = text.replace(folder, f"{root}{folder}")
        self.script = self.unpacked / "install.sh"
        self.script.write_text(text, encoding="utf-8")
        (self.unpacked / "install.py").write_text(SETUP, encoding="utf-8")

    def has(self, name: str, script: str) -> Path:
        """Put a program there: by its name alone where it is found by that, else by its path."""
        path = self.root / name.lstrip("/") if name.startswith("/") else self.programs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def is_mac(self) -> None:
        self.has("uname", "echo Darwin")

    def start(
        self, *arguments: str, shell: list[str] | None = None, answer: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        program, *rest = shell or ["dash"]
        return subprocess.run(
            [str(shutil.which(program)), *rest, str(self.script), *arguments],
            cwd=self.elsewhere,
            env=self.environment(**more),
            input=answer,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.programs), "LC_ALL": "C.UTF-8", "HOME": str(self.root), **more}


WORKS = f'exec "{sys.executable}" "$@"'
IS_TOO_OLD = 'case "$2" in *version_info*) exit 1 ;; esac; echo "an old Python was started"'


@pytest.fixture
def posix(tmp_path: Path) -> Posix:
    return Posix(tmp_path)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: words[0])
def test_everything_is_passed_on_whatever_it_is_called(posix: Posix, shell: list[str]) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"there is no {shell[0]} here")
    posix.has("python3", WORKS)
    ended = posix.start(*ARGUMENTS, shell=shell)
    assert (ended.stdout, ended.stderr) == (f"{[str(posix.elsewhere), *ARGUMENTS]}\n", "")
    assert ended.returncode == 7


@pytest.mark.parametrize("shell", SHELLS, ids=lambda words: words[0])
def test_shells_find_no_fault(shell: list[str]) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"there is no {shell[0]} here")
    for name in SCRIPTS:
        subprocess.run([*shell, "-n", STARTERS / name], check=True, timeout=60)


def test_shellcheck_finds_no_fault() -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("there is no shellcheck here")
    subprocess.run(
        ["shellcheck", STARTERS / "install.sh", STARTERS / "install.command"], check=True, timeout=60
    )


def test_a_python_that_is_too_old_is_passed_over(posix: Posix) -> None:
    posix.has("python3.12", IS_TOO_OLD)
    posix.has("python3.11", WORKS)
    posix.has("python3", IS_TOO_OLD)
    assert posix.start("x").returncode == 7


def test_the_installer_is_found_from_above_it_too(posix: Posix) -> None:
    posix.has("python3", WORKS)
    (posix.unpacked / "installer").mkdir()
    (posix.unpacked / "install.py").rename(posix.unpacked / "installer" / "install.py")
    assert posix.start("x").returncode == 7


def test_it_starts_in_its_own_folder(posix: Posix) -> None:
    posix.has("python3", WORKS)
    posix.elsewhere, posix.script = posix.unpacked, Path("install.sh")
    assert posix.start("x").returncode == 7


def test_an_archive_that_was_not_extracted_is_named(posix: Posix) -> None:
    posix.has("python3", WORKS)
    (posix.unpacked / "install.py").unlink()
    ended = posix.start()
    assert "extract all of it first" in ended.stdout
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "sudo apt install python3 python3-venv"),
        ("dnf", "sudo dnf install python3"),
        ("pacman", "sudo pacman -S python"),
        ("zypper", "sudo zypper install python3"),
        ("nix", "package manager of your system"),
    ],
)
def test_without_python_linux_users_read_their_command(posix: Posix, manager: str, command: str) -> None:
    posix.has(manager, "")
    ended = posix.start("--yes")
    assert command in ended.stdout
    assert ended.returncode == 1


@pytest.mark.parametrize(
    "place",
    [
        "/Library/Frameworks/Python.framework/Versions/3.11/bin/python3.11",
        "/opt/homebrew/bin/python3.12",
        "/usr/local/bin/python3.10",
    ],
)
def test_a_mac_has_its_own_places_for_python(posix: Posix, place: str) -> None:
    posix.is_mac()
    posix.has(place, WORKS)
    assert posix.start("x").returncode == 7


def test_apples_python_is_left_alone_until_developer_tools_are_there(posix: Posix) -> None:
    posix.is_mac()
    opened = posix.root / "dialog"
    posix.has("python3", f'echo opened >"{opened}"; {WORKS}')
    posix.has("xcode-select", "exit 2")
    ended = posix.start("x")
    assert "universal2" in ended.stdout
    assert not opened.exists()
    posix.has("xcode-select", "echo /Library/Developer/CommandLineTools")
    assert posix.start("x").returncode == 7


def test_homebrew_installs_python_for_who_says_yes_and_for_nobody_else(posix: Posix) -> None:
    posix.is_mac()
    asked = posix.root / "asked"
    place = posix.root / "opt/homebrew/bin/python3.12"
    ready = posix.has("ready", WORKS)
    posix.has("/opt/homebrew/bin/brew", f'echo "$@" >"{asked}"; /bin/ln -s "{ready}" "{place}"')
    for answer in ("", "\n", "n\n"):
        ended = posix.start("x", answer=answer)
        assert (ended.returncode, asked.exists()) == (1, False)
        assert "python.org" in ended.stdout
    assert posix.start("x", answer="y\n").returncode == 7
    assert asked.read_text(encoding="utf-8") == "install python@3.12\n"


def test_a_double_click_keeps_its_window_and_a_prompt_gets_its_own_back(posix: Posix) -> None:
    posix.has("python3", WORKS)
    assert "Press Enter" in _in_a_terminal(posix)
    assert "Press Enter" not in _in_a_terminal(posix, "--dry-run")


def _in_a_terminal(posix: Posix, *arguments: str) -> str:
    """What the terminal shows; it is answered once it asks."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(shutil.which("dash")), posix.script, *arguments],
        env=posix.environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = ""
    while select.select([ours], [], [], 60)[0]:
        try:
            shown += os.read(ours, 4096).decode()
        except OSError:  # the other side has gone
            break
        if "Press Enter" in shown and process.poll() is None:
            os.write(ours, b"\n")
    os.close(ours)
    assert process.wait(timeout=60) == 7
    return shown


def test_started_without_a_window_it_opens_one(posix: Posix) -> None:
    posix.has("konsole", 'printf "[%s]" "$@"')
    ended = posix.start(DISPLAY=":0")
    assert ended.stdout == f"[-e][sh][{posix.script}]"
    assert "No Python" in posix.start("--yes", DISPLAY=":0").stdout


def test_the_macs_file_hands_on_to_the_script(posix: Posix) -> None:
    posix.has("python3", WORKS)
    shutil.copy(STARTERS / "install.command", posix.unpacked)
    posix.script = posix.unpacked / "install.command"
    assert posix.start(*ARGUMENTS).stdout == f"{[str(posix.elsewhere), *ARGUMENTS]}\n"


def test_what_is_double_clicked_may_be_run() -> None:
    for name in SCRIPTS:
        assert os.access(STARTERS / name, os.X_OK), name


def test_the_batch_file_is_what_cmd_reads() -> None:
    content = (STARTERS / "install.bat").read_bytes()
    assert content.isascii()
    assert content.count(b"\r\n") == content.count(b"\n") > 0


class Windows:
    """A computer for the batch file, by Wine: its folder, and the only programs that it finds.

    A program is a launcher out of pip that hands its command line to a batch file of the test's own.
    """

    def __init__(self, wine: Path, prefix: Path, root: Path) -> None:
        self._wine = wine
        self._prefix = prefix
        self.root = root
        self.unpacked = root / "Jörg & Co's (1) !x"
        self.programs = root / "programs"
        self.log = root / "log.txt"
        for folder in (self.unpacked, self.programs):
            folder.mkdir()
        shutil.copy(STARTERS / "install.bat", self.unpacked)
        (self.unpacked / "install.py").touch()

    def has(self, name: str, *lines: str) -> Path:
        """Put a program among those that are found; it writes down how it was started."""
        path = self.programs / name
        batch = path.with_name(f"{path.stem}.answer.bat")
        batch.write_bytes("\r\n".join(["@echo off", f">>{windows(self.log)} echo %*", *lines, ""]).encode())
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("__main__.py", "")
        start = f"#!C:\\windows\\system32\\cmd.exe /c {windows(batch)}\n".encode()
        path.write_bytes(launcher().read_bytes() + start + archive.getvalue())
        return path

    def answers(self, code: int) -> None:
        """Let Windows' own program that asks for a key end with `code`; Wine has none."""
        made = self.has("choice.exe", f"exit /b {code}")
        made.replace(self._prefix / "drive_c" / "windows" / "system32" / "choice.exe")

    def run(self, *words: str) -> tuple[int, str]:
        """Exit code, and what is shown."""
        environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "WINEPREFIX": str(self._prefix),
            "WINEPATH": windows(self.programs),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
        }
        window = self.root / "window.txt"
        with window.open("wb") as out:  # a pipe would stay open as long as Wine's services
            code = subprocess.run(
                [self._wine, *words],
                cwd=self.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.DEVNULL,
                timeout=120,
            ).returncode
        return code, window.read_text(errors="replace")

    def start(self, *arguments: str) -> tuple[int, str]:
        """Exit code of the batch file, and what its window shows."""
        return self.run(windows(self.unpacked / "install.bat"), *arguments)

    def started(self) -> list[str]:
        """The command lines of the programs so far, but for trials of Pythons."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if "version_info" not in line]


def windows(path: Path) -> str:
    """`path` as Wine's programs know it."""
    return f"Z:{path}".replace("/", "\\")


def launcher() -> Path:
    """A program for Windows that pip has for scripts."""
    distlib = pytest.importorskip("pip._vendor.distlib", reason="this pip has no launcher for Windows")
    return Path(distlib.__file__).with_name("t64.exe")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wine, and the folder of its own for a computer without anything."""
    wine = shutil.which("wine64") or shutil.which("wine")
    if wine is None:
        pytest.skip("there is no Wine here")
    return Path(wine), tmp_path_factory.mktemp("wine") / "prefix"


@pytest.fixture
def pc(prefix: tuple[Path, Path], tmp_path: Path) -> Iterator[Windows]:
    made = Windows(*prefix, tmp_path)
    yield made
    made.run("reg", "delete", r"HKCU\Software\Python", "/f")
    for file in prefix[1].glob("drive_c/users/*/AppData/Local/Programs/Python/Python312/python.exe"):
        file.unlink()


RUNS_THE_INSTALLER = ('if "%~2"=="-c" exit /b 0', 'if "%~3"=="-c" exit /b 0', "exit /b 7")


def test_on_windows_everything_is_passed_on(pc: Windows) -> None:
    pc.has("py.exe", *RUNS_THE_INSTALLER)
    code, shown = pc.start("--offline", "a & b", "x!y", "(1)")
    assert (code, shown.strip()) == (7, "")
    (line,) = pc.started()
    assert line.endswith('(1) !x\\install.py" --offline "a & b" x!y (1)'), line
    assert " -3 " in line


def test_on_windows_a_double_click_keeps_its_window(pc: Windows) -> None:
    pc.has("py.exe", *RUNS_THE_INSTALLER)
    code, shown = pc.start()
    assert "Press any key" in shown
    assert code == 7


def test_on_windows_the_registry_knows_pythons_without_a_launcher(pc: Windows) -> None:
    hidden = pc.root / "own & place"
    hidden.mkdir()
    pc.has("python.exe", *RUNS_THE_INSTALLER).rename(hidden / "python.exe")
    key = r"HKCU\Software\Python\PythonCore\3.12\InstallPath"
    pc.run("reg", "add", key, "/v", "ExecutablePath", "/d", windows(hidden / "python.exe"), "/f")
    assert pc.start("x")[0] == 7
    assert "own & place" in pc.started()[0]


def test_on_windows_python_by_its_name_comes_last(pc: Windows) -> None:
    pc.has("py.exe", "exit /b 1")
    pc.has("python.exe", *RUNS_THE_INSTALLER)
    assert pc.start("x")[0] == 7
    assert "python.exe" in pc.started()[0]


def test_the_empty_python_of_windows_is_no_python(pc: Windows) -> None:
    pc.has("python.exe", "exit /b 9009")
    code, shown = pc.start("x")
    assert code == 1
    assert "not from the Microsoft Store" in shown
    assert "https://www.python.org/downloads/release/python-31210/" in shown


def test_winget_installs_python_for_who_says_yes_and_for_nobody_else(pc: Windows) -> None:
    ready = pc.has("ready.exe", *RUNS_THE_INSTALLER)
    place = r"%LOCALAPPDATA%\Programs\Python\Python312"
    installs = (f'mkdir "{place}"', f'copy {windows(ready)} "{place}\\python.exe" >nul')
    pc.has("winget.exe", 'if "%~2"=="--version" exit /b 0', *installs)
    for no in (2, 255):  # the key n, and nobody there to press one
        pc.answers(no)
        code, shown = pc.start("x")
        assert (code, "python.org" in shown) == (1, True)
    assert not [line for line in pc.started() if "--scope" in line]
    pc.answers(1)
    assert pc.start("x")[0] == 7
    (line,) = [line for line in pc.started() if "--scope" in line]
    assert "install --exact --id Python.Python.3.12 --source winget --scope user --architecture x64" in line


def test_on_windows_a_zip_that_was_not_extracted_is_named(pc: Windows) -> None:
    pc.has("py.exe", *RUNS_THE_INSTALLER)
    (pc.unpacked / "install.py").unlink()
    code, shown = pc.start()
    assert code == 1
    assert 'choose "Extract All..."' in shown
    assert "Press any key" in shown


def test_on_windows_the_installer_is_found_from_above_it_too(pc: Windows) -> None:
    pc.has("py.exe", *RUNS_THE_INSTALLER)
    (pc.unpacked / "installer").mkdir()
    (pc.unpacked / "install.py").rename(pc.unpacked / "installer" / "install.py")
    assert pc.start("x")[0] == 7
