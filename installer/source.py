"""What the package is installed from: the wheel of a release, or the checkout; from the net, or a folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from installer.errors import InstallError
from installer.layout import PROJECT

PINS = ("pyproject.toml", "obs_rvm_filter.py", "models/manifest.json", "README.md", "LICENSE")
BUILT = re.compile(r"obs_rvm-(\d[^-]*)-py3-none-any\.whl")


@dataclass(frozen=True)
class Source:
    """path: a wheel or a project folder, for pip.  digest: changes with whatever would be installed.

    wheels: the folder of an offline installation that holds everything, or None: then the package index.
    """

    path: Path
    version: str
    digest: str
    wheels: Path | None = None

    def pip_options(self) -> list[str]:
        """Where pip looks for the dependencies."""
        return ["--no-index", "--find-links", str(self.wheels)] if self.wheels else ["--prefer-binary"]


def find(wheels: Path | None = None, project: Path = PROJECT) -> Source:
    """A wheel in `wheels`, else one that comes with `project`, else `project`.  Raises InstallError."""
    for folder in filter(None, (wheels, project / "wheels")):
        found = [wheel for wheel in sorted(folder.glob("*.whl")) if BUILT.fullmatch(wheel.name)]
        if found:
            named = BUILT.fullmatch(found[-1].name)
            assert named
            digest = hashlib.sha256(found[-1].read_bytes()).hexdigest()
            return Source(found[-1], named[1], digest, wheels)
    if wheels:
        raise InstallError(
            f"{wheels} holds no obs_rvm wheel.", "Make the folder anew with --prepare-offline."
        )
    if not (project / "pyproject.toml").is_file():
        raise InstallError(f"{project} is not complete.", "Unpack the whole archive, then run this again.")
    return Source(project, version_of(project), _digest(project))


def version_of(project: Path) -> str:
    """The version that the package in `project` says of itself."""
    text = (project / "rvm_core" / "__init__.py").read_text(encoding="utf-8")
    told = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert told
    return told[1]


def _digest(project: Path) -> str:
    digest = hashlib.sha256()
    for file in _files(project):
        digest.update(str(file.relative_to(project)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _files(project: Path) -> Iterator[Path]:
    yield from (project / name for name in PINS if (project / name).is_file())
    for file in sorted((project / "rvm_core").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file
