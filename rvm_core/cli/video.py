"""``obs-rvm video``: remove, replace or blur the background of video files."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import glob
import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rvm_core import presets
from rvm_core.cli.output import EXIT_FAULT, tell
from rvm_core.errors import PresetError, RvmError, VideoError
from rvm_core.settings import BY_KEY, SCHEMA, Kind, Setting, Settings
from rvm_core.video.formats import CODECS, batch_ending

if TYPE_CHECKING:
    from rvm_core.video import Converted, Progress

EXIT_INCOMPLETE = 3
EXIT_INTERRUPTED = 130
_OWN = ("codec", "crf", "start", "end", "scale", "two_pass", "overwrite")
_EXIT_CODES = (
    "exit codes: 0 all is well; 2 a file could not be converted, nothing was written for it; 3 an input was "
    "damaged or cut off, what could be read was converted; 130 interrupted, nothing was written for the file "
    "at work."
)


def add(commands: Any) -> None:
    """Add the command to argparse's `commands`; the settings' flags come from the schema."""
    command = commands.add_parser(
        "video",
        help="remove, replace or blur the background of video files",
        description="Remove, replace or blur the background of video files. Sound, subtitles, chapters and "
        "metadata come along. The output appears when it is complete.",
        epilog=_EXIT_CODES,
    )
    command.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="a video file")
    command.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUTPUT",
        help="a file: .mp4, .mov, .mkv or .webm; .mov, .mkv and .webm hold alpha. Or a sequence: "
        "folder/%%05d.png. Or a folder, for one file or many",
    )
    command.add_argument(
        "--preset",
        dest="chosen",
        metavar="NAME",
        help="a name of `presets list`: the settings below as it has them; those that are given go first",
    )
    for setting in SCHEMA:
        if not setting.live_only:
            _add_setting(command, setting)
    command.add_argument(
        "--codec",
        choices=["auto", *CODECS],
        default="auto",
        help="of the pictures (default: what the file's ending means)",
    )
    command.add_argument(
        "--crf", type=int, metavar="N", help="quality of h264, h265 and vp9; smaller is better"
    )
    command.add_argument(
        "--start", type=_seconds, default=0.0, metavar="TIME", help="where to begin: seconds, or [HH:]MM:SS"
    )
    command.add_argument("--end", type=_seconds, metavar="TIME", help="where to end, in the input's time")
    command.add_argument("--scale", metavar="SIZE", help="1280x720, x720, 1280x or 0.5")
    command.add_argument(
        "--two-pass",
        action="store_true",
        help="look at the start of each shot from its back first: its first pictures are then as good as "
        "the rest",
    )
    command.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    command.add_argument("--json", action="store_true", help="print one JSON object a file, each on its line")
    command.set_defaults(run=_run)


def _add_setting(command: argparse.ArgumentParser, setting: Setting) -> None:
    text = setting.file_help or setting.help
    if setting.modes:
        text += f" Modes: {', '.join(setting.modes)}."
    options: dict[str, Any] = {"metavar": "PATH"}
    if setting.kind is Kind.CHOICE:
        options = {"choices": [value for value, _ in setting.choices]}
    elif setting.kind in (Kind.NUMBER, Kind.COUNT):
        number = float if setting.kind is Kind.NUMBER else int
        options = {"type": number, "metavar": f"{setting.low:g}..{setting.high:g}"}
    elif setting.kind is Kind.COLOR:
        options = {"type": _color, "metavar": "#RRGGBB"}
    elif setting.kind is Kind.SWITCH:
        options = {"action": argparse.BooleanOptionalAction}
    flag = "--" + setting.key.replace("_", "-")
    command.add_argument(
        flag, dest=setting.key, default=argparse.SUPPRESS, help=text.replace("%", "%%"), **options
    )


def _color(text: str) -> int:
    """OBS's 0xAABBGGRR of #RRGGBB."""
    digits = text.removeprefix("#")
    if len(digits) != 6:
        raise argparse.ArgumentTypeError(f"{text!r} is no colour; give one as #00FF00")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no colour; give one as #00FF00") from None
    return 0xFF000000 | blue << 16 | green << 8 | red


