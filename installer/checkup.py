"""After the last step: everything is there; does it work?"""

from __future__ import annotations

from installer.errors import CommandFailed
from installer.layout import package_command
from installer.steps import Workshop


def tell(workshop: Workshop) -> None:
    """Say what the doctor finds; it repairs nothing, and ends no installation."""
    workshop.console.line("Check-up")
    words = [*package_command(workshop.layout), "doctor", "--quick"]
    try:
        tail = workshop.run(words, workshop.layout.child_environment())
    except CommandFailed as failure:
        tail = list(failure.tail)
    for line in tail:
        workshop.console.detail(line)
