"""What the system's own package managers bring."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from installer.errors import CommandFailed, InstallError
from installer.steps import Workshop

APT_ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def apt_command(packages: tuple[str, ...]) -> list[str]:
    """The command that installs `packages`."""
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


@dataclass(frozen=True)
class InstallPackages:
    """The distribution's packages, by apt."""

    packages: tuple[str, ...]
    title: str = "System packages"

    @property
    def detail(self) -> str:
        return " ".join(apt_command(self.packages))

    def run(self, workshop: Workshop) -> str:
        record = workshop.record
        record.packages += [one for one in self.packages if one not in record.packages]
        record.save(workshop.layout)
        try:
            workshop.runner.run(["apt-get", "update"], env=APT_ENVIRONMENT)
            workshop.runner.run(apt_command(self.packages), env=APT_ENVIRONMENT)
        except CommandFailed as failure:
            raise InstallError(
                "apt-get cannot install the packages.",
                f"Get `{' '.join(apt_command(self.packages))}` to work, then run this again.",
                failure.tail,
            ) from failure
        workshop.look_again()
        return f"{len(self.packages)} installed"


@dataclass(frozen=True)
class InstallPython:
    """A Python that this OBS can load, for this user alone."""

    command: tuple[str, ...]
    title: str = "Python"

    @property
    def detail(self) -> str:
        return shlex.join(self.command)

    def run(self, workshop: Workshop) -> str:
        try:
            workshop.runner.run(self.command, shows_output=True)
        except CommandFailed as failure:
            raise InstallError(
                "Python cannot be installed this way.",
                "Install it from python.org, then run this again.",
                failure.tail,
            ) from failure
        found = workshop.look_again().python
        if found is None:
            raise InstallError("The new Python is not to be found.", "Sign out and in, then run this again.")
        return f"{found.program}"
