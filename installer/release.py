#!/usr/bin/env python3
"""Makes a release out of a commit: wheel, sdist, the zip for people who do not know pip, and their checksums.

``python3 installer/release.py [--output DIR] [--offline DIR] [--commit HEAD]``, for developers: it needs git,
and the package index for the tools that build.  Only what was committed gets in, and the same commit gives
the same bytes: entries are sorted, their times are the commit's, the tools are pinned.  (The zlib of another
Python may compress the same bytes otherwise.)
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from rvm_core import atomic_write

PROJECT = Path(__file__).resolve().parent.parent
TOOLS = ("build==1.6.1", "hatchling==1.33.0")
CONTENT = ("LICENSE", "README.md", "obs_rvm_filter.py", "pyproject.toml", "models/manifest.json")
STARTERS = {
    "install-windows.bat": "installer/install.bat",
    "install-macos.command": "installer/install.sh",
    "install-linux.sh": "installer/install.sh",
}
"""What is double-clicked lies on top, under names that tell the system; Windows hides their endings."""
GUIDE = {"README.txt": "installer/guide.txt"}
DEVELOPERS_ONLY = "installer/release.py"
IS_SMALL_ALREADY = (".whl", ".zip", ".gz")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    made.add_argument("--output", type=Path, default=PROJECT / "dist", metavar="DIR", help="where (./dist)")
    made.add_argument("--offline", type=Path, metavar="DIR", help="with what --prepare-offline DIR has made")
    made.add_argument("--commit", default="HEAD", help="what is released (HEAD)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the release and names its files; the exit code."""
    options = parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="obs-rvm-release-") as folder:
        tools = make_tools(Path(folder) / "tools")
        for file in release(options.commit, options.output, tools, options.offline):
            sys.stdout.write(f"{file}\n")
    return 0


def make_tools(folder: Path) -> Path:
    """An environment with what builds; its Python.  Raises CalledProcessError without a package index."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-input", *TOOLS], check=True)
    return python


def release(commit: str, output: Path, tools: Path, offline: Path | None = None) -> list[Path]:
    """Make `commit`'s files in `output`: sdist, wheel, zip, SHA256SUMS.  `tools`: what `make_tools` gave."""
    output.mkdir(parents=True, exist_ok=True)
    seconds = int(_git("show", "--no-patch", "--format=%ct", f"{commit}^{{commit}}"))
    with tempfile.TemporaryDirectory(prefix="obs-rvm-release-") as folder:
        tree = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as archive:
            archive.extractall(tree, filter="data")
        built = build(tree, output, tools, seconds)
        wheel = built[-1]
        version = wheel.name.split("-")[1]
        made = output / f"obs-rvm-{version}.zip"
        members = {**_members(tree), f"wheels/{wheel.name}": wheel}
        if offline is not None:
            files = (file for file in offline.rglob("*") if file.is_file())
            members |= {f"offline/{file.relative_to(offline).as_posix()}": file for file in files}
        write_zip(made, f"obs-rvm-{version}", members, seconds)
    released = [*built, made]
    sums = output / "SHA256SUMS"
    lines = (f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in released)
    sums.write_text("".join(lines), encoding="utf-8", newline="\n")
    return [*released, sums]


def build(tree: Path, output: Path, tools: Path, seconds: int) -> list[Path]:
    """The sdist of `tree`, and the wheel that is built out of it."""
    with tempfile.TemporaryDirectory(prefix="obs-rvm-build-") as folder:
        subprocess.run(
            [tools, "-m", "build", "--no-isolation", "--outdir", folder, tree],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(seconds)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        built = [next(Path(folder).glob(pattern)) for pattern in ("*.tar.gz", "*.whl")]
        return [Path(shutil.copy(file, output)) for file in built]


def write_zip(path: Path, top: str, members: dict[str, Path], seconds: int) -> None:
    """Write `members` (name in the folder `top`: file) to `path`, each of the time `seconds` (since 1970)."""
    with (
        atomic_write.replacing(path, durable=False) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
    ):
        for name, file in sorted(members.items()):
            entry = zipfile.ZipInfo(f"{top}/{name}", time.gmtime(seconds)[:6])
            entry.create_system = 3  # Unix, whose modes follow
            entry.external_attr = (0o100755 if name in STARTERS else 0o100644) << 16
            is_small = name.endswith(IS_SMALL_ALREADY)
            entry.compress_type = zipfile.ZIP_STORED if is_small else zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def _members(tree: Path) -> dict[str, Path]:
    """What of the project comes into the zip: its name there, and its file."""
    renamed = {name: tree / file for name, file in {**STARTERS, **GUIDE}.items()}
    return {**renamed, **{name: tree / name for name in _kept(tree)}}


def _kept(tree: Path) -> Iterator[str]:
    yield from CONTENT
    for file in [*tree.glob("installer/**/*.py"), *tree.glob("rvm_core/**/*")]:
        name = file.relative_to(tree).as_posix()
        if file.is_file() and name != DEVELOPERS_ONLY:
            yield name


def _git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=PROJECT, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main())
