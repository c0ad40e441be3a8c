from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from rvm_core.desktop import binaries

FAT = struct.pack(">II", 0xCAFE_BABE, 2) + b"".join(
    struct.pack(">IIIII", cpu, 0, 0x4000, 0x100, 14) for cpu in (0x0100_0007, 0x0100_000C)
)


def exe(machine: int, rest: bytes = b"") -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine) + rest


def test_every_format_names_its_processor() -> None:
    assert binaries.architectures(exe(0x8664)) == {"x86_64"}
    assert binaries.architectures(exe(0xAA64)) == {"arm64"}
    assert binaries.architectures(struct.pack("<II", 0xFEED_FACF, 0x0100_000C)) == {"arm64"}
    assert binaries.architectures(b"\x7fELF" + bytes(14) + struct.pack("<H", 183)) == {"arm64"}


def test_a_program_for_both_processors_of_macs_names_both() -> None:
    assert binaries.architectures(FAT) == {"x86_64", "arm64"}


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh\n", b"MZ", FAT[:20], exe(0x014C), b"\xca\xfe\xba\xbe\0\0\0\x34"]
)
def test_what_is_no_such_program_names_none(content: bytes) -> None:
    assert binaries.architectures(content) == frozenset()


def test_this_python_is_made_for_this_computer() -> None:
    import platform

    own = binaries.architectures(Path(sys.executable).read_bytes())
    assert binaries.architecture_name(platform.machine()) in own


def test_the_version_of_a_windows_program_is_the_one_of_its_resources() -> None:
    resource = struct.pack("<IIHHHH", 0xFEEF_04BD, 0x0001_0000, 1, 31, 0, 2)
    assert binaries.windows_version(exe(0x8664, b"\0\0" + resource + bytes(32))) == (31, 1, 2)
    assert binaries.windows_version(exe(0x8664)) is None
    assert binaries.windows_version(exe(0x8664, resource[:10])) is None
