"""A file is what it was or what it shall be, and nothing else stays in its folder."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rvm_core import atomic_write

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links as on POSIX")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("name", ["a.json", "Größe 写真 %*[x].json", "x" * 255, "é" * 127, "写" * 85])
def test_it_appears_and_is_replaced(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    for content in (b"first", b"", b"second" * 100_000):
        atomic_write.write(file, content)
        assert file.read_bytes() == content
    assert names(tmp_path) == [name]


def test_the_old_one_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    with atomic_write.replacing(file) as part:
        assert (part.parent, part.read_bytes()) == (tmp_path, b"")
        part.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert names(tmp_path) == ["a"]


def break_off(file: Path, fault: type[BaseException]) -> None:
    with atomic_write.replacing(file) as part:
        part.write_text("half")
        raise fault


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_fault_leaves_everything_as_it_was(fault: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    for name in ("old", "new"):
        with pytest.raises(fault):
            break_off(tmp_path / name, fault)
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_text() == "old"


@pytest.mark.parametrize("broken", ["replace", "chmod", "write_bytes"])
def test_a_disk_that_refuses_leaves_nothing(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, broken, refuse)
    with pytest.raises(OSError, match="No space left"):
        atomic_write.write(tmp_path / "a", b"new", mode=0o600)
    assert names(tmp_path) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        atomic_write.write(tmp_path / "none" / "a", b"")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o755])
def test_permissions_stay(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    file.chmod(mode)
    atomic_write.write(file, b"new")
    assert mode_of(file) == mode
    atomic_write.write(file, b"newer", mode=0o700)
    assert mode_of(file) == 0o700


@posix
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    atomic_write.write(tmp_path / "a", b"new")
    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "plain")


@posix
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    kept, place = tmp_path / "kept", tmp_path / "place"
    kept.mkdir()
    place.mkdir()
    (kept / "file").write_text("old")
    (place / "link").symlink_to("../kept/file")
    (place / "nowhere").symlink_to(kept / "missing")
    atomic_write.write(place / "link", b"new")
    atomic_write.write(place / "nowhere", b"made")
    assert (place / "link").is_symlink()
    assert (place / "nowhere").is_symlink()
    assert ((kept / "file").read_bytes(), (kept / "missing").read_bytes()) == (b"new", b"made")
    assert (names(kept), names(place)) == (["file", "missing"], ["link", "nowhere"])


@posix
def test_a_pipe_or_a_folder_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(OSError, match="not a regular file"):
            atomic_write.write(tmp_path / name, b"")
    assert names(tmp_path) == ["folder", "pipe"]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_several_at_once_are_whole(tmp_path: Path) -> None:
    file, faults = tmp_path / "a", list[BaseException]()
    contents = [bytes([number]) * 200_000 for number in range(6)]

    def work(content: bytes) -> None:
        try:
            for _ in range(20):
                atomic_write.write(file, content, durable=False)
                assert file.read_bytes() in contents
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not faults
    assert names(tmp_path) == ["a"]


def test_what_a_killed_process_left_under_the_given_name_is_taken_over(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_text("much longer than what comes now")
    part.chmod(0o400)
    atomic_write.write(tmp_path / "a", b"new", part=part)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "new"


@pytest.mark.parametrize("durable", [True, False])
def test_only_what_is_to_survive_a_power_cut_is_flushed(
    durable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    real: Callable[[int], None] = os.fsync

    def fsync(handle: int) -> None:
        where = Path(f"/proc/self/fd/{handle}").readlink()
        flushed.append("folder" if where.is_dir() else where.read_text())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    atomic_write.write(tmp_path / "a", b"new", durable=durable)
    assert flushed == (["new", "folder"] if durable else [])


def test_what_windows_refuses_for_a_moment_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [PermissionError(errno.EACCES, "in use")] * 2
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(sys, "platform", "win32")
    atomic_write.write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    refusals += [PermissionError(errno.EACCES, "in use")] * 100
    with pytest.raises(PermissionError):
        atomic_write.write(tmp_path / "a", b"newer", limit_s=0.1)
    assert names(tmp_path) == ["a"]
    assert len(refusals) > 90
