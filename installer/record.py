"""What an installation made and changed outside its data folder, so that it can be undone exactly.

Everything is written down before it is done: what a killed installer left is found again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from installer import files
from installer.errors import InstallError
from installer.layout import Layout

FORM = 1


@dataclass(frozen=True)
class Edit:
    """A file of OBS that was changed.

    backup: its former bytes, a name in the folder of backups.  before, after: the sha256 of the file.  what:
    ``script`` (an entry in a collection) or ``python`` (the one that OBS loads).  ours: the path that was
    put there.  former: the one that it took the place of, or None.
    """

    file: str
    backup: str
    before: str
    after: str
    what: str
    ours: str
    former: str | None = None


@dataclass
class Record:
    """state: ``installing`` until the last step is done, then ``installed``.  made: links and folders."""

    version: str = ""
    state: str = ""
    obs: dict[str, str] = field(default_factory=dict)
    script: str = ""
    made: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, layout: Layout) -> Record:
        """The record of the data folder, an empty one where there is none.  Raises InstallError."""
        try:
            told: dict[str, Any] = json.loads(layout.record.read_text(encoding="utf-8"))
            form = told.pop("form")
            if form == FORM:
                return cls(**{**told, "edits": [Edit(**edit) for edit in told.get("edits", [])]})
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as cause:
            raise InstallError(
                f"{layout.record} cannot be read: {cause!r}.",
                "Move it away and run this again; what it told of must then be taken out by hand.",
            ) from cause
        raise InstallError(
            f"{layout.record} was written by another version of the installer (form {form}).",
            "Use the newest installer.",
        )

    def save(self, layout: Layout) -> None:
        """Keep it in the data folder.  Raises OSError."""
        layout.data.mkdir(parents=True, exist_ok=True)
        files.write(layout.record, json.dumps({"form": FORM, **asdict(self)}, indent=1).encode())

    def is_made(self, path: Path) -> bool:
        """Whether `path` is there because of us."""
        return str(path) in self.made

    def note_made(self, layout: Layout, path: Path) -> None:
        """Write down that `path` is about to be made, and those of its folders that are not there yet."""
        missing = [folder for folder in path.parents if not folder.exists()]
        for one in [*reversed(missing), path]:
            if not self.is_made(one) and not one.is_relative_to(layout.data):
                self.made.append(str(one))
        self.save(layout)
