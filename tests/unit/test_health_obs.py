"""What the doctor says of OBS, its Python, its scene collections and its log, on recorded computers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from types import MappingProxyType
from typing import Any

import pytest

from rvm_core import paths
from rvm_core.desktop.obs import Kind
from rvm_core.desktop.pythons import TRIAL
from rvm_core.health import environment, log, obs, python, script
from rvm_core.health.case import Case
from rvm_core.health.finding import RENEW, REPAIR
from tests.recorded import RecordedMachine
from tests.unit.visits import case, of, only_problem, recorded

DEBIAN, WINDOWS, MAC = "debian12_distribution", "windows_installed_32", "macos_arm64_installed"
DEBIAN_CONFIG = "/home/streamer/.config/obs-studio"
WINDOWS_CONFIG = r"C:\Users\streamer\AppData\Roaming\obs-studio"
MAC_CONFIG = "/Users/streamer/Library/Application Support/obs-studio"
SCRIPT = "/home/streamer/.local/share/obs-rvm/obs_rvm_filter.py"
PYTHON_312 = r"C:\Users\streamer\AppData\Local\Programs\Python\Python312"
PYTHON_313 = r"C:\Program Files\Python313"
PYTHON_ORG = "Install Python 3.12.10: the Windows installer (64-bit) at https://www.python.org/"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script is where the installer says."""
    monkeypatch.setenv(paths.DATA_DIR_VARIABLE, str(tmp_path))
    monkeypatch.delenv(paths.SITE_PACKAGES_VARIABLE, raising=False)
    record = {"state": "installed", "script": SCRIPT}
    paths.install_record_file().write_text(json.dumps(record), encoding="utf-8")
    return tmp_path


def made_of(version: str) -> None:
    """The environment is of that Python."""
    folder = paths.environment_dir()
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}.1\n", encoding="utf-8")


# OBS


@pytest.mark.parametrize("name", [DEBIAN, WINDOWS, MAC, "windows_steam", "macos_intel_homebrew"])
def test_an_obs_that_is_well(name: str) -> None:
    (finding,) = of(obs.look, recorded(name))
    assert finding.state == "good"
    assert finding.told.startswith("OBS ")


def test_no_obs() -> None:
    told, remedy = only_problem(obs.look, recorded("nothing"))
    assert told == "No OBS Studio was found on this computer."
    assert "https://obsproject.com/download" in remedy


def test_no_obs_of_the_kind_that_is_meant() -> None:
    visit = case(RecordedMachine(DEBIAN), kind=Kind.SNAP)
    assert only_problem(obs.look, visit)[0] == "No snap OBS was found on this computer."


def test_an_obs_that_is_too_old() -> None:
    commands = {
        "/usr/bin/obs --version": "OBS Studio - 27.2.4 (linux)",
        "dpkg-query -W -f ${Version} obs-studio": "27.2.4",
    }
    told, remedy = only_problem(obs.look, recorded(DEBIAN, commands=commands))
    assert told == "OBS 27.2.4 (distribution), /usr/bin/obs, is too old."
    assert remedy.startswith("Install OBS 28 or newer")


def test_an_obs_without_python_scripts() -> None:
    libraries = [path for path in RecordedMachine(DEBIAN)._files if "scripting" in path]
    visit = recorded(DEBIAN, files=dict.fromkeys(libraries))
    told, remedy = only_problem(obs.look, visit)
    assert told == "OBS 29.0.2 (distribution), /usr/bin/obs, was built without Python scripts."
    assert remedy.endswith("flatpak install flathub com.obsproject.Studio")
    told, remedy = only_problem(obs.look, recorded("windows_arm64"))
    assert told.endswith("was built without Python scripts.")
    assert "x64" in remedy


