"""Text that a user can show to others: no name of theirs in its paths."""

from __future__ import annotations

import re

from rvm_core.desktop.machine import Machine

SLASHES = r"[/\\]+"
USER = "USER"
USER_VARIABLES = ("USER", "LOGNAME", "USERNAME")


def private(text: str, machine: Machine) -> str:
    """`text` with ``~`` for the home folder, and USER for the user's name in other paths.

    Slashes may be of either kind, doubled as in JSON too; on Windows cases do not count, and the short form
    of a name (``STREAM~1``) is one too.
    """
    flags = re.IGNORECASE if machine.system == "Windows" else re.RegexFlag(0)
    drive, *parts = (re.escape(part.rstrip("/\\")) for part in machine.home.parts)
    if parts:
        home = SLASHES.join([drive, *parts])
        text = re.sub(rf"(?<![\w.-]){home}(?![\w.-])", "~", text, flags=flags)
    names = {machine.home.name, *(machine.environ.get(variable, "") for variable in USER_VARIABLES)} - {""}
    forms = [form for name in sorted(names) for form in (re.escape(name), re.escape(name[:6]) + r"~\d")]
    if forms:
        text = re.sub(rf"(?<=[/\\])(?:{'|'.join(forms)})(?![\w.-])", USER, text, flags=flags)
    return text
