"""Fetching goes on from where it broke off, and never in a file that another writes to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rvm_core.errors import ModelMissing
from rvm_core.models import ensure, parts
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
from tests.unit.test_fetch import MEMBER, NPM, TAR_MEMBER, WHEEL, serve_tarball

HALF = len(CONTENT) // 2
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as one:
        yield one


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_data(tmp_path, monkeypatch)


def left_behind(data: Path, content: bytes) -> Path:
    """A part as a killed process leaves it."""
    part = data / "models" / f"{FILE}.1.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(content)
    return part


def in_a_child(*names: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rvm_core", "models", "get", *names]
    return subprocess.Popen(
        command, cwd=ROOT, env=dict(os.environ), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_connection_that_breaks(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    site.cut_short.add("/a")
    with pytest.raises(ModelMissing, match=f"broke after {HALF} of {len(CONTENT)} bytes") as caught:
        ensure(NAME, download=True)
    assert caught.value.remedy.endswith("what has come is not lost: obs-rvm models get mine")
    assert left(data) == [f"{FILE}.1.part"]
    site.cut_short.clear()
    seen: list[int] = []
    assert ensure(NAME, download=True, progress=lambda done, _: seen.append(done)) == target
    assert target.read_bytes() == CONTENT
    assert site.ranges("/a") == [None, f"bytes={HALF}-"]
    assert seen[0] > HALF
    assert left(data) == []


def test_another_source_goes_on(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, {"url": site.url + "/b"})
    site.put("/a", CONTENT)
    site.put("/b", CONTENT)
    site.cut_short.add("/a")
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert site.ranges("/b") == [f"bytes={HALF}-"]


def test_a_server_without_ranges_begins_anew(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    site.has_ranges = False
    left_behind(data, CONTENT[:1000])
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert site.ranges("/a") == ["bytes=1000-"]


def test_a_part_of_something_else_is_fetched_once_more(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    left_behind(data, b"x" * 1000)
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert site.ranges("/a") == ["bytes=1000-", None]
    target.unlink()
    site.requests.clear()
    site.put("/a", CONTENT[:-1] + b"x")
    left_behind(data, CONTENT[:1000])
    with pytest.raises(ModelMissing, match="wrong bytes"):
        ensure(NAME, download=True)
    assert site.ranges("/a") == ["bytes=1000-", None]  # once more, and no more
    assert left(data) == []


@pytest.mark.parametrize(
    ("content", "asked"),
    [(CONTENT + b"x", [None]), (b"", [None]), (CONTENT, []), (b"x" * len(CONTENT), [None])],
)
def test_a_part_of_any_length(data: Path, site: Site, content: bytes, asked: list[str | None]) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    left_behind(data, content)
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert site.ranges("/a") == asked
    assert left(data) == []


def test_another_piece_than_asked_for_is_refused(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"}, {"path": FILE})
    site.put("/a", CONTENT)
    site.range_shift = 1
    left_behind(data, CONTENT[:1000])
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    target.unlink()
    offer(data, {"url": site.url + "/a"})
    left_behind(data, CONTENT[:1000])
    with pytest.raises(ModelMissing, match="another piece"):
        ensure(NAME, download=True)


def test_an_interrupt_keeps_what_came(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure(NAME, download=True, progress=interrupt)
    assert not target.exists()
    (part,) = left(data)
    came = (target.parent / part).stat().st_size
    assert came > 0
    assert ensure(NAME, download=True).read_bytes() == CONTENT
    assert site.ranges("/a") == [None, f"bytes={came}-"]


@pytest.mark.parametrize("kind", ["wheel", "npm"])
@pytest.mark.parametrize("came", ["half", "all"])
def test_an_archive_goes_on_too(
    data: Path, site: Site, monkeypatch: pytest.MonkeyPatch, kind: str, came: str
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", site.url + "/simple")
    monkeypatch.setenv("npm_config_registry", site.url + "/npm")
    target = offer(data, WHEEL if kind == "wheel" else NPM)
    archive = wheel_of(MEMBER, CONTENT) if kind == "wheel" else tarball_of(TAR_MEMBER, CONTENT)
    if kind == "wheel":
        path = serve_wheel(site, archive)
    else:
        serve_tarball(site, archive)
        path = "/files/models-1.2.3.tgz"
    site.cut_short.add(path)
    with pytest.raises(ModelMissing, match="broke after"):
        ensure(NAME, download=True)
    site.cut_short.clear()
    (part,) = (file for file in left(data) if (target.parent / file).stat().st_size)
    if came == "all":
        (target.parent / part).write_bytes(archive)
    begun = (target.parent / part).stat().st_size
    assert ensure(NAME, download=True).read_bytes() == CONTENT
    # the index does not say how long the archive is: one that is whole is asked about, and not sent again
    assert site.ranges(path)[:2] == [None, f"bytes={begun}-"]
    assert len(site.ranges(path)) == 2
    assert left(data) == []


def test_killed_half_way(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    site.stalled["/a"] = threading.Event()
    released = site.stalled["/a"]
    child = in_a_child(NAME)
    part = data / "models" / f"{FILE}.1.part"
    try:
        wait_until(lambda: part.exists() and part.stat().st_size == HALF)
    finally:
        child.kill()
        child.communicate(timeout=60)
        released.set()
    assert ensure(NAME, download=True) == target
    assert target.read_bytes() == CONTENT
    assert site.ranges("/a") == [None, f"bytes={HALF}-"]
    assert left(data) == []


def test_two_at_once(data: Path, site: Site) -> None:
    target = offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    released = site.stalled["/a"] = threading.Event()
    child = in_a_child(NAME)
    part = data / "models" / f"{FILE}.1.part"
    try:
        wait_until(lambda: part.exists() and part.stat().st_size == HALF)
        assert ensure(NAME, download=True) == target
        assert target.read_bytes() == CONTENT
        assert site.ranges("/a") == [None, None]
        assert part.stat().st_size == HALF  # still the other's, and still there
    finally:
        released.set()
        output, errors = child.communicate(timeout=60)
    assert (child.returncode, errors) == (0, "")
    assert "verified" in output
    assert target.read_bytes() == CONTENT
    assert left(data) == []


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or sys.platform == "win32", reason="signals as on Unix")
def test_ctrl_c(data: Path, site: Site) -> None:
    offer(data, {"url": site.url + "/a"})
    site.put("/a", CONTENT)
    released = site.stalled["/a"] = threading.Event()
    child = in_a_child(NAME, "another")
    part = data / "models" / f"{FILE}.1.part"
    try:
        wait_until(lambda: part.exists() and part.stat().st_size == HALF)
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=60)
    finally:
        child.kill()
        released.set()
    assert (child.returncode, output) == (130, "")
    assert errors == "obs-rvm: interrupted at mine; the same command goes on with it.\n"
    assert left(data) == [part.name]


def test_what_nobody_holds_is_swept(data: Path) -> None:
    target = offer(data, {"path": FILE})
    old = left_behind(data, b"old")
    names = [old.name, f"{FILE}.2.part", f"{FILE}.7.part", f"{FILE}.ab12.part"]
    for name in (*names, "other.onnx.1.part"):
        (target.parent / name).write_bytes(b"old")
    with parts.claimed(target) as first, parts.claimed(target) as second, parts.claimed(target) as third:
        assert [part.path.name for part in (first, second, third)] == [*names[:2], f"{FILE}.3.part"]
        second.discard()
        third.receive([b"mine"], 4, keep=False)
        assert ensure(NAME, download=True).read_bytes() == CONTENT
        left_now = {name for name in left(data) if not name.endswith(".lock")}
        assert left_now == {old.name, f"{FILE}.3.part", "other.onnx.1.part"}
    assert parts.sweep(target) == len(b"old" + b"mine")
    assert left(data) == ["other.onnx.1.part"]