def test_which_of_several_is_meant(data: Path) -> None:
    first, note = of(obs.look, recorded("local_build"))
    assert first.told.startswith("OBS 32.2.2 (local)")
    assert note.state == "note"
    assert note.told == "There is another one: OBS 29.0.2 (distribution), /usr/bin/obs."
    assert note.remedy.endswith("obs-rvm doctor --obs distribution")

    visit = case(RecordedMachine("local_build"), kind=Kind.DISTRIBUTION)
    assert of(obs.look, visit)[0].told.startswith("OBS 29.0.2 (distribution)")

    record = {"state": "installed", "obs": {"kind": "distribution", "program": "/usr/bin/obs"}}
    (data / "installed.json").write_text(json.dumps(record), encoding="utf-8")
    assert of(obs.look, recorded("local_build"))[0].told.startswith("OBS 29.0.2 (distribution)")

    record["obs"] = {"kind": "local", "program": "/srv/recorder/bin/obs"}
    (data / "installed.json").write_text(json.dumps(record), encoding="utf-8")
    assert of(obs.look, recorded("local_build", files={"/srv/recorder/bin/obs": ""}))[0].told.endswith(
        "/srv/recorder/bin/obs, was built without Python scripts."
    )


# Python


def test_the_python_that_obs_links() -> None:
    (finding,) = of(python.look, recorded(DEBIAN))
    assert (finding.state, finding.told) == ("good", "OBS loads Python 3.11")
    made_of("3.11")
    assert [one.state for one in of(python.look, recorded(DEBIAN))] == ["good"]


def test_an_environment_of_another_python_than_obs_links() -> None:
    made_of("3.12")
    assert only_problem(python.look, recorded(DEBIAN)) == (
        "OBS loads Python 3.11, and the environment is of 3.12.",
        REPAIR,
    )


@pytest.mark.skipif(os.name == "nt", reason="a script is no program there")
def test_an_environment_for_another_processor_than_obs() -> None:
    made_of("3.11")
    python_of_it = paths.environment_python()
    python_of_it.parent.mkdir()
    python_of_it.write_text('#!/bin/sh\necho \'{"platform": "linux-aarch64"}\'\n', encoding="utf-8")
    python_of_it.chmod(0o755)
    told, remedy = only_problem(python.look, recorded(DEBIAN))
    assert told == "OBS is for x86_64, and the environment for arm64."
    assert remedy == REPAIR
    assert not of(
        python.look, recorded(DEBIAN, files={"/usr/bin/obs": ""}, architecture="aarch64"), "problem"
    )


def windows(
    chosen: str = PYTHON_312,
    *,
    told: str = "3.12 win-amd64 True",
    registry: Mapping[str, Any] = MappingProxyType({}),
) -> Case:
    """OBS is to load the Python in `chosen`, and one is there that says `told` of itself."""
    place = chosen or PYTHON_312
    setting = f"[Python]\nPath64bit={PureWindowsPath(chosen).as_posix()}\n" if chosen else ""
    files = {
        rf"{WINDOWS_CONFIG}\user.ini": f"[Basic]\nSceneCollectionFile=Untitled\n{setting}",
        rf"{place}\python.exe": "",
        rf"{place}\python{told.split()[0].replace('.', '')}.dll": "",
    }
    commands = {" ".join([rf"{place}\python.exe", *TRIAL]): told}
    return recorded(WINDOWS, files=files, commands=commands, registry=dict(registry))


def test_a_python_that_was_chosen_well() -> None:
    made_of("3.12")
    (finding,) = of(python.look, windows())
    assert (finding.state, finding.told) == ("good", "OBS loads Python 3.12")


def test_no_python_was_chosen() -> None:
    told, remedy = only_problem(python.look, windows(""))
    assert told == "OBS was not told which Python it is to load."
    assert remedy.startswith(PYTHON_ORG)
    place = r"HKCU\Software\Python\PythonCore\3.12\InstallPath"
    known = {place: {"": PYTHON_312, "ExecutablePath": rf"{PYTHON_312}\python.exe"}}
    _, remedy = only_problem(python.look, windows("", registry=known))
    assert remedy == f"In OBS choose Tools > Scripts > Python Settings, and there the folder {PYTHON_312}"


