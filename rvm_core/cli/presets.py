"""``obs-rvm presets``: the presets that the filter offers, and files of them to give to others."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvm_core import presets
from rvm_core.cli.output import Result, show, tell
from rvm_core.errors import PresetError
from rvm_core.settings import BY_KEY, Kind, Setting, completed


@dataclass(frozen=True)
class Listed:
    """A preset's name, and whether it is built in."""

    name: str
    is_built_in: bool


@dataclass(frozen=True)
class PresetList:
    """What ``presets list`` found.  problems: why files in the presets' folder are not among them."""

    presets: tuple[Listed, ...]
    problems: tuple[str, ...]

    def text(self) -> str:
        """A line for each preset."""
        return "\n".join(f"{'built in' if one.is_built_in else 'own':9} {one.name}" for one in self.presets)


@dataclass(frozen=True)
class Shown:
    """One preset and the values of its settings."""

    name: str
    is_built_in: bool
    values: dict[str, Any]

    def text(self) -> str:
        """A line for each setting that does anything."""
        return "\n".join([self.name, *(f"  {label:26} {value}" for label, value in self._lines())])

    def _lines(self) -> Iterator[tuple[str, str]]:
        beside = completed(self.values)[0]
        for key, value in self.values.items():
            if BY_KEY[key].applies(beside):
                yield BY_KEY[key].label, _in_words(BY_KEY[key], value)


@dataclass(frozen=True)
class Done:
    """What was done with the preset `name`: a clause.

    file: where it lies now, or empty.  left_out: for each value that was not imported or exported, why.
    """

    name: str
    what: str
    file: str = ""
    left_out: tuple[str, ...] = ()

    def text(self) -> str:
        """One line."""
        return f"{self.name}: {self.what}"


def list_presets() -> PresetList:
    """Every preset, in the order in which it is offered."""
    listed = tuple(Listed(name, presets.is_built_in(name)) for name in presets.names())
    return PresetList(listed, tuple(str(problem) for problem in presets.problems()))


def show_preset(name: str) -> Shown:
    """The preset `name`.  Raises PresetError."""
    return Shown(name, presets.is_built_in(name), presets.get(name).complete)


def export_preset(name: str, file: Path, *, overwrite: bool, with_paths: bool) -> Done:
    """Write the preset `name` to `file`; the paths of its files too if `with_paths`.  Raises PresetError."""
    with contextlib.suppress(OSError):  # whoever writes says why
        if file.exists() and not overwrite:
            raise PresetError(f"The file {file} is there already.", "Choose another one, or add --overwrite.")
    exported = presets.export(name, file, with_paths=with_paths)
    left_out = tuple(
        f"{BY_KEY[key].label}: left out, as the path may contain your name. Add --with-paths to include it."
        for key in exported.left_out
    )
    return Done(name, f"written to {exported.file}", str(exported.file), left_out)


def import_preset(file: Path) -> Done:
    """Take in the preset of `file`.  Raises PresetError."""
    wanted = presets.read(file).name
    preset = presets.import_file(file)
    return Done(
        preset.name,
        "imported" if preset.name == wanted else f"imported; there is another “{wanted}”",
        left_out=tuple(map(str, preset.left_out)),
    )


def rename_preset(old: str, new: str) -> Done:
    """Call the user's own preset `old` `new`.  Raises PresetError."""
    return Done(presets.rename(old, new), f"renamed; it was “{old}”")


def delete_preset(name: str) -> Done:
    """Remove the user's own preset `name`.  Raises PresetError."""
    presets.delete(name)
    return Done(name, "deleted")


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    command = commands.add_parser("presets", help="list, show, export, import, rename and delete presets")
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    asked = {}
    for action, places, text in (
        ("list", (), "every preset"),
        ("show", ("NAME",), "what a preset sets"),
        ("export", ("NAME", "FILE"), "write a preset to a file, to be kept or given to others"),
        ("import", ("FILE",), "take in a file; where its name is taken it gets a number"),
        ("rename", ("OLD", "NEW"), "give a preset of your own another name"),
        ("delete", ("NAME",), "remove a preset of your own"),
    ):
        asked[action] = actions.add_parser(action, help=text)
        for place in places:
            asked[action].add_argument(place.lower(), metavar=place, type=_file if place == "FILE" else str)
        asked[action].add_argument("--json", action="store_true", help="as JSON")
    asked["export"].add_argument("--overwrite", action="store_true", help="replace a preset file that exists")
    asked["export"].add_argument(
        "--with-paths", action="store_true", help="include the paths of files, which may contain your name"
    )
    command.set_defaults(run=_run)


def _file(text: str) -> Path:
    """Not every shell knows what ~ is."""
    with contextlib.suppress(RuntimeError):  # ~somebody, who has no home
        return Path(text).expanduser()
    return Path(text)


def _run(options: argparse.Namespace) -> int:
    result = _result(options)
    show(result, as_json=options.json)
    if not options.json:
        for told in _told_beside(result):
            tell(told)
    return 0


def _told_beside(result: Result) -> tuple[str, ...]:
    """What goes to stderr: in JSON it is part of the result."""
    if isinstance(result, PresetList):
        return result.problems
    return result.left_out if isinstance(result, Done) else ()


def _result(options: argparse.Namespace) -> Result:
    if options.action == "list":
        return list_presets()
    if options.action == "show":
        return show_preset(options.name)
    if options.action == "export":
        return export_preset(
            options.name, options.file, overwrite=options.overwrite, with_paths=options.with_paths
        )
    if options.action == "import":
        return import_preset(options.file)
    if options.action == "rename":
        return rename_preset(options.old, options.new)
    return delete_preset(options.name)


def _in_words(setting: Setting, value: Any) -> str:
    if setting.kind is Kind.CHOICE:
        return dict(setting.choices + setting.live_choices)[value]
    if setting.kind is Kind.SWITCH:
        return "yes" if value else "no"
    if setting.kind is Kind.COLOR:
        return f"#{value & 255:02X}{value >> 8 & 255:02X}{value >> 16 & 255:02X}"
    if setting.kind in (Kind.NUMBER, Kind.COUNT):
        return f"{value:g}"
    # a terminal obeys control characters, and others may have written the preset
    return "".join(sign if sign.isprintable() else "�" for sign in str(value))
