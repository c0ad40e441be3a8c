"""A second, newer host: libobs 32.2.2 without OBS, out of two wheels of the package index.

`obtain` fetches and unpacks them once into a cache folder; `Host.run` runs a Python program in a
child process whose loader finds libobs and the FFmpeg 6 libraries that it was linked against, under
an X server of its own.  The program itself starts with :mod:`session`, the other half of this file.
"""

from __future__ import annotations

import os
import platform
import re
import select
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
XVFB_START_S = 20.0
WHEELS = HERE / "wheels.txt"
# pylibobs's own dependency, built for each Python version: installed by pip, not unpacked by hand.
BINDING = "cffi>=1.15"
LIBOBS_IN_WHEEL = Path("pylibobs", "_libs", "linux", "x86_64")
# The wheel's libraries carry a digest and a full version in their names; libobs asks for the soname.
FFMPEG_FILE = re.compile(
    r"(libav(?:codec|device|filter|format|util)|libsw(?:scale|resample))-\w+(\.so\.\d+)\."
)


class Unobtainable(Exception):
    """libobs 32 cannot be had or cannot run on this machine; the message says why."""


@dataclass(frozen=True)
class Host:
    """An unpacked libobs 32."""

    site: Path  # holds the `pylibobs` and `cffi` packages
    ffmpeg: Path  # libavcodec.so.60 and its kind, as links
    bundled: Path  # what those link to and need

    @property
    def libobs(self) -> Path:
        """The shared library itself."""
        return self.site / LIBOBS_IN_WHEEL / "libobs.so.0"

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """The variables under which a child process can load libobs 32."""
        environment = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(
            str(folder) for folder in (self.ffmpeg, self.bundled, self.libobs.parent)
        )
        # The project and the helper modules first, then pylibobs; the environment's packages as usual.
        environment["PYTHONPATH"] = os.pathsep.join(str(folder) for folder in (PROJECT, HERE, self.site))
        environment["LIBOBS32"] = str(self.libobs)
        environment["LIBGL_ALWAYS_SOFTWARE"] = "1"
        environment["GALLIUM_DRIVER"] = "llvmpipe"
        environment.update(extra)
        return environment

    def run(
        self,
        program: Path,
        arguments: Sequence[str],
        *,
        scratch: Path,
        extra: Mapping[str, str],
        timeout_s: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run `program` in a child process and wait for it.

        `scratch` becomes the child's home and configuration folder.  The output holds stdout and
        stderr together.  A program that outlives `timeout_s` is killed, with TimeoutExpired raised.
        """
        with display() as name:
            home = {"DISPLAY": name, "HOME": str(scratch), "XDG_CONFIG_HOME": str(scratch / "config")}
            return subprocess.run(
                [sys.executable, "-X", "faulthandler", str(program), *arguments],
                env=self.environment({**home, **extra}),
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )


@contextmanager
def display() -> Iterator[str]:
    """A private X server without network access; yields the value for ``DISPLAY``."""
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    try:
        server = subprocess.Popen(
            command, pass_fds=(write_end,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    try:
        with os.fdopen(read_end) as reader:
            is_ready, _, _ = select.select([reader], [], [], XVFB_START_S)
            number = reader.readline().strip() if is_ready else ""  # empty also when the server has ended
        if not number:
            raise Unobtainable("Xvfb did not start.")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def obtain(cache: Path) -> Host:
    """libobs 32, out of `cache` or fetched into it.

    Raises Unobtainable with the reason when this machine cannot run it or the wheels cannot be had.
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Unobtainable("The wheel with libobs 32 is used on Linux x86_64 only.")
    if shutil.which("Xvfb") is None:
        raise Unobtainable("Xvfb is not installed.")
    folder = cache / f"libobs-{_python_tag()}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".libobs-", dir=cache))
        try:
            _fill(staging)
            staging.rename(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Host(folder / "site", folder / "ffmpeg", folder / "av" / "av.libs")


def _python_tag() -> str:
    """The unpacked binding belongs to one Python version."""
    return f"cp{sys.version_info.major}{sys.version_info.minor}"


def download(requirements: Path, target: Path) -> None:
    """Fetch the wheels that the file `requirements` pins by hash into the folder `target`.

    Only files inside them are used, so this interpreter need not be the one they are built for.
    Raises Unobtainable.
    """
    build = ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--no-deps"]
    files = ["--require-hashes", "--requirement", str(requirements), "--dest", str(target)]
    _pip("download", *build, *files)


def unpack(wheels: Path, package: str, target: Path) -> None:
    """Extract the one wheel of `package` among `wheels` into `target`."""
    (wheel,) = wheels.glob(f"{package}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)


def _fill(folder: Path) -> None:
    site, wheels = folder / "site", folder / "wheels"
    download(WHEELS, wheels)
    _pip("install", "--target", str(site), BINDING)
    unpack(wheels, "pylibobs", site)
    unpack(wheels, "av", folder / "av")
    shutil.rmtree(wheels)
    links = folder / "ffmpeg"
    links.mkdir()
    for library in (folder / "av" / "av.libs").iterdir():
        if name := FFMPEG_FILE.match(library.name):
            (links / "".join(name.groups())).symlink_to(Path("..", "av", "av.libs", library.name))


def _pip(*arguments: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise Unobtainable(f"pip could not {arguments[0]} what this needs: {reason}")
