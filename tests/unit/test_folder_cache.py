"""Files of a folder are parsed again when they have changed, however they were changed, and only then."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rvm_core.folder_cache import FolderCache

SETTLING_S = 0.1
HOUR_NS = 3600 * 10**9


class Parser:
    """Reads a file's text and remembers which files it was asked for."""

    def __init__(self) -> None:
        self.parsed: list[str] = []

    def __call__(self, path: Path) -> str:
        self.parsed.append(path.name)
        try:
            return path.read_text()
        except OSError:
            return ""


@pytest.fixture
def parser() -> Parser:
    return Parser()


@pytest.fixture
def cache(parser: Parser, tmp_path: Path) -> FolderCache[str]:
    """A cache that has seen a.txt and b.txt, whose times are past."""
    for name in ("b.txt", "a.txt", "c.other"):
        (tmp_path / name).write_text(name)
    made = FolderCache(".txt", parser)
    time.sleep(SETTLING_S)
    made.contents(tmp_path)
    parser.parsed.clear()
    return made


def contents(cache: FolderCache[str], folder: Path) -> dict[str, str]:
    return {path.name: text for path, text in cache.contents(folder)}


def test_files_come_sorted_and_are_parsed_once(
    cache: FolderCache[str], parser: Parser, tmp_path: Path
) -> None:
    for _ in range(20):
        assert cache.contents(tmp_path) == [(tmp_path / "a.txt", "a.txt"), (tmp_path / "b.txt", "b.txt")]
    assert parser.parsed == []


def _in_place(file: Path) -> None:
    with file.open("r+") as stream:
        stream.write("A")


def _in_place_with_the_old_time(file: Path) -> None:
    before = file.stat().st_mtime_ns
    _in_place(file)
    os.utime(file, ns=(before, before))


def _replaced(file: Path) -> None:
    other = file.with_suffix(".new")
    other.write_text("A.txt")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)


@pytest.mark.parametrize("change", [_in_place, _in_place_with_the_old_time, _replaced])
def test_a_changed_file_of_the_same_size_is_parsed_again_and_no_other(
    change: Callable[[Path], None], cache: FolderCache[str], parser: Parser, tmp_path: Path
) -> None:
    change(tmp_path / "a.txt")
    assert contents(cache, tmp_path) == {"a.txt": "A.txt", "b.txt": "b.txt"}
    assert parser.parsed == ["a.txt"]


def test_two_writes_within_one_tick_of_the_clock_are_both_seen(tmp_path: Path, parser: Parser) -> None:
    cache, file = FolderCache(".txt", parser), tmp_path / "a.txt"
    for number in range(200):
        file.write_text(f"{number:03}")
        assert contents(cache, tmp_path) == {"a.txt": f"{number:03}"}


def test_whole_seconds_are_trusted_after_two_of_them(tmp_path: Path, parser: Parser) -> None:
    """A file system such as FAT gives a later write the same time."""
    cache, file = FolderCache(".txt", parser), tmp_path / "a.txt"
    file.write_text("a")
    second = time.time_ns() // 10**9 * 10**9
    os.utime(file, ns=(second, second))
    time.sleep(SETTLING_S)
    cache.contents(tmp_path)
    cache.contents(tmp_path)
    assert parser.parsed == ["a.txt"] * 2


@pytest.mark.parametrize("off_ns", [-HOUR_NS, HOUR_NS])
def test_a_file_from_a_computer_with_another_clock_is_parsed_once(
    off_ns: int, tmp_path: Path, parser: Parser
) -> None:
    cache, file = FolderCache(".txt", parser), tmp_path / "a.txt"
    file.write_text("a")
    os.utime(file, ns=(time.time_ns() + off_ns,) * 2)
    time.sleep(SETTLING_S)
    for _ in range(3):
        cache.contents(tmp_path)
    assert parser.parsed == ["a.txt"]


def test_files_come_go_and_are_renamed(cache: FolderCache[str], tmp_path: Path) -> None:
    (tmp_path / "a.txt").unlink()
    (tmp_path / "b.txt").rename(tmp_path / "d.txt")
    (tmp_path / "e.txt").write_text("new")
    assert contents(cache, tmp_path) == {"d.txt": "b.txt", "e.txt": "new"}


def test_a_link_shows_what_it_leads_to(cache: FolderCache[str], tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("one")
    (tmp_path / "link.txt").symlink_to(target)
    (tmp_path / "nowhere.txt").symlink_to(tmp_path / "absent")
    assert contents(cache, tmp_path)["link.txt"] == "one"
    target.write_text("two")
    assert contents(cache, tmp_path)["link.txt"] == "two"
    (tmp_path / "absent").write_text("there now")
    assert contents(cache, tmp_path)["nowhere.txt"] == "there now"


def test_another_folder_is_another_one(cache: FolderCache[str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("elsewhere")
    assert contents(cache, other) == {"a.txt": "elsewhere"}
    assert contents(cache, tmp_path) == {"a.txt": "a.txt", "b.txt": "b.txt"}
    with pytest.raises(FileNotFoundError):
        cache.contents(tmp_path / "absent")


def test_content_that_does_not_last_is_parsed_each_time(tmp_path: Path, parser: Parser) -> None:
    cache = FolderCache(".txt", parser, lambda text: text != "")
    (tmp_path / "a.txt").write_text("")
    time.sleep(SETTLING_S)
    for _ in range(3):
        cache.contents(tmp_path)
    assert parser.parsed == ["a.txt"] * 3


def test_threads_never_see_half_a_folder_or_something_old(tmp_path: Path, parser: Parser) -> None:
    cache = FolderCache(".txt", parser)
    files = [tmp_path / f"{number}.txt" for number in range(10)]
    for file in files:
        file.write_text("0")
    newest, wrong = [0], []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            least = newest[0]
            seen = cache.contents(tmp_path)
            if len(seen) != len(files) or int(seen[0][1] or newest[0]) < least:
                wrong.append(seen)

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    staged = tmp_path / "staged"
    for number in range(1, 100):
        staged.write_text(str(number))
        staged.replace(files[0])
        newest[0] = number
    is_over.set()
    for looker in lookers:
        looker.join()
    assert wrong == []
