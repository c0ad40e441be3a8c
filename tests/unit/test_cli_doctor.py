"""``obs-rvm doctor``: what it shows, and that nothing ends it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rvm_core import cli, paths
from rvm_core.desktop import shell
from rvm_core.errors import HostError
from rvm_core.health import examination
from rvm_core.health.case import Case
from rvm_core.health.finding import Finding, Subject
from tests import graphs
from tests.conftest import PROJECT
from tests.recorded import RecordedMachine

COMPILED = paths.numba_cache_dir()
QUICK = ("doctor", "--model", "graph_good", "--quick")
NAME = "zweistein"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder in the home of a user who has nothing else."""
    home = tmp_path / "home" / NAME
    folder = home / "own" / "data"
    folder.mkdir(parents=True)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    for variable in (
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        paths.SITE_PACKAGES_VARIABLE,
        paths.STATUS_DIR_VARIABLE,
    ):
        monkeypatch.delenv(variable, raising=False)
    for variable in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(variable, NAME)
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(folder))
    graphs.build_all(folder)
    return folder


def subjects(monkeypatch: pytest.MonkeyPatch, **looks: Any) -> None:
    """Look at these things instead; each needs those before it."""
    made = [(Subject(name), look) for name, look in looks.items()]
    needs = [tuple(subject for subject, _ in made[:at]) for at in range(len(made))]
    found = tuple((*one, need) for one, need in zip(made, needs, strict=True))
    monkeypatch.setattr(examination, "SUBJECTS", found)


def well(_case: Case) -> Iterator[Finding]:
    yield Subject("sun").good("it shines", "since morning")


def ill(_case: Case) -> Iterator[Finding]:
    yield Subject("moon").problem("It is gone.", "Look again at night.")
    yield Subject("moon").note("It was “full”.")


