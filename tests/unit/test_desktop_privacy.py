"""Texts to show to others: paths stay readable, names do not."""

from __future__ import annotations

import pytest

from rvm_core.desktop.privacy import private
from tests.recorded import RecordedMachine


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("File '/home/streamer/obs-rvm/a.py'", "File '~/obs-rvm/a.py'"),
        ("/home/streamer", "~"),
        ("HOME=/home/streamer:/home/streamer/bin", "HOME=~:~/bin"),
        ("/home/streamer2/x /home/streamer.old", "/home/streamer2/x /home/streamer.old"),
        ("/media/streamer/disk and /mnt/home/streamer/x", "/media/USER/disk and /mnt/home/USER/x"),
        ("a streamer streams /opt/streamers", "a streamer streams /opt/streamers"),
        ("/Home/Streamer", "/Home/Streamer"),
    ],
)
def test_on_linux(text: str, shown: str) -> None:
    assert private(text, RecordedMachine("logs_linux")) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"C:\Users\streamer\AppData", r"~\AppData"),
        ("c:/users/Streamer/AppData", "~/AppData"),
        (r'{"path":"C:\\Users\\streamer\\x.py"}', r'{"path":"~\\x.py"}'),
        (r"D:\Users\streamer\x and E:/STREAMER/y", r"D:\Users\USER\x and E:/USER/y"),
        (r"C:\Users\STREAM~1\AppData\Local\Temp", r"C:\Users\USER\AppData\Local\Temp"),
        (r"C:\Users\streamer-2\x", r"C:\Users\streamer-2\x"),
    ],
)
def test_on_windows(text: str, shown: str) -> None:
    assert private(text, RecordedMachine("logs_windows")) == shown


def test_the_name_of_the_account_may_differ_from_the_folder() -> None:
    machine = RecordedMachine("logs_windows", environ={"USERNAME": "Live Streamer"})
    assert private("D:/Live Streamer/x", machine) == "D:/USER/x"


def test_without_a_home_nothing_but_names_goes() -> None:
    machine = RecordedMachine("logs_linux", home="/", environ={"USER": "streamer"})
    assert private("/usr/lib /home/streamer/x", machine) == "/usr/lib /home/USER/x"
    nobody = RecordedMachine("logs_linux", home="/", environ={"USER": None})
    assert private("/usr/lib/ /home/streamer/x", nobody) == "/usr/lib/ /home/streamer/x"
