"""``cut_off.py TRACE MOMENT ARGUMENTS``: install.py, which is killed at a change that it makes on the disk.

MOMENT: the number of the change, or what its line says; one that does not come lets it go to its end.
A file that is written is empty then, any other change has not happened yet.  TRACE: a file for the lines; its
last is that of the change.  Run by test_killed.py, in a process of its own.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

PROJECT = Path(__file__).resolve().parents[2]
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def main(trace: str, moment: str, *arguments: str) -> int:
    """Returns install.py's exit code, if it gets that far."""
    sys.path[0] = str(PROJECT)
    from installer import install
    from installer.steps import environment, obs, removal

    os.geteuid = lambda: 1000  # root's link would lie outside the home folder
    for step in (environment, obs, removal):
        step.running_obs = lambda _: ()  # the OBS of another test is no reason to stop
    told = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    home, number = str(Path.home()), 0

    def hook(event: str, details: tuple[object, ...]) -> None:
        nonlocal number
        if not changes(event, details, home):
            return
        line = f"{event} {details[0]}"
        os.write(told, f"{line}\n".encode())
        is_moment = number == int(moment) if moment.isdecimal() else moment in line
        if is_moment and event == "open":
            sys.setprofile(kill_outside)
        elif is_moment:
            os.kill(os.getpid(), signal.SIGKILL)
        number += 1

    sys.addaudithook(hook)
    return install.main(arguments)


def kill_outside(frame: FrameType, *_: object) -> None:
    """At the first thing that Python does when it is back from here."""
    if frame.f_code.co_filename != __file__:
        os.kill(os.getpid(), signal.SIGKILL)


def changes(event: str, details: tuple[object, ...], home: str) -> bool:
    """Whether what Python is about to do will change something in the folder `home`."""
    if event.partition(".")[0] not in ("open", "os", "subprocess") or not details:
        return False
    path = str(details[0])
    if event == "open":
        is_write = isinstance(details[2], int) and bool(details[2] & WRITES)
        return is_write and path.startswith(home) and not path.endswith("install.log")
    if event == "subprocess.Popen":
        return home in str(details[1])
    if event == "os.mkdir":
        return not os.path.lexists(path)
    if event == "os.remove":  # a name alone, where it is removed from an open folder
        return details[1] != -1 or os.path.lexists(path)
    return event in ("os.rename", "os.symlink", "os.rmdir")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
