"""Our entries in OBS's files: once in each, everything else to the byte, and the way back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import pytest

from installer import files, registration
from installer.errors import InstallError
from installer.layout import Layout
from installer.record import Record
from installer.registration import Changes
from installer.steps.obs import AddToObs
from installer.steps.removal import RemoveFiles, TakeOutOfObs
from installer.target import Target
from installer.wishes import Wishes
from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.obs import Kind, Obs
from rvm_core.desktop.pythons import Python
from tests.unit.installers import together, workshop

SCENES = "basic/scenes"
SHAPES = {
    "compact, as OBS 28 to 30 write": ({}, None),
    "indented, as OBS 31 and 32 write": ({}, 4),
    "with scripts of others": (
        {"modules": {"scripts-tool": [{"path": "/their/clock.lua", "settings": {"a": 1}}], "other": {}}},
        None,
    ),
    "with modules but no scripts": ({"modules": {"auto-scene-switcher": {"active": False}}}, 4),
    "with what nobody knows": ({"späteres": [1.0, None, {"x": "é\u20ac"}], "modules": {}}, 4),
}


class Here(ThisMachine):
    """This computer, with `system` as a test says."""

    def __init__(self, home: Path, system: str) -> None:
        self.system = system
        self._home = home

    @property
    def home(self) -> Path:
        return self._home


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "obs-studio"
    (folder / SCENES).mkdir(parents=True)
    return folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def target(config: Path, version: tuple[int, ...] = (29, 0, 2), python: str | None = None) -> Target:
    obs = Obs(Kind.DISTRIBUTION, PurePath("/usr/bin/obs"), version, "x86_64", config)
    if python is None:
        return Target(obs)
    home = PurePosixPath(python)
    return Target(obs, (), Python(home / "python", (3, 12), "x86_64", home, "python.org"))


def collection(
    config: Path, name: str, content: dict[str, Any] | None = None, indent: int | None = 4
) -> Path:
    told = {"name": name, "sources": [], "scene_order": [{"name": "Scene"}], **(content or {})}
    file = config / SCENES / f"{name}.json"
    file.write_text(json.dumps(told, indent=indent, ensure_ascii=False), encoding="utf-8")
    return file


def paths(file: Path) -> list[str]:
    return [entry["path"] for entry in json.loads(file.read_text())["modules"]["scripts-tool"]]


def register(config: Path, layout: Layout, record: Record, **of: Any) -> Changes:
    system = "Windows" if "python" in of else "Linux"
    found = registration.changes(Here(config.parent, system), target(config, **of), layout.script)
    for change in found.wanted:
        registration.apply(change, layout, record)
    return found


def undo(layout: Layout, record: Record) -> list[str]:
    return list(filter(None, (registration.undo(edit, layout) for edit in reversed(record.edits))))


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("version", [(28, 1, 2), (29, 0, 2), (30, 2, 3), (31, 0, 4), (32, 2, 2)])
@pytest.mark.parametrize("shape", SHAPES)
def test_our_entry_is_added_once_and_nothing_else_changes(
    config: Path, layout: Layout, shape: str, version: tuple[int, ...]
) -> None:
    content, indent = SHAPES[shape]
    for name in ("One", "Two"):
        collection(config, name, content, indent)
    (config / SCENES / "One.json.bak").write_text("{}")
    (config / "global.ini").write_text("[General]\nLastVersion=1\n")
    before = everything(config)
    record = Record()
    assert len(register(config, layout, record, version=version).wanted) == 2
    after = everything(config)
    for name in ("One", "Two"):
        file = f"{SCENES}/{name}.json"
        assert paths(config / file).count(str(layout.script)) == 1
        told = json.loads(after[file])
        own = [one for one in told["modules"]["scripts-tool"] if one["path"] != str(layout.script)]
        assert own == content.get("modules", {}).get("scripts-tool", [])
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"{SCENES}/One.json", f"{SCENES}/Two.json"}
    found = register(config, layout, record, version=version)
    assert (len(found.wanted), len(found.registered)) == (0, 2)
    assert everything(config) == after
    assert undo(layout, record) == []
    assert everything(config) == before


def test_what_obs_wrote_since_stays_and_only_our_entry_goes(config: Path, layout: Layout) -> None:
    file = collection(config, "One")
    record = Record()
    register(config, layout, record)
    told = json.loads(file.read_text())
    told["modules"]["scripts-tool"][0]["settings"] = {"map": 1}
    told["sources"].append({"name": "Camera"})
    file.write_text(json.dumps(told))
    assert undo(layout, record) == []
    left = json.loads(file.read_text())
    assert left["sources"] == [{"name": "Camera"}]
    assert left["modules"]["scripts-tool"] == []


def test_the_same_script_at_another_place_moves_and_keeps_its_settings(config: Path, layout: Layout) -> None:
    entry = {"path": "/home/me/checkout/obs_rvm_filter.py", "settings": {"map": {"Scene": "Interview"}}}
    file = collection(config, "One", {"modules": {"scripts-tool": [entry]}})
    before = file.read_bytes()
    record = Record()
    register(config, layout, record)
    assert json.loads(file.read_text())["modules"]["scripts-tool"] == [{**entry, "path": str(layout.script)}]
    file.write_bytes(file.read_bytes() + b"\n")  # as if OBS had written it since
    assert undo(layout, record) == []
    assert file.read_bytes() == before + b"\n"


@pytest.mark.parametrize("content", [b'{"sources": [', b"", b"[]", b"\xff\xfe{}", b'{"a": 1}'])
def test_a_broken_collection_is_told_and_the_others_are_served(
    config: Path, layout: Layout, content: bytes
) -> None:
    broken = config / SCENES / "Broken.json"
    broken.write_bytes(content)
    good = collection(config, "Good")
    found = register(config, layout, Record())
    assert broken.read_bytes() == content
    assert paths(good) == [str(layout.script)]
    assert len(found.refused) == 1
    assert "Broken.json" in found.refused[0]


def test_a_collection_that_is_read_only_is_told(config: Path, layout: Layout) -> None:
    file = collection(config, "One")
    file.chmod(0o444)
    before = file.read_bytes()
    found = register(config, layout, Record())
    assert found.refused == ["One.json is read-only."]
    assert file.read_bytes() == before


def test_a_file_keeps_its_mode(config: Path, layout: Layout) -> None:
    file = collection(config, "One")
    file.chmod(0o640)
    register(config, layout, Record())
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_collection_that_is_a_link_stays_one(config: Path, layout: Layout, tmp_path: Path) -> None:
    link = collection(config, "One")
    kept = link.rename(tmp_path / "kept elsewhere.json")
    link.symlink_to(kept)
    before = kept.read_bytes()
    record = Record()
    register(config, layout, record)
    assert link.is_symlink()
    assert paths(kept) == [str(layout.script)]
    assert undo(layout, record) == []
    assert link.is_symlink()
    assert kept.read_bytes() == before


def test_what_a_killed_installer_left_beside_a_collection_goes(
    config: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = collection(config, "One")
    monkeypatch.setattr("installer.steps.obs.running_obs", lambda _: ())
    shop = workshop(layout.data, machine=Here(config.parent, "Linux"))
    monkeypatch.setattr(type(shop), "target", lambda _: target(config))
    AddToObs().run(shop)
    part = files.part_of(file)
    part.touch()
    AddToObs().run(shop)
    assert not part.exists()


INI = b"\xef\xbb\xbf[General]\r\nName=\xc3\x84\r\n\r\n[Basic]\r\nSceneCollection=One\r\n"


@pytest.mark.parametrize(
    ("version", "name"), [((28, 1, 2), "global.ini"), ((30, 2, 3), "global.ini"), ((32, 0, 2), "user.ini")]
)
def test_the_python_that_obs_loads_is_set_where_that_obs_looks(
    config: Path, layout: Layout, version: tuple[int, ...], name: str
) -> None:
    for file in ("global.ini", "user.ini"):
        (config / file).write_bytes(INI)
    entry = {"path": str(layout.script), "settings": {}}
    collection(config, "One", {"modules": {"scripts-tool": [entry]}})
    before = everything(config)
    record = Record()
    register(config, layout, record, version=version, python="C:/Python312")
    after = everything(config)
    assert {file for file in before if before[file] != after[file]} == {name}
    assert b"[Python]\r\nPath64bit=C:/Python312" in after[name]
    assert after[name].startswith(INI)
    register(config, layout, record, version=version, python="C:/Python312")
    assert everything(config) == after
    assert undo(layout, record) == []
    assert everything(config) == before


@pytest.mark.parametrize(
    ("since", "left"),
    [
        (lambda text: text, b"Path64bit=C:/Old"),
        (lambda text: text + b"Later=1\r\n", b"Path64bit=C:/Old"),
        (lambda text: text.replace(b"C:/New", b"C:/Third"), b"Path64bit=C:/Third"),
    ],
)
def test_the_users_own_python_comes_back_unless_they_chose_another(
    config: Path, layout: Layout, since: Callable[[bytes], bytes], left: bytes
) -> None:
    file = config / "global.ini"
    file.write_bytes(INI + b"\r\n[Python]\r\nPath64bit=C:/Old\r\n")
    collection(config, "One")
    record = Record()
    register(config, layout, record, python="C:/New")
    file.write_bytes(since(file.read_bytes()))
    assert undo(layout, record) == []
    assert left in file.read_bytes()


def test_every_moment_of_a_kill_can_be_repaired(
    config: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each write to the disk in turn is the last one before the computer goes off."""
    for name in ("One", "Two", "Three"):
        collection(config, name)
    before = everything(config)
    whole, plain = 9, files.write  # a copy, the record and the file itself, for each of three
    for last in range(whole + 1):
        left = [last]

        def write(*arguments: Any, left: list[int] = left) -> None:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            plain(*arguments)

        monkeypatch.setattr(files, "write", write)
        try:
            register(config, layout, Record.load(layout))
            assert last == whole
        except KeyboardInterrupt:
            assert last < whole
        monkeypatch.setattr(files, "write", plain)
        cut_off = tmp_path / "cut off"
        shutil.copytree(tmp_path, cut_off, ignore=shutil.ignore_patterns("cut off"))
        assert undo(layout, Record.load(layout)) == []
        assert everything(config) == before, f"undone after {last} writes"
        shutil.rmtree(config)
        shutil.copytree(cut_off / config.name, config)
        register(config, layout, Record.load(layout))
        assert all(paths(config / SCENES / f"{name}.json") == [str(layout.script)] for name in ("One", "Two"))
        assert undo(layout, Record.load(layout)) == []
        assert everything(config) == before, f"repaired and undone after {last} writes"
        shutil.rmtree(layout.data)
        shutil.rmtree(cut_off)


