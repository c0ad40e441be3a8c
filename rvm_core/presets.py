"""Presets: named sets of settings, those that are built in and the user's own, one file each.

Nothing of OBS is known here.  Any thread, any process: files appear whole or not at all, and a file that
cannot be used is left as it is, with its reason in :func:`problems`.  The user's own are read again only when
a file has changed, so they can be looked up on OBS's UI thread.  No heavy import here.

Preset files come from other people too, and nothing marks those that do.  So every preset takes only paths
of files on this computer (:mod:`rvm_core.local_paths`), however it was chosen; `Preset.left_out` says what
was not taken.  :func:`import_file` also leaves out files that do not exist, and the choice to show the room.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
import reprlib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from rvm_core import atomic_write, local_paths, paths
from rvm_core.errors import PresetError, SettingsError
from rvm_core.folder_cache import FolderCache
from rvm_core.settings import BY_KEY, SCHEMA, UNTIL_READY_KEY, Kind, Role, Setting, completed

SCHEMA_VERSION = 1
LONGEST_NAME = 60
"""Characters in a name."""
MOST_BYTES = 1 << 16
"""In a preset's file, which holds some 2 KiB."""
MOST_SHOWN = 120
"""Characters of a path or an unknown name that are shown to people."""

_KIND = "obs-rvm preset"
_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.SWITCH: (bool,),
    Kind.NUMBER: (int, float),
    Kind.COUNT: (int,),
    Kind.COLOR: (int,),
}
# Control characters, halves of characters, and what breaks a line.
_UNWRITABLE = ("Cc", "Cs", "Zl", "Zp")
_OTHER_FILE = "Choose a file that was exported as a preset."
_OTHER_PLACE = "Choose a folder that you may write to, or make room on the disk."


@dataclass(frozen=True)
class Preset:
    """A name and the values of all settings that presets say (:class:`rvm_core.schema.Role`).

    Those that are built in say nothing of ``Role.CONTENT``; a file of an older version may lack newer keys.
    left_out: values of its file that were not taken, one error each.
    """

    name: str
    values: Mapping[str, Any]
    left_out: tuple[PresetError, ...] = field(default=(), compare=False)

    @property
    def complete(self) -> dict[str, Any]:
        """What it sets: its values, and the schema's default for every ``Role.LOOK`` that it lacks."""
        return {**_LOOK, **self.values}


_LOOK: Mapping[str, Any] = {setting.key: setting.default for setting in SCHEMA if setting.role is Role.LOOK}


def _built_in(name: str, **values: Any) -> Preset:
    return Preset(name, {**_LOOK, **values})


BUILT_IN: tuple[Preset, ...] = (
    # Small, over a picture that moves and is often dark: a pale rim of the room would flicker there.
    _built_in("Facecam over game", spill_removal=0.3, edge_contrast=0.15),
    # As a fast lens: a face stands out, the room is still a room.  It is the same room on both sides of the
    # edge, so nothing needs to be taken out of it; feathered outward, loose hair does not end in a seam.
    _built_in(
        "Just chatting (blur)", mode="blur", blur_strength=0.55, bokeh_highlights=0.4, edge_feather_px=2.0
    ),
    # What betrays a virtual set is the real room's light in hair and shoulders, and none of the new one's.
    _built_in("Virtual set", mode="image", spill_removal=0.5, light_wrap=0.35, edge_shift_px=-0.5),
    # A single person that fills the picture, seen for long: the finest level whatever it costs, edges as the
    # network found them, and only a light blur, beside which the last strand of hair may stay soft.
    _built_in(
        "Interview (finest edges)", mode="blur", blur_strength=0.3, bokeh_highlights=0.2, quality="fine"
    ),
    # The screen's green shines back from everything near it: taken out strongly, and the outermost pixel,
    # where camera and codec mix both colours, cut off.  Lit well, edges are sure, so they can be harder.
    _built_in("Green screen out", spill_removal=0.9, edge_contrast=0.25, edge_shift_px=-1.0),
    # The smallest network, and nothing that the processor has to draw.
    _built_in("Weak computer", model="mediapipe_selfie", quality="fast"),
)
"""In the order in which they are offered; names, once released, never change."""

_BUILT_IN: Mapping[str, Preset] = {preset.name: preset for preset in BUILT_IN}


def names() -> list[str]:
    """Every preset that can be had: those that are built in, then the user's own by name."""
    return [*_BUILT_IN, *sorted(_own().presets, key=lambda name: (name.casefold(), name))]


def problems() -> list[PresetError]:
    """Why files in the presets' folder are not among :func:`names`, and what others of them left out."""
    own = _own()
    return [*own.problems, *(problem for _, preset in own.presets.values() for problem in preset.left_out)]


