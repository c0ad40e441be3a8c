"""Why a file did not come, in plain words, and the one thing to do about it."""

from __future__ import annotations

import enum
import errno
import http.client
import math
import socket
import ssl
import tarfile
import urllib.error
import zipfile
import zlib
from collections.abc import Sequence

from rvm_core import paths
from rvm_core.desktop.shell import obs_rvm
from rvm_core.models.disk import DiskFault
from rvm_core.models.registry import ModelEntry

_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ETIMEDOUT)
_HTTP_WORDS = {
    401: "the server asks for a name and a password",
    403: "the server refuses to give it",
    404: "the server does not have it",
    407: "the proxy asks for a name and a password",
    410: "the server does not have it any more",
    429: "the server is asked too often",
}

EXPECTED = (
    OSError,
    EOFError,
    ValueError,
    http.client.HTTPException,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What a source can raise that is the source's own fault."""


class Kind(enum.Enum):
    """The kinds of fault that have different remedies."""

    UNREACHABLE = enum.auto()
    BROKEN_OFF = enum.auto()
    WRONG_BYTES = enum.auto()
    OTHER = enum.auto()


class SourceFault(Exception):
    """One source did not give the file; the next may."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(words)
        self.kind = kind


def of_source(fault: Exception) -> SourceFault:
    """What `fault`, one of EXPECTED, means."""
    if isinstance(fault, urllib.error.HTTPError):
        fault.close()
        words = _HTTP_WORDS.get(fault.code, "the server has a fault of its own" if fault.code >= 500 else "")
        return SourceFault(Kind.OTHER, f"{words or 'the server refuses'} (HTTP {fault.code})")
    if isinstance(fault, urllib.error.URLError):
        reason = fault.reason
        return of_source(reason if isinstance(reason, Exception) else ValueError(reason))
    if isinstance(fault, socket.gaierror):
        return SourceFault(Kind.UNREACHABLE, "the name of the server was not found")
    if isinstance(fault, ssl.SSLCertVerificationError):
        return SourceFault(Kind.OTHER, f"the server's certificate is not trusted ({fault.verify_message})")
    if isinstance(fault, TimeoutError):
        return SourceFault(Kind.UNREACHABLE, "the server does not answer")
    if isinstance(fault, ConnectionRefusedError):
        return SourceFault(Kind.UNREACHABLE, "nobody answers there")
    if isinstance(fault, (http.client.IncompleteRead, ConnectionError, ssl.SSLError)):
        return SourceFault(Kind.BROKEN_OFF, "the connection broke")
    if isinstance(fault, FileNotFoundError):
        return SourceFault(Kind.OTHER, "there is no such file")
    if isinstance(fault, OSError):
        words = (fault.strerror or str(fault)).lower()
        if fault.errno in _UNREACHABLE:
            return SourceFault(Kind.UNREACHABLE, f"the server cannot be reached ({words})")
        return SourceFault(Kind.OTHER, words)
    if isinstance(fault, http.client.HTTPException):
        return SourceFault(Kind.OTHER, "the server's answer is no HTTP")
    if isinstance(fault, (EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error)):
        return SourceFault(Kind.OTHER, "the archive cannot be read")
    return SourceFault(Kind.OTHER, str(fault))


def remedy(entry: ModelEntry, kinds: Sequence[Kind], *, is_known: bool) -> str:
    """The one thing to do after every source failed; `kinds` are those of the sources on the web.

    `is_known`: a digest is promised for the file, by the manifest or by a pin.
    """
    again = f"{obs_rvm()} models get {entry.name}"
    if kinds and all(kind is Kind.UNREACHABLE for kind in kinds):
        return f"This computer seems to be offline: connect it to the network, then run: {again}"
    if Kind.BROKEN_OFF in kinds:
        return f"Run it again, what has come is not lost: {again}" if is_known else f"Run it again: {again}"
    if is_known and entry.sha256 is None and Kind.WRONG_BYTES in kinds:
        return (
            "The file that is offered is another one than the first time: if that is meant to be, "
            f"run: {obs_rvm()} models remove {entry.name}, then: {again}"
        )
    if kinds:
        return f"Try again later, or put the file {entry.file} into {entry.path.parent} yourself."
    return f"Put the file {entry.file} into {entry.path.parent} yourself."


def disk_problem(entry: ModelEntry, fault: DiskFault) -> tuple[str, str]:
    """What happened on the disk, and the one thing to do."""
    folder = entry.path.parent
    if fault.is_full:
        megabytes = max(1, math.ceil((fault.missing_bytes or entry.bytes or 0) / 1e6))
        return (
            f"the disk that holds {folder} is full",
            f"Free at least {megabytes} MB on that disk, then run: {obs_rvm()} models get {entry.name}",
        )
    return (
        f"nothing can be written to {folder} ({fault})",
        f"Make that folder writable, or set {paths.DATA_DIR_VARIABLE} to a folder that is.",
    )
