"""Our packages and those of other scripts in one interpreter: each case in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT

BEGIN = """
import sys, threading
from rvm_core import own_packages
from rvm_core.own_packages import own
theirs, ours = sys.argv[1:]
sys.path.insert(0, theirs)
own_packages.use([ours])
"""
THROUGH_OURS = "\nwith own('one'):\n    import one\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Another script's packages, and ours: `one`, which loads a module late, `two`, `shared`."""
    for whose in ("theirs", "ours"):
        files = {
            "one/__init__.py": f"OWNER = {whose!r}\nfrom one import early\n"
            "def lazily():\n    import one.late\n    return one.late.OWNER\n",
            "one/early.py": f"OWNER = {whose!r}",
            "one/late.py": f"OWNER = {whose!r}",
            "two.py": f"OWNER = {whose!r}",
            f"shared/only_{whose}.py": "",
            "shared/both.py": f"OWNER = {whose!r}",
        }
        for name, text in files.items():
            file = tmp_path / whose / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    (tmp_path / "ours" / "only_ours.py").touch()
    return tmp_path / "theirs", tmp_path / "ours"


def run(folders: tuple[Path, Path], program: str) -> None:
    command = [sys.executable, "-c", BEGIN + program, *map(str, folders)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_ours_only_where_they_are_asked_for(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "with own():\n    import two\nassert two.OWNER == 'ours'\n"
        "import one, only_ours\nassert one.OWNER == 'theirs'\n"
        "assert ours not in sys.path\n",
    )


def test_a_package_that_searches_the_path_itself_finds_ours_behind_theirs(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "from importlib.machinery import PathFinder\n"
        "before = list(sys.path)\n"
        "with own(), own_packages.on_path():\n"
        "    assert PathFinder.find_spec('only_ours') is not None\n"
        "    assert PathFinder.find_spec('two').origin.startswith(theirs)\n"
        "    import two\n"
        "assert two.OWNER == 'ours'\n"
        "assert sys.path == before\n",
    )


def test_used_twice_they_are_there_once(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "before = list(sys.meta_path)\nown_packages.use([ours])\nassert sys.meta_path == before\n",
    )


def test_another_thread_gets_its_own_meanwhile(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "found = []\n"
        "def look():\n    import two\n    found.append(two.OWNER)\n"
        "with own():\n"
        "    other = threading.Thread(target=look)\n    other.start()\n    other.join()\n"
        "assert found == ['theirs']\n",
    )


@pytest.mark.parametrize("times", [1, 2])
def test_both_work_where_the_other_script_was_first(times: int, folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "import one as before\n"
        + THROUGH_OURS
        + "first = one\n"
        + THROUGH_OURS * (times - 1)
        + "assert one is first\n"
        "assert (one.OWNER, one.early.OWNER) == ('ours', 'ours')\n"
        "import one as after\n"
        "assert after is before and (after.OWNER, after.early.OWNER, after.lazily()) == ('theirs',) * 3\n"
        "with own('one'):\n    assert one.lazily() == 'ours'\n"
        "del sys.modules['one']\n" + THROUGH_OURS + "assert one is first, 'loaded a second time'\n"
        "assert 'one' not in sys.modules\n",
    )


def test_where_we_were_first_everybody_has_ours(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        THROUGH_OURS
        + "first = one\nimport one\nassert one is first and one.lazily() == 'ours'\n"
        + THROUGH_OURS
        + "assert one is first\n",
    )


def test_a_package_that_is_shared_is_not_loaded_twice(folders: tuple[Path, Path]) -> None:
    run(folders, "import two as before\nwith own():\n    import two\nassert two is before\n")


def test_what_we_do_not_have_is_everybodys(folders: tuple[Path, Path]) -> None:
    (folders[1] / "one" / "__init__.py").unlink()
    run(folders, "import one as before\n" + THROUGH_OURS + "assert one is before\n")


def test_ours_that_cannot_be_loaded_leaves_theirs(folders: tuple[Path, Path]) -> None:
    (folders[1] / "one" / "early.py").write_text("raise ImportError('broken')")
    run(
        folders,
        "import one as before\n"
        "for _ in range(2):\n"
        "    try:\n        with own('one'):\n            import one\n"
        "    except ImportError as cause:\n        assert str(cause) == 'broken'\n"
        "    else:\n        raise AssertionError\n"
        "    import one\n    assert one is before and one.lazily() == 'theirs'\n",
    )


def test_one_that_another_thread_is_loading_is_waited_for(folders: tuple[Path, Path]) -> None:
    (folders[0] / "one" / "early.py").write_text(
        "import __main__\n__main__.begun.set()\n__main__.go_on.wait(30)\nOWNER = 'theirs'"
    )
    run(
        folders,
        "begun, go_on, faults = threading.Event(), threading.Event(), []\n"
        "def other():\n"
        "    try:\n        import one\n        assert one.OWNER == 'theirs'\n"
        "    except BaseException as fault:\n        faults.append(fault)\n"
        "thread = threading.Thread(target=other)\nthread.start()\nbegun.wait(30)\n"
        "threading.Timer(0.5, go_on.set).start()\n"
        + THROUGH_OURS
        + "thread.join(30)\nassert not faults, faults\nassert one.OWNER == 'ours'\n"
        "assert sys.modules['one'].OWNER == 'theirs'\n",
    )


def test_a_package_in_several_folders_keeps_all_of_them(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "with own():\n    import shared.both, shared.only_ours\nassert shared.both.OWNER == 'ours'\n"
        "import shared.only_theirs\n",
    )
    run(folders, "import shared.both, shared.only_ours\nassert shared.both.OWNER == 'theirs'\n")
    run(
        folders,
        "sys.path.remove(theirs)\nwith own():\n    import shared.only_ours\n"
        "sys.path.append(theirs)\nimport shared.only_theirs\n",
    )


@pytest.mark.parametrize("linked", [False, True])
def test_a_package_that_imports_a_module_of_its_own_name(linked: bool, folders: tuple[Path, Path]) -> None:
    """As OpenCV does: it puts the folder on the path meanwhile."""
    ours = folders[1]
    (ours / "one" / "inner").mkdir()
    (ours / "one" / "inner" / "one.py").write_text("NATIVE = 'ours'")
    (ours / "one" / "early.py").write_text(
        "import os, sys\nhere = os.path.dirname(os.path.realpath(__file__))\nbefore = list(sys.path)\n"
        "sys.path.insert(1, os.path.join(here, 'inner'))\npackage = sys.modules.pop('one')\n"
        "import one as native\nsys.modules['one'], sys.path = package, before\nOWNER = native.NATIVE\n"
    )
    if linked:
        (ours / "one").rename(ours.parent / "elsewhere")
        (ours / "one").symlink_to(ours.parent / "elsewhere")
    run(folders, "import one as before\n" + THROUGH_OURS + "assert one.early.OWNER == 'ours'\n")
    run(folders, THROUGH_OURS + "assert one.early.OWNER == 'ours'\n")


def test_a_folder_that_another_script_adds_later_comes_before_ours(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "sys.path.remove(theirs)\nimport two\nassert two.OWNER == 'ours'\n"
        "sys.path.append(theirs)\nimport one\nassert one.OWNER == 'theirs'\n",
    )


def test_versions_are_those_of_the_packages(folders: tuple[Path, Path]) -> None:
    for folder, version in zip(folders, ("1", "2"), strict=True):
        about = folder / f"one-{version}.dist-info" / "METADATA"
        about.parent.mkdir()
        about.write_text(f"Metadata-Version: 2.1\nName: one\nVersion: {version}\n")
    run(
        folders,
        "from importlib.metadata import distributions, version\n"
        "assert version('one') == '1'\n"
        "with own():\n    assert version('one') == '2'\n"
        "sys.path.remove(theirs)\nassert version('one') == '2'\n"
        "assert not list(distributions(name='one', path=[]))\n",
    )


def test_outside_of_obs_nothing_changes(folders: tuple[Path, Path]) -> None:
    run(
        folders,
        "own_packages._folders.clear()\nimport one as before\n" + THROUGH_OURS + "assert one is before\n",
    )