def is_built_in(name: str) -> bool:
    """Whether `name` is one that cannot be changed."""
    return name in _BUILT_IN


def get(name: str) -> Preset:
    """The preset `name`.  Raises PresetError where there is none, or its file cannot be read."""
    if is_built_in(name):
        return _BUILT_IN[name]
    return _found(name)[1]


def changes(preset: Preset, current: Mapping[str, Any]) -> dict[str, Any]:
    """What must be set so that a filter's values `current` become the preset's; only what differs.

    Keys that `current` lacks, and bad values, count as defaults, as they do for the filter.
    """
    held = completed(current)[0]
    return {key: value for key, value in preset.complete.items() if held[key] != value}


def is_changed(name: str, current: Mapping[str, Any]) -> bool:
    """Whether `current` is no longer what the preset `name` says.  Raises PresetError where it is gone."""
    return bool(changes(get(name), current))


def save(name: str, values: Mapping[str, Any]) -> Preset:
    """Keep what presets hold of a filter's `values` under `name`; the preset as it was kept.

    A preset of the user's own of that name gets these values.  Raises PresetError.
    """
    name = _own_name(name)
    own = _own().presets.get(name)
    path = own[0] if own is not None else _place(name)
    if own is None:
        with contextlib.suppress(OSError):
            if path.stat().st_size:
                read(path)  # a file that only another version can read must not be lost
    held = completed(values)[0]
    text = _text(Preset(name, {s.key: held[s.key] for s in SCHEMA if s.role is not Role.APART}))
    # what is written can be read again
    kept = _parsed(text.encode(errors="surrogatepass"), f"The preset “{name}”")
    _put(_text(kept), path)
    return kept


def rename(old: str, new: str) -> str:
    """Call a preset of the user's own `new`; the name as it was kept.  Raises PresetError."""
    path = _path_of(old)
    new = _own_name(new)
    if new == old:
        return new
    values = read(path).values
    if new in _own().presets or not _put_new(Preset(new, values)):
        raise PresetError(f"There is a preset “{new}” already.", "Use another name.")
    _unlink(path)
    return new


def delete(name: str) -> None:
    """Remove a preset of the user's own.  Raises PresetError."""
    _unlink(_path_of(name))


class Exported(NamedTuple):
    """Where a preset was written to, and the keys of the settings whose paths it does not carry."""

    file: Path
    left_out: tuple[str, ...]


def export(name: str, path: str | Path, *, with_paths: bool = False) -> Exported:
    """Write the preset `name` to a file, which may be one of a preset already.

    The names of folders tell who somebody is, and mean nothing on other computers: paths are left out unless
    `with_paths`.  Raises PresetError, also where another kind of file would be lost.
    """
    values = get(name).values
    left_out = () if with_paths else tuple(key for key in values if _is_path(key, values[key]))
    text = _text(Preset(name, {key: value for key, value in values.items() if key not in left_out}))
    place = _given(path)
    if _is_there(place):
        try:
            read(place)
        except PresetError as cause:
            raise PresetError(f"The file {place} is there already and is no preset.", _OTHER_FILE) from cause
    _put(text, place)
    return Exported(place, left_out)


def import_file(path: str | Path) -> Preset:
    """Take in the preset of a file, and return it as it is here.

    Its name has a number where its own is taken.  Files that do not exist on this computer are left out, and
    so is the choice to show the room until there is a matte, which only the user may make.
    Raises PresetError; then nothing has changed.
    """
    given = _of_others(read(_given(path)))
    taken = _own().presets
    for name in _numbered(_own_name(given.name)):
        preset = replace(given, name=name)
        if name not in taken and _put_new(preset):
            return preset
    raise AssertionError  # there is always another number


def read(path: Path) -> Preset:
    """The preset in the file `path`, wherever it lies, also one that is built in.  Raises PresetError."""
    what = f"The preset file {path}"
    try:
        if path.exists() and not path.is_file():  # a pipe would never end
            raise PresetError(f"{path} is no file.", _OTHER_FILE)
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else cause
        raise PresetError(f"{what} cannot be read ({why}).", _OTHER_FILE) from cause
    return _parsed(content, what)


