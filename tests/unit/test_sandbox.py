from __future__ import annotations

import configparser
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from installer import display
from installer.obs_config import Home
from installer.sandbox import (
    Sandbox,
    SandboxError,
    color_source,
    filter_entry,
    free_port,
    image_source,
    media_source,
    scene,
)

pytest.importorskip("obsws_python")


def ini(file: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(file)
    return parsed


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_the_configuration_that_obs_reads(home: Path) -> None:
    sandbox = Sandbox(home, 320, 180, 25, port=4567)
    studio = home / ".config" / "obs-studio"
    websocket = ini(studio / "global.ini")["OBSWebSocket"]
    assert websocket["ServerPort"] == "4567"
    assert websocket["AuthRequired"] == "true"
    newer = json.loads((studio / "plugin_config/obs-websocket/config.json").read_text())
    assert newer["server_port"] == 4567
    assert newer["auth_required"] is True
    assert newer["server_password"] == websocket["ServerPassword"] != ""
    assert ini(studio / "user.ini")["Basic"]["Profile"] == "Untitled"
    # Without it OBS 31 asks what to do about a user.ini that exists, and does not start.
    assert ini(studio / "global.ini")["General"]["Pre31Migrated"] == "true"
    profile = ini(studio / "basic/profiles/Untitled/basic.ini")
    assert profile["Video"]["BaseCX"] == "320"
    assert profile["Video"]["OutputCY"] == "180"
    assert profile["Video"]["FPSCommon"] == "25"
    assert profile["SimpleOutput"]["RecFormat"] == "mp4"
    assert profile["SimpleOutput"]["FilePath"] == str(sandbox.home.recordings)
    assert sandbox.home.recordings.is_dir()


def test_nobody_else_reads_the_password(home: Path) -> None:
    sandbox = Sandbox(home)
    for folder in (home, sandbox.home.runtime):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_sandbox_has_its_own_port_and_password(tmp_path: Path) -> None:
    one, two = Sandbox(tmp_path / "1"), Sandbox(tmp_path / "2")
    assert one._password != two._password
    assert free_port() > 1024


def test_the_collection_holds_sources_scenes_and_scripts(home: Path) -> None:
    key = filter_entry("rvm_background_filter", "RVM", {"mode": "blur"}, is_enabled=False)
    sources = [
        image_source("picture", Path("/p.png")),
        media_source("clip", Path("/c.mp4"), [key], is_looping=False),
        color_source("red", 0xFF0000FF, 4, 2),
    ]
    sandbox = Sandbox(
        home,
        sources=sources,
        scenes=[scene("A", ["picture", "clip"], 640, 360), scene("B", [], 640, 360)],
        scripts=[(Path("/s.py"), {"a": 1})],
    )
    saved = json.loads(sandbox.home.collection.read_text())
    assert saved["current_scene"] == "A"
    assert [entry["name"] for entry in saved["scene_order"]] == ["A", "B"]
    by_name = {entry["name"]: entry for entry in saved["sources"]}
    assert set(by_name) == {"picture", "clip", "red", "A", "B"}
    assert by_name["clip"]["filters"] == [key]
    assert key["enabled"] is False
    assert by_name["clip"]["settings"]["looping"] is False
    assert "filters" not in by_name["picture"]
    assert [item["name"] for item in by_name["A"]["settings"]["items"]] == ["picture", "clip"]
    assert len({item["id"] for item in by_name["A"]["settings"]["items"]}) == 2
    assert saved["modules"]["scripts-tool"] == [{"path": "/s.py", "settings": {"a": 1}}]


def test_without_scenes_one_holds_everything(home: Path) -> None:
    sandbox = Sandbox(home, sources=[color_source("red", 0, 4, 2)])
    saved = json.loads(sandbox.home.collection.read_text())
    assert [entry["name"] for entry in saved["sources"]] == ["red", "Main", "Empty"]


def test_a_second_start_can_keep_what_obs_saved(home: Path) -> None:
    Sandbox(home, sources=[color_source("red", 0, 4, 2)])
    saved = Home(home).collection
    saved.write_text('{"saved": "by OBS"}')
    Sandbox(home, keeps_collection=True)
    assert saved.read_text() == '{"saved": "by OBS"}'
    Sandbox(home)
    assert "by OBS" not in saved.read_text()


def test_the_users_screen_is_reached_from_another_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert display.user_screen({"DISPLAY": ":0"}) == {
        "DISPLAY": ":0",
        "XAUTHORITY": "/home/me/.Xauthority",
    }
    assert display.user_screen({"DISPLAY": ":0", "XAUTHORITY": "/x"})["XAUTHORITY"] == "/x"
    wayland = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": "/run/user/7"}
    assert display.user_screen(wayland) == {"WAYLAND_DISPLAY": "/run/user/7/wayland-0"}


def test_obs_gets_a_private_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    made = Sandbox(home, display=":77", env={"OBS_RVM_STATUS_DIR": "/s"})._make_environment()
    assert made["HOME"] == str(home)
    assert made["XDG_CONFIG_HOME"] == str(home / ".config")
    assert made["DISPLAY"] == ":77"
    assert made["OBS_RVM_STATUS_DIR"] == "/s"
    assert not {"PYTHONPATH", "WAYLAND_DISPLAY"} & set(made)


Program = Callable[[str, str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """``program(name, shell)`` puts a stand-in first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def make(name: str, shell: str) -> None:
        file = folder / name
        file.write_text(f"#!/bin/sh\n{shell}\n")
        file.chmod(0o755)

    return make


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_obs_that_ends_at_once_is_told_with_its_log(home: Path, program: Program, tmp_path: Path) -> None:
    started = tmp_path / "started"
    program("Xvfb", f"echo $$ >> {started}; echo 7 > /proc/self/fd/$2; exec sleep 600")
    program("openbox", f"echo $$ >> {started}; exec sleep 600")
    program("obs", "echo cannot open display; exit 3")
    with pytest.raises(SandboxError, match="ended with code 3") as failure:
        Sandbox(home).start()
    assert "cannot open display" in failure.value.tail
    assert len(pids(started)) in (1, 2)  # the window manager may be ended before its first word
    assert not any(is_alive(pid) for pid in pids(started))


def test_an_interrupt_ends_even_a_stubborn_obs(
    home: Path, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "END_S", 0.2)
    started = tmp_path / "started"
    program("obs", f"trap '' TERM; echo $$ > {started}; echo ready; while :; do sleep 0.05; done")

    class Interrupted(Sandbox):
        def _connect(self, timeout_s: float) -> None:
            self.wait_log("^ready", timeout_s)
            raise KeyboardInterrupt

    sandbox = Interrupted(home, display=":77")
    with pytest.raises(KeyboardInterrupt):
        sandbox.start()
    assert not is_alive(pids(started)[0])
    assert not sandbox.is_running


def test_an_obs_without_a_websocket_is_given_up(home: Path, program: Program) -> None:
    program("obs", "exec sleep 600")
    sandbox = Sandbox(home, display=":77")
    with pytest.raises(SandboxError, match="no websocket"):
        sandbox.start(timeout_s=0.5)
    assert not sandbox.is_running


def test_a_client_that_obs_was_not_ready_for_is_disconnected(
    home: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("obs", "exec sleep 600")
    connected: list[Client] = []

    class Client:
        """OBS is ready for the third one."""

        def __init__(self, **_arguments: object) -> None:
            self.number = len(connected)
            connected.append(self)
            self.is_connected = True

        def get_scene_list(self) -> None:
            if self.number < 2:
                raise ConnectionError("OBS is not ready to perform the request.")

        def disconnect(self) -> None:
            self.is_connected = False

    monkeypatch.setattr("obsws_python.ReqClient", Client)
    with Sandbox(home, display=":77") as sandbox:
        assert sandbox.ws is connected[2]
        assert [client.is_connected for client in connected] == [False, False, True]


def test_a_screen_that_does_not_come_up(home: Path, program: Program) -> None:
    program("Xvfb", "exit 1")
    with pytest.raises(SandboxError, match="no screen"):
        Sandbox(home).start()


def test_the_log_is_waited_for_and_read(home: Path, program: Program) -> None:
    program("obs", "echo one; sleep 0.2; echo 'Number of memory leaks: 12'")
    sandbox = Sandbox(home, display=":77")
    with pytest.raises(SandboxError, match="not logged its memory leaks"):
        sandbox.leaks()
    with pytest.raises(SandboxError, match="ended with code 0"):
        sandbox.start()
    assert sandbox.wait_log(r"leaks: (\d+)$", timeout_s=5)[1] == "12"
    assert sandbox.leaks() == 12
    assert sandbox.log_lines("one") == ["one"]
    with pytest.raises(SandboxError, match="before OBS ended"):
        sandbox.wait_log("two", timeout_s=60)


def test_the_log_of_an_obs_before_in_the_same_home_is_not_its_own(home: Path, program: Program) -> None:
    program("obs", "echo '==== Shutting down'; echo 'Number of memory leaks: 12'")
    with pytest.raises(SandboxError, match="ended with code 0"):
        Sandbox(home, display=":77").start()
    program("obs", "echo second; echo 'Number of memory leaks: 1'")
    again = Sandbox(home, display=":77")
    with pytest.raises(SandboxError, match="ended with code 0"):
        again.start()
    assert again.log_lines("Shutting down") == []
    assert again.log_lines("second") == ["second"]
    assert again.leaks() == 1
