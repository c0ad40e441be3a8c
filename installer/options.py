"""The command line of the installer."""

from __future__ import annotations

import argparse
from pathlib import Path

from installer.layout import DATA_DIR_VARIABLE, PROJECT
from installer.plan import NO_PLUGIN
from installer.wishes import Wishes
from rvm_core.desktop.obs import Kind

DEFAULT_CAMERA = "/dev/video0"
ENCLOSED = PROJECT / "offline"  # what a release may bring along
EXTRAS = ("webgpu", "openvino", "tensorrt", "mlx")


def parser() -> argparse.ArgumentParser:
    """All options."""
    made = argparse.ArgumentParser(
        prog="install.py", description="Installs the RVM Background filter for OBS.", allow_abbrev=False
    )
    made.add_argument("--yes", action="store_true", help="do not ask")
    made.add_argument("--dry-run", action="store_true", help="print the plan and change nothing")
    made.add_argument("--data-dir", type=_path, metavar="DIR", help=f"data folder (also {DATA_DIR_VARIABLE})")
    made.add_argument(
        "--obs",
        type=_obs,
        metavar="WHICH",
        help="which OBS, where there are several: installed, steam, flatpak, a path, ...",
    )
    made.add_argument(
        "--plugin", choices=(*EXTRAS, NO_PLUGIN), help="for the graphics card, instead of what fits"
    )
    made.add_argument("--install-python", action="store_true", help="also a Python for OBS, if none is there")
    ways = made.add_mutually_exclusive_group()
    ways.add_argument("--upgrade", action="store_true", help="all packages anew; settings stay")
    ways.add_argument("--uninstall", action="store_true", help="remove it, and put OBS's files back")
    ways.add_argument(
        "--prepare-offline",
        type=_path,
        metavar="DIR",
        help="collect all that an installation needs in a folder",
    )
    ways.add_argument("--demo", action="store_true", help="also show the filter in a private OBS")
    made.add_argument("--offline", type=_path, metavar="DIR", help="install from such a folder")
    demo = made.add_argument_group("the demo")
    demo.add_argument("--output", type=_path, default=_path("demo"), metavar="DIR", help="its files (./demo)")
    footage = demo.add_mutually_exclusive_group()
    footage.add_argument("--clip", type=_path, metavar="FILE", help="a video of your own")
    footage.add_argument(
        "--camera", nargs="?", const=DEFAULT_CAMERA, metavar="DEVICE", help=f"a camera ({DEFAULT_CAMERA})"
    )
    demo.add_argument("--seconds", type=_seconds, default=10.0, help="how long it records (10)")
    return made


def wishes(options: argparse.Namespace) -> Wishes:
    """What the parsed `options` ask for."""
    return Wishes(
        is_demo=options.demo,
        output=options.output,
        clip=options.clip,
        camera=options.camera,
        seconds=options.seconds,
        obs=options.obs,
        is_upgrade=options.upgrade,
        may_install_python=options.install_python,
        plugin=options.plugin,
        offline=options.offline or (ENCLOSED if ENCLOSED.is_dir() and not options.prepare_offline else None),
        prepare=options.prepare_offline,
        is_uninstall=options.uninstall,
    )


def _obs(text: str) -> str:
    return text if text in [kind.value for kind in Kind] else str(_path(text))


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 600:
        raise argparse.ArgumentTypeError("use 1 to 600 seconds")
    return value