def _parsed(content: bytes, what: str) -> Preset:
    if len(content) > MOST_BYTES:
        raise PresetError(f"{what} is too large to be one.", _OTHER_FILE)
    try:
        document = json.loads(content.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError) as cause:
        raise PresetError(f"{what} is damaged, or no JSON text.", _OTHER_FILE) from cause
    if not isinstance(document, dict) or document.get("kind") != _KIND:
        raise PresetError(f"{what} holds something else than a preset.", _OTHER_FILE)
    version = document.get("schema")
    if type(version) is int and version > SCHEMA_VERSION:
        raise PresetError(f"{what} was made by a newer version of obs-rvm.", "Update obs-rvm.")
    name, values = document.get("name"), document.get("values")
    if version != SCHEMA_VERSION or not isinstance(name, str) or not isinstance(values, dict):
        raise PresetError(f"{what} lacks a part.", _OTHER_FILE)
    try:
        preset = Preset(kept_name(name), {key: _checked(key, value) for key, value in values.items()})
    except PresetError as cause:
        raise PresetError(f"{what}: {cause.problem}", cause.remedy) from cause
    elsewhere = {
        key: PresetError(
            f"The preset “{preset.name}” leaves out {_shortened(value)}: it is not a file on this computer.",
            "Choose a file on this computer. A network share needs a drive letter or a folder first.",
        )
        for key, value in preset.values.items()
        if _is_path(key, value) and not local_paths.names_local_file(value)
    }
    return _without(preset, elsewhere)


def _of_others(preset: Preset) -> Preset:
    """`preset`, which somebody else may have made, without what must not be taken from others."""
    unwanted = {
        key: PresetError(
            f"The preset “{preset.name}” leaves out {_shortened(value)}: there is no such file.",
            "Choose another file.",
        )
        for key, value in preset.values.items()
        if _is_path(key, value) and not local_paths.is_local_file(value)
    }
    if preset.values.get(UNTIL_READY_KEY) == "show":
        unwanted[UNTIL_READY_KEY] = PresetError(
            f"The preset “{preset.name}” leaves out “Show the room”: viewers would see your background while "
            "there is no matte.",
            "Choose it yourself if you want that.",
        )
    return _without(preset, unwanted)


def _is_path(key: str, value: Any) -> bool:
    return BY_KEY[key].kind is Kind.PATH and value != ""


def _without(preset: Preset, left_out: Mapping[str, PresetError]) -> Preset:
    values = {key: value for key, value in preset.values.items() if key not in left_out}
    return Preset(preset.name, values, (*preset.left_out, *left_out.values()))


def _shortened(text: str) -> str:
    """`text` for people: of a length that can be read, and nothing that a terminal or a log would obey."""
    whole = "".join(sign if sign.isprintable() else "�" for sign in text[: MOST_SHOWN + 1])
    return whole if len(whole) <= MOST_SHOWN else f"{whole[:MOST_SHOWN]}…"


def kept_name(name: str) -> str:
    """`name` as it is kept: composed, without blanks around it.  Raises PresetError."""
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept:
        raise PresetError("The preset has no name.", "Give it one.")
    if len(kept) > LONGEST_NAME:
        raise PresetError(
            f"A preset's name cannot have {len(kept)} characters.", f"Use {LONGEST_NAME} or fewer."
        )
    if any(unicodedata.category(sign) in _UNWRITABLE for sign in kept):
        raise PresetError(f"A preset's name cannot be {kept!r}.", "Use signs that can be seen, in one line.")
    return kept


def _own_name(name: str) -> str:
    """`name` as it is kept for one of the user's own.  Raises PresetError."""
    kept = kept_name(name)
    if kept.casefold() in (built_in.casefold() for built_in in _BUILT_IN):
        raise PresetError(f"The preset “{kept}” is built in and stays as it is.", "Use another name.")
    return kept


def _checked(key: str, value: Any) -> Any:
    """The value that a file gives the setting `key`.  Raises PresetError."""
    setting = BY_KEY.get(key)
    if setting is None or setting.role is Role.APART:
        raise PresetError(f"This version knows no {reprlib.repr(key)} of presets.", "Update obs-rvm.")
    try:
        coerced = _coerced(setting, value)
    except SettingsError as cause:
        raise PresetError(f"{key} cannot be {reprlib.repr(value)}.", cause.remedy) from cause
    return coerced


def _coerced(setting: Setting, value: Any) -> Any:
    """`value` where it is right as it stands.  Raises SettingsError."""
    types = _TYPES.get(setting.kind, (str,))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise SettingsError(
            f"{setting.key} is of another type.", f"Use a {setting.kind.value}, such as {setting.default!r}."
        )
    coerced = setting.coerce(value)
    if coerced != value:
        low, high = (0, 0xFFFFFFFF) if setting.kind is Kind.COLOR else (setting.low, setting.high)
        raise SettingsError(f"{setting.key} is out of range.", f"Use {low:.10g} to {high:.10g}.")
    if isinstance(value, str) and any(sign == "\0" or unicodedata.category(sign) == "Cs" for sign in value):
        raise SettingsError(f"{setting.key} is no text.", "Leave out the signs that cannot be written.")
    return coerced


