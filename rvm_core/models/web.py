"""What we ask of the web: open an address, and fetch what lies there, going on where it broke off.

Source: RFC 9110, range requests (section 14).
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from rvm_core.models.faults import Kind, SourceFault
from rvm_core.models.parts import Part

_TIMEOUT_S = 30.0
_BLOCK_BYTES = 1 << 18
_RANGE_NOT_SATISFIABLE = 416
_MACOS_CERTIFICATES = Path("/etc/ssl/cert.pem")

Progress = Callable[[int, int], None]
"""Called with (bytes so far, bytes in all; 0: unknown)."""


def download(
    url: str, part: Part, size: int, progress: Progress | None = None, *, keep: bool, is_judged: bool = True
) -> bool:
    """Fetch what lies at `url` into `part`; whether it went on from what was there, which `keep` allows.

    `size` is the file's, 0 if unknown.  A server that knows no ranges sends all of it again.  Where no digest
    will judge what came (`is_judged`), only https and a stated length are trusted.
    Raises SourceFault (broken off, or of another size), OSError, ValueError (the address),
    http.client.HTTPException; DiskFault for this computer's own faults.
    """
    start = part.size if keep and (not size or part.size <= size) else 0
    if size and start == size:
        return True
    try:
        source = _open(url, start=start)
    except urllib.error.HTTPError as fault:
        with fault:
            if not start or fault.code != _RANGE_NOT_SATISFIABLE:
                raise
            if fault.headers.get("Content-Range", "") == f"bytes */{start}":
                return True  # all of it is here
        source = _open(url)
    with closing(source):
        if not is_judged:
            _vouch_for(source)
        if start and not _goes_on(source, start):
            start = 0
        length = source.headers.get("Content-Length")
        if size and length is not None and start + int(length) != size:
            raise SourceFault(Kind.WRONG_BYTES, f"it offers {start + int(length)} bytes instead of {size}")
        total = size or (start + int(length) if length is not None else 0)
        try:
            part.receive(_blocks(source, start, total, length, progress), total, keep=bool(start))
        except SourceFault as fault:
            if fault.kind is Kind.WRONG_BYTES:
                part.discard()
            raise
    return bool(start)


def read_json(url: str, accept: str = "application/json") -> Any:
    """The JSON document at `url`.  Raises OSError, http.client.HTTPException, ValueError."""
    with _open(url, accept=accept) as page:
        if "json" not in page.headers.get("Content-Type", ""):
            raise ValueError("the answer is no JSON")
        try:
            return json.load(page)
        except (ValueError, RecursionError):
            raise ValueError("the answer is no JSON") from None


def trust() -> ssl.SSLContext:
    """Whom https trusts: who Python does, which honours SSL_CERT_FILE and SSL_CERT_DIR, and macOS does.

    python.org's Python for macOS trusts nobody until its user starts "Install Certificates.command".
    """
    context = ssl.create_default_context()
    if sys.platform == "darwin" and ssl.get_default_verify_paths().cafile is None:
        with suppress(OSError):
            context.load_verify_locations(_MACOS_CERTIFICATES)
    return context


def without_credentials(url: str) -> str:
    """`url` as it may stand in a message."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _open(url: str, *, start: int = 0, accept: str = "*/*") -> Any:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise ValueError(f"{parts.scheme or 'no'} address: only https and http are read")
    request = urllib.request.Request(
        without_credentials(url), headers={"Accept": accept, "User-Agent": "obs-rvm"}
    )
    if start:
        request.add_header("Range", f"bytes={start}-")
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    return urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=trust())


def _vouch_for(source: Any) -> None:
    if urllib.parse.urlsplit(source.geturl()).scheme != "https":
        raise ValueError("nobody publishes its sha256, so only https is trusted")
    if source.headers.get("Content-Length") in (None, "0"):
        raise ValueError("the server does not say how long it is, so nothing shows whether all of it came")


def _goes_on(source: Any, start: int) -> bool:
    """Whether the answer begins at byte `start`; a whole one, or one from elsewhere, is not refused."""
    if source.status != 206:
        return False
    given = re.match(r"bytes (\d+)-", source.headers.get("Content-Range", ""))
    if given is None or int(given[1]) != start:
        raise ValueError("the server sends another piece than it was asked for")
    return True


def _blocks(
    source: Any, start: int, total: int, length: str | None, progress: Progress | None
) -> Iterator[bytes]:
    """What comes, as it comes: a block held back to be filled would be lost with the connection."""
    done = start
    # a stated end is not waited for: the server may keep the connection open
    while (length is None or done < total) and (block := _read(source, done, total)):
        done += len(block)
        if total and done > total:
            raise SourceFault(Kind.WRONG_BYTES, f"it sends more than the {total} bytes expected")
        yield block
        if progress is not None:
            progress(done, total)
    if done < total:
        raise _broken_off(done, total)


def _read(source: Any, done: int, total: int) -> bytes:
    try:
        return bytes(source.read1(_BLOCK_BYTES))
    except (OSError, http.client.HTTPException) as fault:
        raise _broken_off(done, total) from fault


def _broken_off(done: int, total: int) -> SourceFault:
    return SourceFault(Kind.BROKEN_OFF, f"the connection broke after {done} of {total or 'unknown'} bytes")