def _seconds(text: str) -> float:
    """Seconds of ``90``, ``1:30`` or ``0:01:30.5``."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or any(not 0 <= part < 1e9 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is no time; give one as 90, 1:30 or 0:01:30.5")
    return sum(part * 60.0**place for place, part in enumerate(reversed(parts)))


@dataclass(frozen=True)
class Failed:
    """A file that could not be converted."""

    input: str
    output: str
    error: str
    remedy: str


def _run(options: argparse.Namespace) -> int:
    values = {
        setting.key: getattr(options, setting.key) for setting in SCHEMA if hasattr(options, setting.key)
    }
    if options.chosen is not None:
        values = _with_preset(options.chosen, values)
    own = {name: getattr(options, name) for name in _OWN}
    inputs = [path for given in options.inputs for path in _expanded(given)]
    outputs = _outputs(inputs, options.output, options.codec, values)
    # SIGTERM as Ctrl-C: what was begun is removed
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    codes = [0]
    try:
        for result in _convert(inputs, outputs, {**values, **own}):
            _show(result, as_json=options.json)
            if isinstance(result, Failed):
                codes.append(EXIT_FAULT)
            elif not result.is_complete:
                codes.append(EXIT_INCOMPLETE)
    except KeyboardInterrupt:
        tell("interrupted; nothing was written for the file at work.")
        return EXIT_INTERRUPTED
    return EXIT_FAULT if EXIT_FAULT in codes else max(codes)


def _with_preset(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """`given`, and for the other settings that mean something for files what the preset `name` has.

    Raises PresetError, also for a choice of the preset that files do not have.
    """
    preset = presets.get(name)
    for problem in preset.left_out:
        tell(str(problem))
    held = preset.complete
    values = {key: value for key, value in held.items() if not BY_KEY[key].live_only} | dict(given)
    for key, value in values.items():
        if value in dict(BY_KEY[key].live_choices):
            choices = ", ".join(choice for choice, _ in BY_KEY[key].choices)
            flag = "--" + key.replace("_", "-")
            raise PresetError(
                f"The preset “{name}” is for live pictures only: its {flag} is {value}.",
                f"Choose another one, or add {flag} with one of: {choices}.",
            )
    return values


def _expanded(path: Path) -> Sequence[Path]:
    """What a pattern such as *.mp4 names where the shell left it so; a file of that very name goes first."""
    if path.exists() or not glob.has_magic(path.name):
        return [path]
    return sorted(path.parent.glob(path.name)) or [path]


def _outputs(inputs: Sequence[Path], output: str, codec: str, values: Mapping[str, Any]) -> Sequence[Path]:
    """Where each input goes: to `output` itself, or into it where it is a folder.  Raises VideoError."""
    place = Path(output).expanduser()
    is_folder = len(inputs) > 1 or output.endswith(("/", "\\")) or place.is_dir() or not place.suffix
    if not is_folder:
        return [place]
    if place.suffix and not place.is_dir() and len(inputs) > 1:
        raise VideoError(f"{place} is one file, for {len(inputs)} inputs.", "Name a folder.")
    ending = batch_ending(codec, has_alpha=Settings.for_file(values).has_alpha)
    outputs = [place / (path.stem + ending) for path in inputs]
    doubles = {path for path in outputs if outputs.count(path) > 1}
    if doubles:
        raise VideoError(
            f"Several inputs would become {sorted(doubles)[0]}.", "Convert them one by one, or rename them."
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise VideoError(
            f"The folder {place} cannot be made ({fault.strerror}).", "Name a folder that you may write to."
        ) from fault
    return outputs


def _convert(
    inputs: Sequence[Path], outputs: Sequence[Path], options: Mapping[str, Any]
) -> Iterator[Converted | Failed]:
    """Each file in turn; one that fails does not keep the others back."""
    from rvm_core.video import replace_background

    for path, output in zip(inputs, outputs, strict=True):
        result: Converted | Failed
        with _Bar(path.name) if sys.stderr.isatty() else contextlib.nullcontext() as bar:
            try:
                result = replace_background(path, output, progress=bar, **options)
            except RvmError as fault:
                result = Failed(str(path), str(output), fault.problem, fault.remedy)
        yield result


def _show(result: Converted | Failed, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(dataclasses.asdict(result)), flush=True)
    if isinstance(result, Failed):
        tell(f"{result.error} {result.remedy}")
        return
    for warning in result.warnings:
        tell(f"warning: {warning}")
    if not as_json:
        print(
            f"{result.output}: {result.frames} frames in {result.elapsed_s:.1f} s ({result.fps:.1f} fps, "
            f"{result.speed:.2f} x real time), {result.matte_ms:.1f} ms a matte, {result.model} on "
            f"{result.provider}, {result.level}",
            flush=True,
        )


class _Bar:
    """A line on the terminal that says how far a file is; it is gone after the ``with`` block."""

    _WIDTH = 24

    def __init__(self, name: str, write: Callable[[str], object] | None = None) -> None:
        self._name = name
        self._write = write or sys.stderr.write

    def __call__(self, progress: Progress) -> None:
        share = min(progress.frames / progress.expected, 1.0) if progress.expected else 0.0
        bar = "#" * round(share * self._WIDTH)
        left = "?" if progress.eta_s is None else _clock(progress.eta_s)
        self._write(
            f"\r\x1b[K{self._name[:30]} [{bar:{self._WIDTH}}] {share:4.0%} {progress.frames} frames, "
            f"{progress.fps:.1f} fps, {progress.speed:.2f} x, {left} left"
        )
        sys.stderr.flush()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_fault: object) -> None:
        self._write("\r\x1b[K")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