def test_the_python_that_was_chosen_is_gone() -> None:
    told, remedy = only_problem(python.look, recorded(WINDOWS))
    assert told == f"OBS is to load a Python in {PYTHON_312}, where none is."
    assert remedy.startswith(PYTHON_ORG)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ("3.13 win-amd64 True", "is newer than 3.12, the newest that this OBS can load"),
        ("3.9 win-amd64 True", "is older than 3.10"),
        ("3.11 win32 True", "is made for 32-bit Windows, this OBS for x64 processors"),
    ],
)
def test_a_python_that_obs_cannot_load_was_chosen(told: str, fault: str) -> None:
    found, remedy = only_problem(python.look, windows(PYTHON_313, told=told))
    assert found.startswith("OBS cannot load what it was told to: Python 3.")
    assert fault in found
    assert remedy.startswith(PYTHON_ORG)


def test_on_macos_the_folder_may_lie_in_the_framework() -> None:
    inner = "Python.framework/Versions/3.12"
    program = f"/Library/Frameworks/{inner}/bin/python3.12"
    files = {
        program: "",
        f"/Library/Frameworks/{inner}/lib/libpython3.12.dylib": "",
        f"{MAC_CONFIG}/user.ini": f"[Python]\nPath64bit=/Library/Frameworks/{inner}\n",
    }
    commands = {" ".join([program, *TRIAL]): "3.12 macosx-10.13-universal2 True"}
    (finding,) = of(python.look, recorded(MAC, files=files, commands=commands))
    assert (finding.state, finding.told) == ("good", "OBS loads Python 3.12")


def test_an_environment_of_another_python_than_was_chosen() -> None:
    made_of("3.10")
    assert only_problem(python.look, windows()) == (
        "OBS loads Python 3.12, and the environment is of 3.10.",
        REPAIR,
    )


# the script in scene collections


def collection(*scripts: str) -> str:
    """As OBS writes it."""
    entries = [{"path": path, "settings": {}} for path in scripts]
    return json.dumps({"name": "any", "sources": [], "scene_order": [], "modules": {"scripts-tool": entries}})


def debian(is_installed: bool = True, **collections: str | None) -> Case:
    """A computer with these scene collections; OBS opens the one that is called Untitled."""
    files = {f"{DEBIAN_CONFIG}/basic/scenes/{name}.json": text for name, text in collections.items()}
    return recorded(DEBIAN, files={**files, **({SCRIPT: ""} if is_installed else {})})


def test_a_script_that_obs_loads() -> None:
    found = of(script.look, debian(Untitled=collection("/other.py", SCRIPT), Second=collection()))
    assert [(one.state, one.told) for one in found] == [("good", "in “Untitled”")]


def test_obs_was_never_started() -> None:
    told, remedy = only_problem(script.look, debian(Untitled=None))
    assert told == "OBS has no scene collection yet."
    assert remedy.startswith("Start OBS once")


def test_a_script_that_is_where_it_always_is(data: Path) -> None:
    paths.install_record_file().unlink()
    assert case().script == data / "obs_rvm_filter.py"


def test_a_script_that_no_collection_has() -> None:
    told, remedy = only_problem(script.look, debian(Untitled=collection("/other.py")))
    assert told == "No scene collection has the script."
    assert remedy == f"In OBS choose Tools > Scripts, press + and choose {SCRIPT}"
    _, remedy = only_problem(script.look, debian(False, Untitled=collection()))
    assert remedy == "Run the installer while OBS is closed."


def test_a_script_that_the_open_collection_lacks() -> None:
    told, remedy = only_problem(script.look, debian(Untitled=collection(), Second=collection(SCRIPT)))
    assert told == ("The scene collection that OBS has open, “Untitled”, lacks the script; “Second” has it.")
    assert remedy.endswith(f"choose {SCRIPT}")


