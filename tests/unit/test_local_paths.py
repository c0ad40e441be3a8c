"""Which paths are files on this computer, and that no other is even looked up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rvm_core import local_paths
from rvm_core.local_paths import is_file_name, is_local_file, names_local_file

NEVER = [
    r"\\host\share\x.png", "//host/share/x.png", r"/\host\share\x.png", r"\/host/share/x.png",
    r"\\?\C:\x.png", r"\\.\COM1", "//./pipe/x", "//?/UNC/host/share/x.png", r"\\host@SSL@8080\share\x.png",
    r"\??\UNC\host\share\x.png",
    "http://host/x.png", "https://host/x.png", "file:///etc/passwd", "file://host/x.png", "rtsp://host/x",
    "smb://host/x.png", "smb:x.png", "data:image/png;base64,AAAA", "concat:/a|/b", "pipe:0", "ftp://host/x",
    "NUL", "con", "C:\\NUL", "C:/con.png", r"C:\aux", r"C:\folder\LPT1.tar.png", "C:\\COM¹", "C:\\nul .png",
    "/folder/NUL", "/folder/CONIN$", "C:\\prn:",
    "", ".", "x.png", "./x.png", "../x.png", "~/x.png", r"folder\x.png", "C:x.png", "C:",
    "/x\0.png", "/x\n.png", "/x\ud800.png", "C:\\x\x1b.png",
]  # fmt: skip
NEVER_ON_POSIX = [
    "/dev/null", "/dev/video0", "/dev", "/home/../dev/zero", "/./dev/zero", "/DEV/zero", "/proc/self/mem",
    "/sys/power/state", "/net/host/share/x.png", "/Network/Servers/host/x.png", "/afs/host/x.png",
    r"C:\x.png", "C:/x.png",
]  # fmt: skip
NEVER_ON_WINDOWS = [
    "/x.png", r"\x.png", r"C:\x.png:stream", r"C:\x.png::$DATA", "C:\\a|b.png", "C:\\a?.png", "C:\\*.png",
]  # fmt: skip
POSIX = [
    "/x.png",
    "/home/me/ü b.png",
    "/media/me/USB: 1/x|?.mp4",
    "/developer/x",
    "/a\\b",
    "/home/me/a\u202fb",
]
WINDOWS = [r"C:\x.png", "c:/Users/Me/ü b.mp4", r"Z:\films\console.mp4", r"D:\common\com\con1.png"]


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("path", NEVER)
def test_shares_addresses_devices_and_relative_paths_are_none(path: str, windows: bool) -> None:
    assert not names_local_file(path, windows=windows)


@pytest.mark.parametrize(
    ("windows", "path"),
    [*((False, path) for path in NEVER_ON_POSIX), *((True, path) for path in NEVER_ON_WINDOWS)],
)
def test_what_only_one_system_knows_is_none_there(path: str, windows: bool) -> None:
    assert not names_local_file(path, windows=windows)


@pytest.mark.parametrize(
    ("windows", "path"), [*((False, path) for path in POSIX), *((True, path) for path in WINDOWS)]
)
def test_an_ordinary_file_is_one(path: str, windows: bool) -> None:
    assert names_local_file(path, windows=windows)


@pytest.mark.parametrize("path", [*NEVER, *NEVER_ON_POSIX])
def test_nothing_is_asked_of_the_system_for_other_paths(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_up(*arguments: Any, **_: Any) -> None:
        raise AssertionError(f"looked up {arguments}")

    with monkeypatch.context() as patch:
        for name in ("stat", "lstat", "readlink", "open", "scandir"):
            patch.setattr(os, name, looked_up)
        patch.setattr(local_paths, "names_local_file", lambda path: names_local_file(path, windows=False))
        assert not is_local_file(path)


def test_only_a_regular_file_that_exists_is_one(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    assert not is_local_file(str(file))
    file.write_bytes(b"x")
    (tmp_path / "link").symlink_to(file)
    assert is_local_file(str(file))
    assert is_local_file(str(tmp_path / "link"))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    (tmp_path / "status").symlink_to("/proc/self/status")
    (tmp_path / "dangling").symlink_to(tmp_path / "absent")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for name in (".", "pipe", "null", "status", "dangling", "round", "x" * 300, "x.png/y"):
        assert not is_local_file(str(tmp_path / name)), name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        " ",
        "a/b",
        "a\\b",
        "C:a",
        "a:b",
        "NUL",
        "con.onnx",
        "a.",
        "a ",
        "a\0b",
        "\ud800",
        "x" * 201,
        "a?",
    ],
)
def test_what_is_no_name_of_a_file_on_every_system(name: str) -> None:
    assert not is_file_name(name)


@pytest.mark.parametrize(
    "name", ["a", "rvm_mobilenetv3_fp32.onnx", ".a", "ü b.onnx", "console.onnx", "x" * 200]
)
def test_what_is_one(name: str) -> None:
    assert is_file_name(name)
