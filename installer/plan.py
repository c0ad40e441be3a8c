"""From facts and wishes to a list of steps, or to one sentence that says what must come first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from installer.environment import DEMO
from installer.errors import InstallError
from installer.facts import SCREEN_PROGRAMS, Facts
from installer.steps import Step
from installer.steps.demo import FetchFootage, RunDemo
from installer.steps.environment import AddPlugin, MakeEnvironment
from installer.steps.obs import AddToObs
from installer.steps.offline import CollectModels, CollectWheels
from installer.steps.project import FetchModel, MakeCommand, PlaceScript, WarmKernels
from installer.steps.removal import RemoveFiles, TakeOutOfObs
from installer.steps.system import InstallPackages, InstallPython, apt_command
from installer.target import told
from installer.wishes import Wishes
from rvm_core.desktop.graphics import PlugIn

NEEDED_BYTES = 1_500_000_000
NO_PLUGIN = "none"


def missing_packages(facts: Facts, is_demo: bool) -> tuple[str, ...]:
    """The Debian packages to install; empty where nothing is missing."""
    missing: list[str] = []
    if facts.target.obs is None:
        missing.append("obs-studio")
    if not facts.has_obs_plugins:
        missing.append("obs-plugins")
    if facts.target.python is None:
        missing.append("python3-venv")
    if is_demo and not facts.has_display:
        missing += [SCREEN_PROGRAMS[name] for name in SCREEN_PROGRAMS if name not in facts.programs]
        if "libgl1-mesa-dri" not in facts.packages:
            missing.append("libgl1-mesa-dri")
    return tuple(missing)


def make_plan(facts: Facts, wishes: Wishes) -> tuple[Step, ...]:
    """The steps in their order.  Raises InstallError when something must be done by hand first."""
    if wishes.is_uninstall:
        return TakeOutOfObs(), RemoveFiles()
    _check_user(facts)
    if wishes.is_demo:
        _check_demo(facts, wishes)
    if facts.free_bytes < NEEDED_BYTES:
        raise InstallError(
            f"Only {facts.free_bytes / 1e9:.1f} GB are free; {NEEDED_BYTES / 1e9:.1f} GB are needed.",
            "Free some space, or choose another place with --data-dir.",
        )
    first = [*_packages(facts, wishes), *_python(facts, wishes)]
    if wishes.prepare:
        extras = (DEMO, *(plugin.extra for plugin in _plugins(facts, wishes)))
        return *first, CollectWheels(wishes.prepare, extras), CollectModels(wishes.prepare)
    steps: list[Step] = [*first, MakeEnvironment()]
    plugins = tuple(_plugins(facts, wishes))
    if plugins:
        steps.append(AddPlugin(plugins))
    steps += [PlaceScript(), FetchModel(), WarmKernels(), MakeCommand()]
    if wishes.is_demo:
        if wishes.clip is None and wishes.camera is None:
            steps.append(FetchFootage())
        output = RunDemo(wishes.output, wishes.clip, wishes.camera, wishes.seconds, facts.has_display)
        return *steps, output
    return *steps, AddToObs()


def _plugins(facts: Facts, wishes: Wishes) -> Iterator[PlugIn]:
    if wishes.plugin is None:
        yield from facts.plugins
    elif wishes.plugin != NO_PLUGIN:
        yield PlugIn(wishes.plugin, "As you wished.", 0)


def _check_user(facts: Facts) -> None:
    """Whether OBS will see what is installed here."""
    if facts.is_root and facts.is_borrowed_root:
        raise InstallError(
            "This was started with sudo: it would install for root, and not for who starts OBS.",
            "Run it again without sudo.",
        )
    if facts.is_from_store:
        raise InstallError(
            "This Python is the Microsoft Store's: Windows hides from OBS what it writes.",
            "Start install.bat, which finds or gets another one.",
        )


def _check_demo(facts: Facts, wishes: Wishes) -> None:
    if facts.system != "Linux":
        raise InstallError(
            f"The demo runs on Linux, and this is {facts.distribution}.",
            "Run this without --demo and add the script in OBS.",
        )
    if wishes.clip is not None and not wishes.clip.is_file():
        raise InstallError(f"There is no clip {wishes.clip}.", "Name an existing video file with --clip.")
    if wishes.camera is not None and not Path(wishes.camera).exists():
        raise InstallError(f"There is no camera {wishes.camera}.", "Name one: --camera /dev/video0.")


def _packages(facts: Facts, wishes: Wishes) -> Iterator[Step]:
    if facts.uses_apt:
        missing = missing_packages(facts, wishes.is_demo)
        if missing and not facts.is_root:
            raise InstallError(
                f"These packages are missing: {', '.join(missing)}.",
                f"Run `sudo {' '.join(apt_command(missing))}`, then this again.",
            )
        if missing:
            yield InstallPackages(missing)
        return
    if facts.target.obs is None:
        raise InstallError(
            f"No OBS was found on this computer ({facts.distribution}).",
            "Install OBS 28 or newer (obsproject.com), start it once, then run this again. If it is here, "
            "name its program: --obs PATH.",
        )
    if wishes.is_demo and not facts.has_display:
        missing = tuple(name for name in SCREEN_PROGRAMS if name not in facts.programs)
        if missing:
            raise InstallError(
                f"{facts.distribution} lacks: {', '.join(missing)}.",
                "Install that with the system's package manager, then run this again.",
            )


def _python(facts: Facts, wishes: Wishes) -> Iterator[Step]:
    """Where the distribution's packages do not bring it."""
    target = facts.target
    if target.obs is None or target.python or facts.uses_apt:
        return
    sentence, command = facts.python_advice
    if command and wishes.may_install_python:
        yield InstallPython(command)
        return
    here = f" {' '.join(target.refused)}" if target.refused else ""
    offer = " Or let this do it: run it again with --install-python." if command else ""
    raise InstallError(f"No Python was found that {told(target.obs)} can load.{here}", f"{sentence}{offer}")
