"""``obs-rvm models``, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rvm_core import cli, paths
from rvm_core.cli.progress import Meter, line
from tests import graphs
from tests.site import CONTENT, FILE, NAME, offer, served, use_data

ROOT = Path(__file__).resolve().parents[2]
GOOD, NAN, SLOW = "graph_good", "graph_nan", "graph_slow"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test graph fetched, and ``unknown``, whose sha256 nobody publishes, put there by hand."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    files = graphs.build_all(tmp_path)
    listed = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["models"]
    by_hand = tmp_path / "models" / "unknown.onnx"
    by_hand.write_bytes(files[GOOD].read_bytes())
    entry = graphs.entry_for(by_hand, sources=[])
    graphs.write_manifest(tmp_path, {**listed, "unknown": {**entry, "bytes": None, "sha256": None}})
    return tmp_path


def models(*arguments: str) -> int:
    return cli.main(["models", *arguments])


def test_list_as_text_and_as_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "models" / "graph_nan.onnx").write_bytes(b"damaged")
    (data / "models" / "graph_slow.onnx").unlink()
    assert models("list", "--json") == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)["models"]}
    wanted = {
        GOOD: "ready",
        NAN: "damaged",
        SLOW: "absent",
        "unknown": "unverified",
        "rvm_resnet50": "absent",
    }
    assert {name: listed[name]["state"] for name in wanted} == wanted
    assert listed[GOOD]["path"] == str(data / "models" / "graph_good.onnx")
    assert listed[GOOD]["bytes"] == (data / "graph_good.onnx").stat().st_size
    assert (listed["unknown"]["bytes"], listed["bgmv2_resnet50"]["licence"]) == (None, "MIT")
    assert models("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(listed)
    shown = {text.split()[0]: text for text in lines}
    assert shown[NAN].split()[1:5] == ["damaged", "0.0", "MB", "GPL-3.0"]
    assert shown["rvm_resnet50"].split()[1:5] == ["absent", "107.5", "MB", "GPL-3.0"]
    assert shown["rvm_resnet50"].endswith("RVM ResNet50 (large, slow)")
    assert shown["unknown"].split()[1:3] == ["unverified", "unknown"]


def test_get_and_verify(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    targets = [data / "models" / f"{name}.onnx" for name in (GOOD, SLOW)]
    for target in targets:
        target.unlink()
    assert models("verify", GOOD) == 2
    assert "obs-rvm models get graph_good" in capsys.readouterr().err
    assert models("get", GOOD, SLOW, GOOD) == 0
    output = capsys.readouterr()
    assert output.out == "".join(f"{target.stem}: verified, {target}\n" for target in targets)
    assert output.err == ""
    assert models("verify", GOOD) == 0


def test_a_fault_does_not_keep_the_next_from_its_turn(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (GOOD, NAN):
        (data / "models" / f"{name}.onnx").unlink()
    (data / "graph_nan.onnx").unlink()
    assert models("get", NAN, GOOD) == 2
    output = capsys.readouterr()
    assert output.out.startswith("graph_good: verified")
    assert output.err.startswith("obs-rvm: The model graph_nan could not be fetched: ")
    assert output.err.count("\n") == 1


def test_verify_all_that_are_here(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "models" / "graph_nan.onnx").write_bytes(b"damaged")
    (data / "models" / "graph_slow.onnx").unlink()
    assert models("verify") == 2
    output = capsys.readouterr()
    assert [text.split(":")[0] for text in output.out.splitlines()] == [
        name for name in graphs.GRAPHS if name not in (NAN, SLOW)
    ]
    damaged, unknown = output.err.splitlines()
    assert "graph_nan.onnx is damaged" in damaged
    assert unknown.endswith("Run: obs-rvm models get unknown")


def test_nothing_to_verify(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in (data / "models").iterdir():
        file.unlink()
    assert models("verify") == 2
    assert capsys.readouterr().err.startswith("obs-rvm: No model is on this computer.")


def test_a_sha256_that_nobody_publishes_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("get", "unknown") == 0
    kept = json.loads((data / "models" / "unknown.onnx.pin.json").read_text(encoding="utf-8"))["sha256"]
    said = capsys.readouterr().out
    assert f"(nobody publishes its sha256; kept from its first use here: {kept})" in said
    assert models("verify", "unknown") == 0
    assert capsys.readouterr().out == said


def test_remove(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert models("get", "unknown") == 0
    weights, derived = data / "models", data / "specialised"
    derived.mkdir()
    mine = [derived / "unknown-0123-1.onnx", derived / "unknown-0123-1.json", weights / "unknown.onnx.1.part"]
    others = [
        derived / "unknown_wide-0123-1.onnx",
        derived / "graph_good-1.onnx",
        weights / "graph_good.onnx",
    ]
    for file in (*mine, *others[:2]):
        file.write_bytes(b"x" * 1_000_000)
    mine += [weights / "unknown.onnx", weights / "unknown.onnx.pin.json"]
    freed = sum(file.stat().st_size for file in mine)
    capsys.readouterr()
    assert models("remove", "unknown", SLOW) == 0
    gone, slow = capsys.readouterr().out.splitlines()
    assert gone == f"unknown: removed, {freed / 1e6:.1f} MB freed"
    assert slow.startswith("graph_slow: removed, ")
    assert not any(file.exists() for file in mine)
    assert all(file.exists() for file in others)
    assert models("remove", "unknown", NAN) == 2
    output = capsys.readouterr()
    assert output.err.startswith(
        "obs-rvm: The model unknown is not on this computer, so nothing was removed."
    )
    assert output.out.startswith("graph_nan: removed")


def test_what_cannot_be_removed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data / "specialised" / "graph_good-1"
    folder.mkdir(parents=True)  # a folder where a file belongs
    assert models("remove", GOOD) == 2
    assert f"The file {folder} could not be removed" in capsys.readouterr().err


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("action", ["get", "verify", "remove"])
def test_a_fault_is_one_line_and_2(capsys: pytest.CaptureFixture[str], action: str) -> None:
    assert models(action, "nothing") == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("obs-rvm: There is no model called 'nothing'.")


def test_a_broken_manifest_is_one_line_and_2(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "manifest.json").write_text("{")
    assert models("list") == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("done", "total", "seconds", "since", "text"),
    [
        (0, 0, 0.0, 0, "m: 0.0 MB"),
        (5_000_000, 20_000_000, 0.0, 0, "m: 5.0 of 20.0 MB"),
        (5_000_000, 20_000_000, 2.0, 1_000_000, "m: 5.0 of 20.0 MB, 0.5 MB/s, 30 s left"),
        (1_000_000, 126_000_000, 1.0, 1_000_000, "m: 1.0 of 126.0 MB, 1.0 MB/s, 2 min 05 s left"),
        (1_000_000, 0, 1.0, 1_000_000, "m: 1.0 MB, 1.0 MB/s"),
    ],
)
def test_progress_in_words(done: int, total: int, seconds: float, since: int, text: str) -> None:
    assert line("m", done, total, seconds, since) == text


def test_the_line_of_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.05, 11.0, 12.0])
    monkeypatch.setattr("rvm_core.cli.progress.time", SimpleNamespace(monotonic=lambda: next(clock)))
    meter = Meter("m")
    for done in (5_000_000, 5_000_001, 5_100_000, 15_000_000):  # the second too soon to be drawn
        meter(done, 20_000_000)
    meter.finish()
    meter.finish()
    first, second, third, blank, end = capsys.readouterr().err.split("\r")[1:]
    assert first == "m: 5.0 of 20.0 MB"
    assert second == "m: 5.1 of 20.0 MB, 0.1 MB/s, 2 min 29 s left"  # what was here before does not count
    assert third.rstrip() == "m: 15.0 of 20.0 MB, 5.0 MB/s, 1 s left"
    assert len(third) == len(second)  # nothing of the longer line stays
    assert (blank.strip(), end) == ("", "")
    assert len(blank) >= len(third.rstrip())


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal as on Unix")
def test_a_terminal_sees_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pty

    data = use_data(tmp_path, monkeypatch)
    ours, theirs = pty.openpty()
    with served() as site, os.fdopen(ours, "rb", 0) as screen, os.fdopen(theirs, "wb") as terminal:
        offer(data, {"url": site.url + "/a"})
        site.put("/a", CONTENT)
        command = [sys.executable, "-m", "rvm_core", "models", "get", NAME]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=dict(os.environ),
            stderr=terminal,
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        )
        shown = screen.read(4096).decode()
    assert done.stdout.decode() == f"mine: verified, {data / 'models' / FILE}\n"
    assert "\rmine: 0.8 of 0.8 MB, " in shown
    assert shown.endswith(" \r")
