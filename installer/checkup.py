"""After the last step: everything is there; does it work?"""

from __future__ import annotations

from installer.errors import CommandFailed
from installer.layout import package_command
from installer.steps import Workshop


def tell(workshop: Workshop) -> None:
    """Say in a line what the doctor finds; it repairs nothing, and ends no installation."""
    words = [*package_command(workshop.layout), "doctor", "--quick"]
    try:
        tail = workshop.run(words, workshop.layout.child_environment())
    except CommandFailed as failure:  # its code says that something is wrong
        tail = list(failure.tail)
    workshop.console.line(f"Check-up: {tail[-1] if tail else 'the doctor says nothing.'}")
