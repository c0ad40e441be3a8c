"""A rival build of onnxruntime, which must not lie in the environment: it would overwrite ours.

A child process finds it before ours by its PYTHONPATH and so runs our own code on WebGPU, on a software
Vulkan where there is no card.  It is older than ours: nothing in `rvm_core.matting` may need a newer one.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.providers import swiftshader
from tests.providers.staging import Unobtainable, filled

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
VERSION = "1.27.0"
"""As in wheels.txt."""
_TIMEOUT_S = 300


@dataclass(frozen=True)
class Rival:
    """The unpacked build, and the Vulkan device that it runs on."""

    site: Path
    vulkan: Path

    def run(self, program: str, *arguments: object) -> Any:
        """What a program of this folder prints, which is JSON.  It must end well."""
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", str(HERE / f"{program}_program.py"), *map(str, arguments)],
            env={
                **os.environ,
                **swiftshader.environment(self.vulkan),
                "PYTHONPATH": os.pathsep.join((str(self.site), str(PROJECT))),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)


def obtain(cache: Path) -> Rival:
    """The build and SwiftShader, out of `cache` or fetched into it.  Raises Unobtainable."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Unobtainable("The wheel with WebGPU and SwiftShader are used on Linux x86_64 only.")
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    site = filled(cache / f"onnxruntime-webgpu-{VERSION}-{python}", _install)
    return Rival(site, swiftshader.obtain(cache, site))


def _install(target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--only-binary=:all:", "--no-deps", "--require-hashes", "--target", str(target)]
    command += ["--requirement", str(HERE / "wheels.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise Unobtainable(f"pip could not install onnxruntime-webgpu {VERSION}: {reason}")
