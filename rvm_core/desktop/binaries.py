"""What a program's file says of itself: the processors that it was made for, and on Windows its version."""

from __future__ import annotations

import struct

_NAMES = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64"}
_PE = {0x8664: "x86_64", 0xAA64: "arm64"}
_ELF = {62: "x86_64", 183: "arm64"}
_MACH_O = {0x0100_0007: "x86_64", 0x0100_000C: "arm64"}
_FAT_ENTRY_BYTES = {b"\xca\xfe\xba\xbe": 20, b"\xca\xfe\xba\xbf": 32}
_FIXED_FILE_INFO = struct.pack("<II", 0xFEEF_04BD, 0x0001_0000)


def architecture_name(told: str) -> str:
    """``x86_64`` and ``arm64`` for what the systems call ``AMD64``, ``aarch64`` and the like."""
    return _NAMES.get(told.lower(), told.lower())


def architectures(program: bytes) -> frozenset[str]:
    """What `program` runs on, of ``x86_64`` and ``arm64``; empty where its first bytes tell neither.

    Source: Microsoft's PE format, Apple's mach-o/loader.h and mach-o/fat.h, the ELF specification.
    """
    try:
        found = _machines(program)
    except struct.error:  # cut short
        return frozenset()
    return frozenset(name for name in found if name)


def windows_version(program: bytes) -> tuple[int, int, int] | None:
    """The version in the resources of a Windows program (VS_FIXEDFILEINFO), None without one."""
    at = program.find(_FIXED_FILE_INFO)
    if at < 0 or len(program) < at + 16:
        return None
    minor, major, _, patch = struct.unpack_from("<4H", program, at + len(_FIXED_FILE_INFO))
    return major, minor, patch


def _machines(program: bytes) -> list[str | None]:
    if program.startswith(b"MZ"):
        (header,) = struct.unpack_from("<I", program, 0x3C)
        (machine,) = struct.unpack_from("<H", program, header + 4)
        return [_PE.get(machine)]
    if program.startswith(b"\x7fELF"):
        (machine,) = struct.unpack_from("<H", program, 18)
        return [_ELF.get(machine)]
    if program.startswith(b"\xcf\xfa\xed\xfe"):
        (machine,) = struct.unpack_from("<I", program, 4)
        return [_MACH_O.get(machine)]
    if program[:4] in _FAT_ENTRY_BYTES:
        (count,) = struct.unpack_from(">I", program, 4)
        entry = _FAT_ENTRY_BYTES[program[:4]]
        return [_MACH_O.get(struct.unpack_from(">I", program, 8 + entry * at)[0]) for at in range(count)]
    return []
