"""Fetching fails: each cause provoked for real, told in plain words, with the one thing to do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rvm_core import paths
from rvm_core.errors import ModelMissing
from rvm_core.models import ensure, web
from tests.site import CONTENT, FILE, NAME, Site, certificate, left, offer, served, use_data

ROOT = Path(__file__).resolve().parents[2]
CLOSED = "http://127.0.0.1:9"


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as one:
        yield one


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_data(tmp_path, monkeypatch)


def fault() -> ModelMissing:
    with pytest.raises(ModelMissing) as caught:
        ensure(NAME, download=True)
    assert "Error" not in str(caught.value)  # no name of an exception
    assert "Errno" not in str(caught.value)
    return caught.value


def test_offline(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://nowhere.invalid")
    offer(data, {"url": CLOSED + "/a"}, {"npm": "x@1", "member": "package/x"}, {"path": "nowhere"})
    told = fault()
    assert f"{CLOSED}/a: nobody answers there; " in told.problem
    assert "package/x in the npm package x@1: the name of the server was not found; " in told.problem
    assert told.remedy == (
        "This computer seems to be offline: connect it to the network, then run: obs-rvm models get mine"
    )


def test_one_server_is_away_and_another_has_it_no_more(data: Path, site: Site) -> None:
    target = offer(data, {"url": CLOSED + "/a"}, {"url": site.url + "/b"})
    told = fault()
    assert told.remedy == f"Try again later, or put the file {FILE} into {target.parent} yourself."


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "the server refuses to give it (HTTP 403)"),
        (429, "the server is asked too often (HTTP 429)"),
        (418, "the server refuses (HTTP 418)"),
        (503, "the server has a fault of its own (HTTP 503)"),
    ],
)
def test_a_server_that_does_not_give_it(data: Path, site: Site, status: int, words: str) -> None:
    offer(data, {"url": site.url + "/a"})
    site.failing["/a"] = status
    assert f"/a: {words}." in fault().problem


def test_a_server_that_falls_silent(data: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_TIMEOUT_S", 0.2)
    offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    released = site.stalled["/a"] = threading.Event()
    try:
        told = fault()
    finally:
        released.set()
    assert f"broke after {len(CONTENT) // 2} of {len(CONTENT)} bytes" in told.problem
    assert told.remedy.startswith("Run it again")


def test_a_certificate_that_nobody_vouches_for(data: Path, tmp_path: Path) -> None:
    with served(certificate(tmp_path)) as site:
        offer(data, {"url": site.url + "/a"})
        assert "/a: the server's certificate is not trusted (self" in fault().problem


def test_an_address_of_another_kind(data: Path) -> None:
    target = offer(data, {"url": f"file://{data / FILE}"})
    told = fault()
    assert "only https and http are read" in told.problem
    assert not target.exists()


def test_wrong_bytes_everywhere(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, {"url": site.url + "/b"})
    for path in ("/a", "/b"):
        site.put(path, b"x" * len(CONTENT))
    told = fault()
    assert told.problem.count("wrong bytes") == 2
    assert told.remedy == f"Try again later, or put the file {FILE} into {target.parent} yourself."
    assert left(data) == []


def test_a_path_alone(data: Path) -> None:
    target = offer(data, {"path": "nowhere"})
    assert fault().remedy == f"Put the file {FILE} into {target.parent} yourself."


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/missing"}, {"url": site.url + "/a"}, {"url": site.url + "/b"})
    site.put("/a", CONTENT)
    site.put("/b", CONTENT)
    target.parent.mkdir()
    (target.parent / f"{FILE}.1.part").symlink_to("/dev/full")
    told = fault()
    assert "/missing: the server does not have it" in told.problem
    assert f"the disk that holds {target.parent} is full" in told.problem
    assert told.remedy == "Free at least 1 MB on that disk, then run: obs-rvm models get mine"
    assert [path for path, _ in site.requests] == ["/missing", "/a"]  # no other source is asked
    assert not target.exists()


_LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from rvm_core import cli
sys.exit(cli.main(["models", "get", "mine"]))
"""


def test_a_file_that_does_not_fit(data: Path, site: Site) -> None:
    content = CONTENT * 4
    (data / FILE).write_bytes(content)
    target = offer(data, {"url": site.url + "/a"}, {"url": site.url + "/b"})
    site.put("/a", content)
    site.put("/b", content)
    limit = 1_000_000
    command = [sys.executable, "-c", _LIMITED, str(limit)]
    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), text=True, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith("Free at least 3 MB on that disk, then run: obs-rvm models get mine\n")
    assert site.ranges("/b") == []
    assert (target.parent / f"{FILE}.1.part").stat().st_size == limit  # kept, to the last byte that fitted
    assert ensure(NAME, download=True).read_bytes() == content
    assert site.ranges("/a") == [None, f"bytes={limit}-"]


def test_a_folder_that_takes_nothing(data: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(data, {"url": site.url + "/a"}, {"url": site.url + "/b"})
    site.put("/a", CONTENT)
    monkeypatch.setattr(paths, "user_manifest_file", lambda: data / "manifest.json")
    below_a_file = data / FILE
    for folder in (Path("/sys/obs-rvm"), below_a_file):
        if folder.parent.is_dir():
            monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(folder))
            told = fault()
            assert f"nothing can be written to {folder / 'models'} (" in told.problem
            assert told.remedy == ("Make that folder writable, or set OBS_RVM_DATA_DIR to a folder that is.")
    assert site.requests == []


def test_a_read_only_folder(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    target.parent.mkdir()
    target.parent.chmod(0o555)
    if os.access(target.parent, os.W_OK):
        pytest.skip("root writes everywhere")
    try:
        assert f"nothing can be written to {target.parent} (" in fault().problem
    finally:
        target.parent.chmod(0o755)
    assert site.requests == []
