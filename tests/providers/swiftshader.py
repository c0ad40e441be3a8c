"""A Vulkan device without a graphics card: SwiftShader with its loader, as Chromium ships them, out of npm.

Its folder is a ``LD_LIBRARY_PATH``; `environment` names it to the loader, and nothing else, so that no real
card is asked.  Debian 12's own software device lacks a feature that onnxruntime's WebGPU requires.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from rvm_core.models import archives, npm, parts, web
from rvm_core.models.faults import EXPECTED, DiskFault, SourceFault
from rvm_core.models.promise import Promise
from tests.providers.staging import Unobtainable, filled

PACKAGE, VERSION = "@sparticuz/chromium", "153.0.0"
MEMBER = "package/bin/swiftshader.tar.br"
PROMISE = Promise(1637479, "b680e40a33235ecc6ad4c6897a168b70ce5164f0d62d2a64d675320d51614631")
DRIVER = "vk_swiftshader_icd.json"
FILES = (DRIVER, "libvk_swiftshader.so", "libvulkan.so.1")


def obtain(cache: Path, brotli: Path) -> Path:
    """The folder of SwiftShader, out of `cache` or fetched into it (70 MB, of which 9 MB stay).

    brotli: the folder that holds the package of that name.  Raises Unobtainable.
    """
    return filled(cache / f"swiftshader-{PROMISE.digest[:12]}", lambda folder: _fill(folder, brotli))


def environment(folder: Path) -> dict[str, str]:
    """The variables under which a child process sees SwiftShader as its only Vulkan device."""
    driver = str(folder / DRIVER)
    return {"LD_LIBRARY_PATH": str(folder), "VK_ICD_FILENAMES": driver, "VK_DRIVER_FILES": driver}


def _fill(folder: Path, brotli: Path) -> None:
    packed = folder / Path(MEMBER).name
    try:
        tarball = npm.find_tarball(PACKAGE, VERSION)
        with parts.claimed(folder / "package.tgz") as part:
            web.download(tarball.url, part, tarball.promise.bytes, keep=False)
            packed.write_bytes(b"".join(archives.member_of_tarball(part.path, MEMBER, PROMISE.bytes)))
            part.discard()
    except (SourceFault, DiskFault, *EXPECTED) as fault:
        raise Unobtainable(f"npm's {PACKAGE} {VERSION} could not be fetched: {fault}") from fault
    if wrong := PROMISE.fault(packed):
        raise Unobtainable(f"npm's {PACKAGE} {VERSION} holds another SwiftShader: {wrong}")
    with tarfile.open(fileobj=io.BytesIO(_unpacked(packed, brotli))) as archive:
        for name in FILES:
            member = archive.extractfile(name)
            assert member is not None, name
            (folder / name).write_bytes(member.read())
    packed.unlink()


def _unpacked(packed: Path, brotli: Path) -> bytes:
    """Brotli's own package undoes it, in a child process: it is no dependency of ours."""
    program = "import brotli, sys; sys.stdout.buffer.write(brotli.decompress(sys.stdin.buffer.read()))"
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(brotli)},
        input=packed.read_bytes(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    ).stdout