def test_a_script_whose_file_is_gone() -> None:
    visit = debian(Untitled=collection("/old/obs_rvm_filter.py"))
    assert [one.state for one in of(script.look, visit)] == ["problem"]
    told, remedy = only_problem(script.look, visit)
    assert told == "The scene collection “Untitled” names the script /old/obs_rvm_filter.py, which is gone."
    assert remedy == REPAIR


def test_a_script_that_stands_twice() -> None:
    visit = debian(Untitled=collection("/old/obs_rvm_filter.py", SCRIPT))
    told, remedy = only_problem(script.look, visit)
    assert told == (
        f"The scene collection “Untitled” has the script 2 times: /old/obs_rvm_filter.py, {SCRIPT}."
    )
    assert remedy == f"In OBS choose Tools > Scripts and remove all but {SCRIPT}."


def test_another_copy_than_was_installed() -> None:
    other = "/home/streamer/checkout/obs_rvm_filter.py"
    files = {
        f"{DEBIAN_CONFIG}/basic/scenes/Untitled.json": collection(other),
        other: "",
        SCRIPT: "",
    }
    told, remedy = only_problem(script.look, recorded(DEBIAN, files=files))
    assert told == (
        f"The scene collection “Untitled” has another copy of the script than was installed: {other}."
    )
    assert remedy == REPAIR
    files[SCRIPT] = None  # type: ignore[assignment]  # a checkout alone is well
    assert not of(script.look, recorded(DEBIAN, files=files), "problem")


def test_a_collection_that_is_broken() -> None:
    found = of(script.look, debian(Untitled="{broken", Second=collection(SCRIPT)), "problem")
    assert found[0].told.startswith("The scene collection “Untitled” cannot be read. ")
    assert "Start OBS" in found[0].remedy
    (note,) = of(script.look, debian(Untitled=collection(SCRIPT), Second="[]"), "note")
    assert note.told.startswith("The scene collection “Second” cannot be read. ")


def test_a_script_in_a_collection_of_windows() -> None:
    place = r"C:\Users\streamer\AppData\Local\obs-rvm\obs_rvm_filter.py"
    record = {"state": "installed", "script": place}
    paths.install_record_file().write_text(json.dumps(record), encoding="utf-8")
    file = rf"{WINDOWS_CONFIG}\basic\scenes\Untitled.json"
    text = collection(place.replace("\\", "/").lower())
    assert not of(script.look, recorded(WINDOWS, files={file: text, place: ""}), "problem")


# OBS's log


def logged(*lines: str, crash: str = "", **more: Any) -> Case:
    """The newest log has these lines."""
    text = "".join(f"20:14:07.101: {line}\n" for line in ("OBS 29.0.2 (linux)", *lines))
    files = {f"{DEBIAN_CONFIG}/logs/2026-01-02 03-04-05.txt": text}
    if crash:
        files[f"{DEBIAN_CONFIG}/crashes/Crash 2026-01-02 03-30-00.txt"] = crash
    return recorded(DEBIAN, files=files, **more)


ENDED = "Number of memory leaks: 1"
LOADED = "[obs-scripting]: Loaded python script: obs_rvm_filter.py"


def test_a_log_without_errors() -> None:
    (finding,) = of(log.look, logged(LOADED, ENDED))
    assert (finding.state, finding.told) == ("good", "no errors; OBS loaded the script, 2026-01-02 03:04")


def test_obs_has_no_log() -> None:
    (finding,) = of(log.look, recorded("fedora"))
    assert (finding.state, finding.told) == ("good", "OBS has not written one yet")


def test_the_script_failed() -> None:
    visit = logged(
        LOADED,
        "[Python: obs_rvm_filter.py] Traceback (most recent call last):",
        '[Python: obs_rvm_filter.py]   File "/home/streamer/x.py", line 30, in script_load',
        "[Python: obs_rvm_filter.py] ModuleNotFoundError: No module named 'numpy'",
        ENDED,
    )
    (finding,) = of(log.look, visit, "problem")
    assert finding.told == "The script failed in OBS, started 2026-01-02 03:04."
    assert finding.remedy == RENEW
    assert finding.details == ("ModuleNotFoundError: No module named 'numpy'",)