def seen(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    code = cli.main([*QUICK, "--json", *more])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def test_all_is_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    subjects(monkeypatch, sun=well)
    assert cli.main([*QUICK]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("obs-rvm ")
    assert [line.split() for line in lines[1:]] == [
        ["sun"],
        ["ok", "it", "shines"],
        ["since", "morning"],
        ["filters"],
        ["ok", "no", "filter", "is", "running"],
        [],
        ["All", "is", "well."],
    ]


def test_a_problem_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subjects(monkeypatch, moon=ill)
    assert cli.main([*QUICK]) == 2
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[1:5] == [
        "moon",
        "PROBLEM It is gone.",
        "→ Look again at night.",
        "note It was “full”.",
    ]
    assert lines[-1] == "One problem. Do this first: Look again at night."
    code, found = seen(capsys)
    assert code == 2
    assert found["findings"][0] == {
        "subject": "moon",
        "state": "problem",
        "told": "It is gone.",
        "remedy": "Look again at night.",
        "details": [],
    }
    assert found["summary"] == lines[-1]
    assert found["running"] == {"processes": [], "filters": []}


def test_what_rests_on_a_problem_is_not_told_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subjects(monkeypatch, moon=ill, sun=well)
    _, found = seen(capsys)
    assert [(one["state"], one["told"]) for one in found["findings"] if one["subject"] == "sun"] == [
        ("note", "not looked at before the problem with moon is solved")
    ]


@pytest.mark.parametrize(
    ("fault", "told", "remedy"),
    [
        (HostError("It is cloudy.", "Wait."), "It is cloudy.", "Wait."),
        (
            RecursionError("too deep"),
            "The doctor could not look at sky: RecursionError: too deep.",
            "obs-rvm doctor --json",
        ),
    ],
)
def test_whoever_fails_to_look_becomes_a_finding(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: Exception,
    told: str,
    remedy: str,
) -> None:
    def fails(_case: Case) -> Iterator[Finding]:
        yield Subject("sky").good("it is there")
        raise fault

    subjects(monkeypatch, sky=fails)
    code, found = seen(capsys)
    assert code == 2
    first, second, *_ = found["findings"]
    assert first["told"] == "it is there"
    assert (second["subject"], second["state"], second["told"]) == ("sky", "problem", told)
    assert remedy in second["remedy"]


def test_a_computer_on_which_nothing_can_be_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every subject still has its say, where even the home folder is not known."""

    def fails(*_: Any) -> Any:
        raise RuntimeError("no home")

    for place in ("rvm_core.health.case.find_obs", "rvm_core.outside.processes", "pathlib.Path.home"):
        monkeypatch.setattr(place, fails)
    monkeypatch.delenv(paths.DATA_DIR_VARIABLE)
    monkeypatch.setenv("PATH", "")
    code, found = seen(capsys)
    assert code == 2
    told = {one["subject"] for one in found["findings"]}
    assert told == {subject.name for subject, *_ in examination.SUBJECTS} | {"filters"}
    assert any("RuntimeError: no home" in one["told"] for one in found["findings"])


def test_the_obs_that_is_meant_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = seen(capsys, "--obs", "homebrew")
    assert found["findings"][0]["told"] == "No homebrew OBS was found on this computer."


def test_what_the_doctor_does_by_itself_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--child", "list", "-"]) == 0
    assert "cpu" in json.loads(capsys.readouterr().out)["installed"]
    with pytest.raises(SystemExit):
        cli.main(["doctor", "--help"])
    assert "child" not in capsys.readouterr().out


def program(
    *words: str, python: str = sys.executable, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")]),
        **variables,
    }
    return subprocess.run(
        [python, "-m", "rvm_core", *words], env=environ, cwd=Path.home(), capture_output=True
    )


def test_nothing_private_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The home folder and the user's name stand in paths of every subject."""
    packages = data / "packages"
    packages.mkdir()
    (packages / "onnxruntime_ep_webgpu.py").write_text("raise OSError(__file__)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(packages))
    (data / "models" / "graph_good.onnx").write_bytes(b"cut off")
    (data / "installed.json").write_text("{", encoding="utf-8")
    settings = Path.home() / ".config" / "obs-studio"
    scenes = settings / "basic" / "scenes"
    scenes.mkdir(parents=True)
    path = f"/mnt/{NAME}/obs_rvm_filter.py"
    modules = {
        "scripts-tool": [{"path": path, "settings": {}}, {"path": str(data / path[1:]), "settings": {}}]
    }
    scene = {"name": "any", "sources": [], "scene_order": [], "modules": modules}
    (scenes / "Untitled.json").write_text(json.dumps(scene), encoding="utf-8")
    (settings / "logs").mkdir()
    line = "20:14:07.101: [Python: obs_rvm_filter.py] "
    lines = ("Traceback (most recent call last):", f'  File "{data}/x.py"', f"OSError: {data}/x")
    log = "".join(f"{line}{text}\n" for text in lines)
    (settings / "logs" / "2026-01-02 03-04-05.txt").write_text(log, encoding="utf-8")
    for form in ([], ["--json"]):
        done = program("doctor", "--model", "graph_good", "--quick", *form)
        text = done.stdout.decode() + done.stderr.decode()
        assert "is damaged: ~" in text
        assert "webgpu cannot be used" in text
        assert NAME not in text
        assert str(Path.home()) not in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp932", "cp1252", "utf-8"])
def test_it_runs_where_nothing_is_set_up(data: Path, encoding: str) -> None:
    """In a Python without any package, whatever the terminal can write."""
    bare = data / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    inner = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    done = program(
        *("doctor",),
        python=str(bare.joinpath(*inner)),
        PYTHONIOENCODING=encoding,
        PYTHONUTF8="0",
        LC_ALL="C",
        **{paths.DATA_DIR_VARIABLE: str(data / "nothing")},
    )
    assert done.stderr == b""
    assert done.returncode == 2
    text = done.stdout.decode(encoding)
    arrow = "→" if encoding in ("utf-8", "cp932") else "->"
    assert f" {arrow} Run the installer." in text
    assert "\\u" not in text
    assert re.match(r"\d+ problems\. Do this first: ", text.rstrip().splitlines()[-1])


def test_a_command_that_no_shell_finds_is_named_by_its_place(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(_case: Case) -> Iterator[Finding]:
        yield Subject("moon").problem("It is gone.", f"Run: {shell.obs_rvm()} models get moon")

    def remedy() -> str:
        return examination.examined(Case(RecordedMachine("nothing"), "graph_good")).problems[0].remedy

    subjects(monkeypatch, moon=lacks)
    monkeypatch.setenv("PATH", str(data / "bin"))
    assert remedy() == "Run: obs-rvm models get moon"
    launcher = shell.launcher(paths.data_dir())
    launcher.parent.mkdir()
    launcher.touch()
    assert remedy() == f"Run: {launcher} models get moon"
    launcher.chmod(0o755)  # and so a shell finds it
    assert remedy() == "Run: obs-rvm models get moon"


def test_windows_knows_no_tilde() -> None:
    machine = RecordedMachine("windows_installed_32")
    place = r"C:\Users\streamer\AppData\Local\obs-rvm"
    assert examination._clean_text(machine, place) == r"%USERPROFILE%\AppData\Local\obs-rvm"
    assert examination._clean_text(RecordedMachine("nothing"), "/home/streamer/x") == "~/x"


def test_a_whole_visit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is left out, and the mattes are made by the test graph."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(COMPILED))
    cli.main(["doctor", "--model", "graph_good", "--json"])
    found = json.loads(capsys.readouterr().out)
    told = {one["subject"]: one["told"] for one in found["findings"]}
    assert " in a second, " in told["matte"]
    assert not [text for text in told.values() if "could not look" in text]
