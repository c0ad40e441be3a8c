"""A computer out of a JSON file, for whatever plans with a `rvm_core.desktop.machine.Machine`.

The file says ``about`` (where each fact comes from), ``system``, ``architecture``, ``home``, ``environ``,
``files`` (path to text; a byte that is no text, as 0x86, stands as ``\\udc86``), ``folders`` (those that are
empty), ``registry`` (key to names to values), ``commands`` (words to what they print) and ``pythons``
(program to what it answers when it is tried).
"""

from __future__ import annotations

import json
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

from rvm_core.desktop.pythons import TRIAL

MACHINES = Path(__file__).parent / "unit" / "machines"


class RecordedMachine:
    """A `Machine`; `changed` replaces parts of what was recorded, a None takes an entry away."""

    def __init__(self, name: str, **changed: Any) -> None:
        told = json.loads((MACHINES / f"{name}.json").read_text(encoding="utf-8"))
        for part, value in changed.items():
            told[part] = {**told.get(part, {}), **value} if isinstance(value, dict) else value
        self._windows = told["system"] == "Windows"
        self.system: str = told["system"]
        self.architecture: str = told["architecture"]
        self.home = self.path(told["home"])
        self.environ: dict[str, str] = _kept(told.get("environ", {}))
        self._files = {
            self._key(self.path(path)): text.encode("utf-8", "surrogateescape")
            for path, text in _kept(told.get("files", {})).items()
        }
        self._listed: dict[str, set[PurePath]] = {}
        for path in [*_kept(told.get("files", {})), *told.get("folders", [])]:
            self._place(self.path(path), is_folder=path in told.get("folders", []))
        self._registry = {
            key.lower(): {name.lower(): value for name, value in values.items()}
            for key, values in _kept(told.get("registry", {})).items()
        }
        self._registry_names = _kept(told.get("registry", {}))
        self._commands = _kept(told.get("commands", {}))
        for program, answer in _kept(told.get("pythons", {})).items():
            self._commands[" ".join([program, *TRIAL])] = answer

    def _place(self, path: PurePath, *, is_folder: bool) -> None:
        if is_folder:
            self._listed.setdefault(self._key(path), set())
        while path != path.parent:
            self._listed.setdefault(self._key(path.parent), set()).add(path)
            path = path.parent

    def _key(self, path: PurePath) -> str:
        return str(path).lower() if self._windows else str(path)

    def path(self, text: str | PurePath) -> PurePath:
        return PureWindowsPath(text) if self._windows else PurePosixPath(text)

    def read(self, path: PurePath) -> bytes | None:
        return self._files.get(self._key(path))

    def is_file(self, path: PurePath) -> bool:
        return self._key(path) in self._files

    def is_dir(self, path: PurePath) -> bool:
        return self._key(path) in self._listed

    def listed(self, folder: PurePath) -> tuple[PurePath, ...]:
        return tuple(sorted(self._listed.get(self._key(folder), ())))

    def registry(self, key: str, name: str = "") -> str | None:
        return self._registry.get(key.lower(), {}).get(name.lower())

    def registry_keys(self, key: str) -> tuple[str, ...]:
        inside = [
            known[len(key) + 1 :].split("\\")[0]
            for known in self._registry_names
            if known.lower().startswith(f"{key}\\".lower())
        ]
        return tuple(sorted(set(inside)))

    def run(self, *command: str) -> str | None:
        answer: str | None = self._commands.get(" ".join(command))
        return answer


def _kept(entries: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entries.items() if value is not None}
