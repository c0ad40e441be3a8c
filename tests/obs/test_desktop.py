"""What the installer does to OBS's files and reads of them, by OBS itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from installer.layout import SCRIPT
from installer.sandbox import Sandbox
from rvm_core.desktop.logs import Log, last_errors, last_log
from rvm_core.desktop.machine import ThisMachine
from rvm_core.desktop.obs import Kind, Obs
from rvm_core.desktop.processes import running_obs
from rvm_core.desktop.scene_collections import scripts, with_script, without_script

Make = Callable[..., Sandbox]
THIS = ThisMachine()


def log_of(obs: Sandbox) -> Log:
    """Its log, as the doctor reads it."""
    config = obs.home.config / "obs-studio"
    log = last_log(THIS, Obs(Kind.DISTRIBUTION, Path("obs"), None, None, config))
    assert log is not None
    return log


def test_obs_loads_the_script_that_was_put_into_its_collection(sandbox: Make, tmp_path: Path) -> None:
    """And keeps it there, until it is taken out again."""
    home = tmp_path / "home"
    collection = sandbox(home=home, scripts=[]).home.collection
    collection.write_bytes(with_script(collection.read_bytes(), SCRIPT))
    with sandbox(home=home, keeps_collection=True) as obs:
        assert obs.pid in running_obs(THIS)
        assert obs.quit() == 0
    assert obs.pid not in running_obs(THIS)
    log = log_of(obs)
    assert (log.scripts, last_errors(log), log.has_ended) == ((SCRIPT.name,), (), True)
    assert "registered" in log.said[0]
    saved = collection.read_bytes()
    assert scripts(saved) == (str(SCRIPT),)
    collection.write_bytes(without_script(saved, SCRIPT))
    with sandbox(home=home, keeps_collection=True) as obs:
        assert obs.quit() == 0
    assert log_of(obs).scripts == ()
    assert scripts(collection.read_bytes()) == ()


def test_the_log_tells_why_the_script_failed(sandbox: Make, tmp_path: Path) -> None:
    broken = tmp_path / SCRIPT.name
    broken.write_text("import no_such_module\n")
    with sandbox(scripts=[(broken, {})]) as obs:
        assert obs.quit() == 0
    assert last_errors(log_of(obs)) == ("ModuleNotFoundError: No module named 'no_such_module'",)