def test_python_could_not_be_loaded() -> None:
    line = "[Python] Could not load library: /usr/lib/libpython3.12.so"
    (finding,) = of(log.look, logged(line, ENDED), "problem")
    assert finding.told == "OBS, started 2026-01-02 03:04, could not load Python."
    assert finding.details == (line,)
    assert finding.remedy


def test_the_script_was_not_loaded() -> None:
    (finding,) = of(log.look, logged(ENDED))
    assert finding.state == "note"
    assert finding.told == "OBS did not load the script when it was last started, 2026-01-02 03:04."
    assert finding.remedy == "Start OBS again."


def test_obs_was_started_in_safe_mode() -> None:
    told, remedy = only_problem(log.look, logged("[Safe Mode] Safe mode launch selected, loading", ENDED))
    assert "safe mode" in told
    assert "normal mode" in remedy


def test_obs_did_not_end_in_good_order() -> None:
    (finding,) = of(log.look, logged(LOADED), "note")
    assert "did not end in good order" in finding.told
    assert finding.remedy.endswith("2026-01-02 03-04-05.txt")


def test_an_obs_that_still_runs_has_not_crashed() -> None:
    files = {
        f"{DEBIAN_CONFIG}/logs/2026-01-02 03-04-05.txt": f"20:14:07.101: {LOADED}\n",
        "/proc/77/status": "Name:\tobs\nState:\tS (sleeping)\nUid:\t1000\t1000\n",
        "/proc/self/status": "Name:\tpython3\nState:\tR (running)\nUid:\t1000\t1000\n",
    }
    assert [one.state for one in of(log.look, recorded(DEBIAN, files=files))] == ["good"]


CRASH = """Unhandled exception: c0000005
Fault address: 7FF8 (c:\\windows\\system32\\any.dll)

Thread 1A2B (Crashed)
Stack EIP Arg0
0 1 2 {module}!0x1234

"""


def test_obs_crashed() -> None:
    (finding,) = of(log.look, logged(LOADED, crash=CRASH.format(module="any.dll")), "note")
    assert finding.told == "OBS crashed, 2026-01-02 03:30."
    assert finding.details[0] == "Unhandled exception: c0000005"
    told, remedy = only_problem(log.look, logged(LOADED, crash=CRASH.format(module="python312.dll")))
    assert told == "OBS crashed while it ran a script, 2026-01-02 03:30."
    assert remedy.endswith("Crash 2026-01-02 03-30-00.txt")


# an OBS in a box of its own


INSIDE = (
    "flatpak run --die-with-parent --share=network --command=python3.13 com.obsproject.Studio -c import venv"
)


def boxed(**commands: str | None) -> Case:
    """An OBS in a flatpak."""
    return recorded("flatpak_system", commands=commands)


def test_a_box_that_cannot_start_its_python() -> None:
    told, remedy = only_problem(obs.look, boxed(**{INSIDE: None}))
    assert told.startswith("The flatpak of OBS on this computer cannot start its python3.13.")
    assert "flatpak update" in remedy


def test_a_doctor_that_looks_past_the_box_is_sent_into_it(data: Path) -> None:
    assert [one.state for one in of(obs.look, boxed())] == ["good"]
    told, remedy = only_problem(environment.look, boxed())
    assert str(data) in told
    assert remedy.startswith("Run: ")
    assert remedy.endswith("/.var/app/com.obsproject.Studio/data/obs-rvm/bin/obs-rvm doctor")


def test_an_environment_that_an_update_of_the_box_left_behind() -> None:
    made_of("3.9")
    told, remedy = only_problem(python.look, boxed())
    assert told == "OBS loads Python 3.13, perhaps since an update, and the environment is of 3.9."
    assert remedy == REPAIR
