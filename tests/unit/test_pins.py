"""Models whose sha256 nobody publishes: the first file decides, and no other is loaded after it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rvm_core.errors import ModelCorrupt, ModelError, ModelMissing
from rvm_core.models import ensure, entry, promised, state, verified
from tests.site import CONTENT, FILE, NAME, Site, certificate, left, offer, served, use_data

UNKNOWN = {"bytes": None, "sha256": None}
OTHER = CONTENT[:-1] + b"x"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_data(tmp_path, monkeypatch)


@pytest.fixture
def site(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = certificate(data)
    monkeypatch.setenv("SSL_CERT_FILE", str(made[0]))
    with served(made) as one:
        one.put("/a", CONTENT)
        yield one


def pinned(data: Path) -> dict[str, object]:
    read: dict[str, object] = json.loads((data / "models" / f"{FILE}.pin.json").read_text(encoding="utf-8"))
    return read


def test_the_first_download_decides(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, **UNKNOWN)
    assert promised(entry(NAME)) is None
    with pytest.raises(ModelMissing, match="Run: obs-rvm models get mine"):
        ensure(NAME, download=False)
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert pinned(data) == {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    assert left(data) == []
    assert ensure(NAME, download=False) == target
    assert state(entry(NAME)) == "ready"


def test_no_other_bytes_after_that(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, **UNKNOWN)
    ensure(NAME, download=True)
    target.write_bytes(OTHER)
    assert state(entry(NAME)) == "damaged"
    with pytest.raises(ModelCorrupt):
        ensure(NAME, download=False)
    site.put("/a", OTHER)
    with pytest.raises(ModelMissing, match="wrong bytes") as caught:
        ensure(NAME, download=True)
    assert "run: obs-rvm models remove mine, then: obs-rvm models get mine" in caught.value.remedy
    site.put("/a", CONTENT)
    assert ensure(NAME, download=True).read_bytes() == CONTENT
    assert pinned(data)["sha256"] == hashlib.sha256(CONTENT).hexdigest()


def test_a_file_that_the_user_put_there_decides_when_asked_for(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, **UNKNOWN)
    target.parent.mkdir()
    target.write_bytes(OTHER)
    assert state(entry(NAME)) == "unverified"
    for refused in (lambda: ensure(NAME, download=False), lambda: verified(target, entry(NAME))):
        with pytest.raises(ModelMissing, match=r"nobody publishes its sha256.*Run: obs-rvm models get mine"):
            refused()
    assert left(data) == []
    assert not (data / "models" / f"{FILE}.pin.json").exists()
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == OTHER
    assert ensure(NAME, download=False) == target
    assert site.requests == []


def test_a_path_is_the_users_own_hand(data: Path) -> None:
    offer(data, {"path": FILE}, **UNKNOWN)
    assert ensure(NAME, download=True).read_bytes() == CONTENT
    assert pinned(data)["bytes"] == len(CONTENT)


@pytest.mark.parametrize("pin", ["", "[]", "{}", '{"bytes": 3}', '{"bytes": "x", "sha256": "x"}'])
def test_an_unreadable_pin_proves_nothing(data: Path, pin: str) -> None:
    target = offer(data, {"path": FILE}, **UNKNOWN)
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    target.with_name(f"{FILE}.pin.json").write_text(pin)
    assert state(entry(NAME)) == "unverified"
    with pytest.raises(ModelMissing):
        ensure(NAME, download=False)


def test_pieces_are_not_joined_where_nothing_judges_them(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, **UNKNOWN)
    site.cut_short.add("/a")
    with pytest.raises(ModelMissing, match="broke after") as caught:
        ensure(NAME, download=True)
    assert caught.value.remedy == "Run it again: obs-rvm models get mine"
    assert left(data) == []
    (target.parent / f"{FILE}.1.part").write_bytes(b"x" * 100)
    site.cut_short.clear()
    assert ensure(NAME, download=True).read_bytes() == CONTENT
    assert site.ranges("/a") == [None, None]


def test_only_https_all_the_way(data: Path, site: Site) -> None:
    with served() as plain:
        plain.put("/a", CONTENT)
        offer(data, {"url": site.url + "/moved"}, **UNKNOWN)
        site.moved["/moved"] = plain.url + "/a"
        with pytest.raises(ModelMissing, match="only https is trusted"):
            ensure(NAME, download=True)
    assert left(data) == []
    assert not (data / "models" / f"{FILE}.pin.json").exists()


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_length_must_be_stated(data: Path, site: Site, is_empty: bool) -> None:
    offer(data, {"url": site.url + "/a"}, **UNKNOWN)
    site.has_lengths = is_empty
    if is_empty:
        site.put("/a", b"")
    with pytest.raises(ModelMissing, match="does not say how long it is"):
        ensure(NAME, download=True)
    assert left(data) == []


@pytest.mark.parametrize(
    "source",
    [
        {"url": "http://127.0.0.1/a"},
        {"wheel": "a==1", "member": "a"},
        {"npm": "a@1", "member": "a"},
    ],
)
def test_other_sources_need_a_sha256(data: Path, source: dict[str, str]) -> None:
    offer(data, source, **UNKNOWN)
    with pytest.raises(ModelError, match="without a sha256, a source is an https address or a path"):
        entry(NAME)
