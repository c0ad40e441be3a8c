"""pip's own wheel: fetched once, verified, and run by its path."""

from __future__ import annotations

import ensurepip
import hashlib
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer import pip_wheel
from installer.errors import InstallError
from tests.site import Site

CONTENT = b"as good as a wheel"


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture
def url(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """A site that gives the wheel that is wanted."""
    monkeypatch.setattr(pip_wheel, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    site.put("/pip.whl", CONTENT)
    return f"{site.url}/pip.whl"


def test_the_wheel_is_fetched_once(site: Site, url: str, tmp_path: Path) -> None:
    wheel = pip_wheel.ensure(tmp_path / "data", url)
    assert wheel.read_bytes() == CONTENT
    assert pip_wheel.ensure(tmp_path / "data", url) == wheel
    assert len(site.requests) == 1


def test_a_damaged_wheel_is_fetched_anew(url: str, tmp_path: Path) -> None:
    (tmp_path / pip_wheel.NAME).write_bytes(CONTENT[:-1])
    assert pip_wheel.ensure(tmp_path, url).read_bytes() == CONTENT


def test_other_bytes_are_refused_and_leave_nothing(site: Site, url: str, tmp_path: Path) -> None:
    site.put("/pip.whl", b"something else")
    with pytest.raises(InstallError, match="not give the pip that was expected"):
        pip_wheel.ensure(tmp_path, url)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_breaks_off_is_refused(site: Site, url: str, tmp_path: Path) -> None:
    site.cut_short.add("/pip.whl")
    with pytest.raises(InstallError, match="Check the connection"):
        pip_wheel.ensure(tmp_path, url)


def test_without_a_connection_the_remedy_is_said(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="Check the connection"):
        pip_wheel.ensure(tmp_path, "http://127.0.0.1:1/pip.whl")


def test_the_name_is_that_of_the_address() -> None:
    assert pip_wheel.URL.endswith(f"/{pip_wheel.NAME}")


def test_an_environment_without_pip_runs_the_wheels(tmp_path: Path) -> None:
    wheel = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"), None)
    if wheel is None:
        pytest.skip("this Python brings no wheel of pip")
    venv.create(tmp_path / "venv", with_pip=False)
    scripts = Path(sysconfig.get_path("scripts", "venv", {"base": str(tmp_path / "venv")}))
    command = [str(scripts / "python"), *pip_wheel.words(wheel), "--version"]
    assert str(wheel) in subprocess.run(command, capture_output=True, text=True, check=True).stdout