def test_while_obs_runs_nothing_is_written_but_the_clicks_are_told(
    config: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection(config, "One")
    before = everything(config)
    shop = workshop(layout.data, machine=Here(config.parent, "Linux"))
    monkeypatch.setattr(type(shop), "target", lambda _: target(config))
    monkeypatch.setattr("installer.steps.obs.running_obs", lambda _: (1,))
    assert "by hand" in AddToObs().run(shop)
    assert everything(config) == before
    monkeypatch.setattr("installer.steps.obs.running_obs", lambda _: ())
    assert AddToObs().run(shop) == "added to One"
    monkeypatch.setattr("installer.steps.removal.running_obs", lambda _: (1,))
    with pytest.raises(InstallError, match="Close OBS"):
        TakeOutOfObs().run(shop)
    monkeypatch.setattr("installer.steps.removal.running_obs", lambda _: ())
    assert TakeOutOfObs().run(shop) == "1 files put back"
    assert everything(config) == before


def test_without_its_copy_a_file_still_loses_our_entry(config: Path, layout: Layout) -> None:
    file = collection(config, "One")
    before = file.read_bytes()
    record = Record()
    register(config, layout, record)
    shutil.rmtree(layout.backups)
    assert undo(layout, record) == []
    assert file.read_bytes() == before


def test_what_could_not_be_put_back_can_be_the_next_time(
    config: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.steps.removal.running_obs", lambda _: ())
    file = collection(config, "One")
    before = file.read_bytes()
    shop = workshop(layout.data, machine=Here(config.parent, "Linux"))
    register(config, layout, shop.record)
    written = file.read_bytes()
    file.write_bytes(b"cut off")
    TakeOutOfObs().run(shop)
    RemoveFiles().run(shop)
    file.write_bytes(written)  # OBS has brought its own copy back
    again = Record.load(layout)
    assert [(layout.backups / edit.backup).is_file() for edit in again.edits] == [True]
    assert undo(layout, again) == []
    assert file.read_bytes() == before


def test_an_entry_that_was_added_by_hand_goes_too(
    config: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {"path": "/their/clock.lua", "settings": {}}
    ours = {"path": str(layout.script), "settings": {"map": 1}}
    file = collection(config, "One", {"modules": {"scripts-tool": [theirs, ours]}})
    other = collection(config, "Two", {"modules": {"scripts-tool": [theirs]}})
    before = other.read_bytes()
    (config / SCENES / "Broken.json").write_text("{")
    shop = workshop(layout.data, machine=Here(config.parent, "Linux"), wishes=Wishes(is_uninstall=True))
    monkeypatch.setattr(type(shop), "target", lambda _: target(config))
    monkeypatch.setattr("installer.steps.removal.running_obs", lambda _: ())
    assert TakeOutOfObs().run(shop) == "1 files put back"
    assert paths(file) == ["/their/clock.lua"]
    assert other.read_bytes() == before


def test_on_the_way_back_an_obs_of_any_age_will_do(layout: Layout) -> None:
    old = together("debian12_distribution", commands={"dpkg-query -W -f ${Version} obs-studio": "27.2.4"})
    shop = workshop(layout.data, machine=old, wishes=Wishes(is_uninstall=True))
    assert TakeOutOfObs().run(shop) == "nothing was changed there"


@pytest.mark.parametrize(
    "told", ["C:/New", "/Library/Frameworks/Python.framework/Versions/3.12", "/Library/Frameworks"]
)
def test_a_python_that_obs_finds_already_is_left_as_it_is_told(
    config: Path, layout: Layout, told: str
) -> None:
    file = config / "global.ini"
    file.write_bytes(INI + f"[Python]\r\nPath64bit={told}\r\n".encode())
    collection(config, "One")
    found = register(config, layout, Record(), python=told.partition("/Python.framework")[0])
    assert [change.what for change in found.wanted] == ["script"]
    assert found.registered == [file]


def test_an_obs_that_was_never_started_is_said_so(config: Path, layout: Layout) -> None:
    (said,) = register(config, layout, Record(), python="C:/New").refused
    assert said.startswith("OBS has no scene collection yet: start it once")
    collection(config, "One")
    (said,) = register(config, layout, Record(), python="C:/New").refused
    assert said.startswith("OBS has not made global.ini yet: start it once")


def test_what_was_done_to_obs_is_told(config: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installer.steps.obs.running_obs", lambda _: ())
    (config / "global.ini").write_bytes(INI)
    shop = workshop(layout.data, machine=Here(config.parent, "Windows"))
    monkeypatch.setattr(type(shop), "target", lambda _: target(config, python="C:/New"))
    assert AddToObs().run(shop) == "by hand, as said above"
    collection(config, "One")
    assert AddToObs().run(shop) == "added to One; OBS told its Python"
    assert AddToObs().run(shop) == "up to date"
    (config / "global.ini").write_bytes(INI)
    assert AddToObs().run(shop) == "OBS told its Python"


def test_edits_that_could_not_be_undone_keep_their_order(
    config: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installer.steps.removal.running_obs", lambda _: ())
    shop = workshop(layout.data, machine=Here(config.parent, "Linux"))
    for name in ("One", "Two"):
        collection(config, name)
    register(config, layout, shop.record)
    for name in ("One", "Two"):
        (config / SCENES / f"{name}.json").write_text("cut off")
    before = list(shop.record.edits)
    TakeOutOfObs().run(shop)
    assert Record.load(layout).edits == before
