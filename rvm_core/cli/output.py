"""What the commands share of printing."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any, Protocol

EXIT_FAULT = 2


class Result(Protocol):
    """A frozen dataclass that can say itself in plain words."""

    def text(self) -> str:
        """For people."""


def show(result: Result, *, as_json: bool = False) -> None:
    """Print `result` on stdout."""
    fields: Any = result
    print(json.dumps(dataclasses.asdict(fields), indent=2) if as_json else result.text())


def tell(text: str) -> None:
    """One line on stderr."""
    print("obs-rvm: " + " ".join(text.split()), file=sys.stderr)