class _Own(NamedTuple):
    """The user's own presets by name, each with its file, and what is wrong with other files."""

    presets: Mapping[str, tuple[Path, Preset]]
    problems: Sequence[PresetError]


class _Unusable(NamedTuple):
    problem: PresetError
    lasts: bool
    """Until the file changes; one that could not be opened may be readable the next moment."""


def _own_or_unusable(file: Path) -> Preset | _Unusable:
    try:
        preset = read(file)
        return replace(preset, name=_own_name(preset.name))
    except PresetError as found:
        # without its traceback, which holds the file's content
        return _Unusable(PresetError(found.problem, found.remedy), not isinstance(found.__cause__, OSError))


_files: FolderCache[Preset | _Unusable] = FolderCache(
    ".json", _own_or_unusable, lambda content: not isinstance(content, _Unusable) or content.lasts
)


def _own() -> _Own:
    folder = paths.presets_dir()
    try:
        files = _files.contents(folder)
    except FileNotFoundError:
        return _Own({}, ())
    except OSError as cause:
        problem = PresetError(f"The folder {folder} cannot be read ({cause.strerror}).", _OTHER_PLACE)
        return _Own({}, (problem,))
    found: dict[str, tuple[Path, Preset]] = {}
    problems: list[PresetError] = []
    for file, content in files:
        if isinstance(content, _Unusable):
            problems.append(content.problem)
            continue
        first = found.setdefault(content.name, (file, content))[0]
        if first != file:  # copied by hand
            problems.append(
                PresetError(f"The files {first} and {file} are both “{content.name}”.", "Remove one of them.")
            )
    return _Own(found, problems)


def _path_of(name: str) -> Path:
    """The file of a preset of the user's own.  Raises PresetError."""
    if is_built_in(name):
        raise PresetError(f"The preset “{name}” is built in and stays as it is.", "Choose one of your own.")
    return _found(name)[0]


def _found(name: str) -> tuple[Path, Preset]:
    """A preset of the user's own with its file.  Raises PresetError."""
    own = _own().presets.get(name)
    if own is not None:
        return own
    if _is_there(_place(name)):
        read(_place(name))  # which says what is wrong with it
    raise PresetError(f"There is no preset “{_shortened(name)}”.", "Choose another one, or import it.")


def _place(name: str) -> Path:
    """Where a new preset goes: readable for people, with a digest that makes each name another file."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_NAME].strip("-") or "own"  # one sign may be several
    digest = hashlib.sha256(name.encode(errors="replace")).hexdigest()[:12]
    return paths.presets_dir() / f"{slug}-{digest}.json"


def _numbered(name: str) -> Iterator[str]:
    """`name`, and then with (2), (3) and so on."""
    yield name
    for number in itertools.count(2):
        ending = f" ({number})"
        yield name[: LONGEST_NAME - len(ending)].rstrip() + ending


def _given(path: str | Path) -> Path:
    if not str(path).strip():
        raise PresetError("No preset file is chosen.", "Choose one.")
    with contextlib.suppress(RuntimeError):  # ~somebody, who has no home
        path = Path(path).expanduser()
    return Path(path).absolute()


def _is_there(path: Path) -> bool:
    """Whether there is such a file, or nobody may know."""
    try:
        return path.exists()
    except OSError:
        return True


def _text(preset: Preset) -> str:
    values = {setting.key: preset.values[setting.key] for setting in SCHEMA if setting.key in preset.values}
    document = {"schema": SCHEMA_VERSION, "kind": _KIND, "name": preset.name, "values": values}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _put_new(preset: Preset) -> bool:
    """Write a new file of the user's own; False where another process was first."""
    path = _place(preset.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
    except OSError as cause:
        raise PresetError(f"The file {path} cannot be written ({cause.strerror}).", _OTHER_PLACE) from cause
    try:
        _put(_text(preset), path)
    except PresetError:
        path.unlink(missing_ok=True)
        raise
    return True


def _put(text: str, path: Path) -> None:
    """Write `text` beside `path` and rename it.  Raises PresetError; then `path` is as it was."""
    try:
        content = text.encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write.write(path, content)
    except (OSError, ValueError) as cause:
        why = cause.strerror if isinstance(cause, OSError) else cause
        raise PresetError(f"The file {path} cannot be written ({why}).", _OTHER_PLACE) from cause


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except OSError as cause:
        raise PresetError(
            f"The file {path} cannot be removed ({cause.strerror}).", "Remove it by hand."
        ) from cause
