"""pip's own wheel: fetched once, verified, and run by its path."""

from __future__ import annotations

import ensurepip
import hashlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from installer import environment, pip_wheel
from installer.errors import CommandFailed, InstallError
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
    wheel = pip_wheel.ensure(tmp_path / "data", url=url)
    assert wheel.read_bytes() == CONTENT
    assert pip_wheel.ensure(tmp_path / "data", url=url) == wheel
    assert len(site.requests) == 1


def test_a_damaged_wheel_is_fetched_anew(url: str, tmp_path: Path) -> None:
    (tmp_path / pip_wheel.NAME).write_bytes(CONTENT[:-1])
    assert pip_wheel.ensure(tmp_path, url=url).read_bytes() == CONTENT


def test_other_bytes_are_refused_and_leave_nothing(site: Site, url: str, tmp_path: Path) -> None:
    site.put("/pip.whl", b"something else")
    with pytest.raises(InstallError, match="not give the pip that was expected"):
        pip_wheel.ensure(tmp_path, url=url)
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_breaks_off_is_refused(site: Site, url: str, tmp_path: Path) -> None:
    site.cut_short.add("/pip.whl")
    with pytest.raises(InstallError, match="Check the connection"):
        pip_wheel.ensure(tmp_path, url=url)


def test_without_a_connection_the_remedy_is_said(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="Check the connection"):
        pip_wheel.ensure(tmp_path, url="http://127.0.0.1:1/pip.whl")


def test_a_known_wheel_is_taken_without_the_net(site: Site, url: str, tmp_path: Path) -> None:
    pip_wheel.ensure(tmp_path / "offline", url=url)
    wheel = pip_wheel.ensure(tmp_path / "data", tmp_path / "offline", url=url)
    assert wheel == tmp_path / "data" / pip_wheel.NAME
    assert wheel.read_bytes() == CONTENT
    assert len(site.requests) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Pythons without ensurepip are those of Linux")
def test_a_python_without_ensurepip_gets_an_environment_with_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"), None)
    if bundled is None:
        pytest.skip("this Python brings no wheel of pip")
    monkeypatch.setattr(pip_wheel, "NAME", bundled.name)
    monkeypatch.setattr(pip_wheel, "SHA256", hashlib.sha256(bundled.read_bytes()).hexdigest())
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh
case "$*" in *--without-pip*) exec '{sys.executable}' "$@" ;; esac
exit 1
""")
    python.chmod(0o755)

    def run(words: Sequence[str]) -> str:
        answer = subprocess.run(words, capture_output=True, text=True)
        if answer.returncode:
            raise CommandFailed(answer.stderr, "", (), answer.returncode)
        return answer.stdout

    environment.create(run, str(python), tmp_path / "venv", bundled.parent)
    assert str(tmp_path / "venv") in run(
        [str(tmp_path / "venv" / "bin" / "python"), "-m", "pip", "--version"]
    )
