"""The few things that we ask of the web: stream an address, find a wheel in a package index.

Sources: PEP 691 (JSON simple API), PEP 503 (normalised names), PEP 427 (wheel file names).
"""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_INDEX = "https://pypi.org/simple"
INDEX_VARIABLE = "PIP_INDEX_URL"
_SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_S = 30.0
_BLOCK_BYTES = 1 << 18

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class WheelFile:
    """A wheel in the index: its address, bytes (0: unknown) and sha256."""

    url: str
    bytes: int
    sha256: str


def find_wheel(project: str, version: str) -> WheelFile:
    """The wheel of `project` at `version` in the index of ``PIP_INDEX_URL`` or pypi.org.

    Raises OSError (the network) or ValueError (the index does not have it, or speaks no JSON).
    """
    base = os.environ.get(INDEX_VARIABLE) or DEFAULT_INDEX
    page_url = f"{base.rstrip('/')}/{re.sub(r'[-_.]+', '-', project).lower()}/"
    with _open(page_url, accept=_SIMPLE_JSON) as page:
        if "json" not in page.headers.get("Content-Type", ""):
            raise ValueError("the index does not offer the JSON simple API")
        document = json.load(page)
    prefix = f"{re.sub(r'[-_.]+', '_', project).lower()}-{version}-"
    for file in document["files"]:
        if file["filename"].lower().startswith(prefix) and file["filename"].endswith(".whl"):
            sha256 = file.get("hashes", {}).get("sha256")
            if not sha256:
                raise ValueError(f"the index gives no sha256 for {file['filename']}")
            # A relative address continues the page's own, credentials included.
            url = urllib.parse.urljoin(page_url, file["url"])
            return WheelFile(url, int(file.get("size") or 0), sha256)
    raise ValueError(f"the index has no wheel of {project} {version}")


def stream(url: str, target: Path, limit_bytes: int, progress: Progress | None = None) -> None:
    """Write what lies at `url` to `target`, flushed to disk; stops with ValueError past `limit_bytes`.

    `limit_bytes` 0 means no limit.  `progress` gets (bytes so far, `limit_bytes`).  Raises OSError.
    """
    done = 0
    with _open(url) as source, target.open("wb") as sink:
        while block := source.read(_BLOCK_BYTES):
            done += len(block)
            if limit_bytes and done > limit_bytes:
                raise ValueError(f"it sends more than the {limit_bytes} bytes expected")
            sink.write(block)
            if progress is not None:
                progress(done, limit_bytes)
        sink.flush()
        os.fsync(sink.fileno())


def without_credentials(url: str) -> str:
    """`url` as it may stand in a message."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _open(url: str, accept: str = "*/*") -> Any:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise ValueError(f"{parts.scheme or 'no'} address: only https and http are read")
    request = urllib.request.Request(
        without_credentials(url), headers={"Accept": accept, "User-Agent": "obs-rvm"}
    )
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    # The default TLS context honours SSL_CERT_FILE and SSL_CERT_DIR.
    return urllib.request.urlopen(request, timeout=_TIMEOUT_S)
